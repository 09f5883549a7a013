//! Asterisk's own way of placing a call, as AMI Originate and call files have it.

use std::ptr;

use super::request::Formats;
use crate::ast::text::c_string;
use crate::sys;

/// Places a call and runs the dialplan on it, on this thread, until it is over.
/// False if it was not answered.
pub fn originate(tech: &str, address: &str, context: &str, exten: &str, timeout_ms: i32) -> bool {
    let codecs = (tech != "PJSIP").then_some("slin");
    let Some(formats) = Formats::new(codecs) else { return false };
    let (tech, address) = (c_string(tech), c_string(address));
    let (context, exten) = (c_string(context), c_string(exten));
    // SAFETY: all strings and the formats outlive the call, which takes copies and
    // references of its own; null is "none" for everything else.
    let failed = unsafe {
        sys::ast_pbx_outgoing_exten(
            tech.as_ptr(),
            formats.0,
            address.as_ptr(),
            timeout_ms,
            context.as_ptr(),
            exten.as_ptr(),
            1,
            ptr::null_mut(),
            sys::AST_OUTGOING_WAIT_COMPLETE as i32,
            ptr::null(),
            ptr::null(),
            ptr::null_mut(),
            ptr::null(),
            ptr::null_mut(),
            0,
            ptr::null(),
        )
    };
    failed == 0
}
