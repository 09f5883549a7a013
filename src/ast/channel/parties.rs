//! Who calls: caller id and connected line.

use std::ffi::{c_char, CString};
use std::mem::MaybeUninit;

use super::leg::Leg;
use crate::ast::text::{self, c_string};
use crate::sys;

/// A caller's number and name, either of which may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallerId {
    pub number: String,
    pub name: String,
}

/// As long as a name or number may be in Asterisk's own originating code.
const PART_BYTES: usize = 256;

/// Takes `"Sales" <5551234>`, `Sales <5551234>` or `5551234` apart as Asterisk
/// does, with the number freed of what only makes it readable.
pub fn parse_callerid(text: &str) -> CallerId {
    let text = c_string(text);
    let mut name: [c_char; PART_BYTES] = [0; PART_BYTES];
    let mut number: [c_char; PART_BYTES] = [0; PART_BYTES];
    // SAFETY: the buffers are as long as said, and end up NUL-terminated.
    unsafe {
        sys::ast_callerid_split(
            text.as_ptr(),
            name.as_mut_ptr(),
            PART_BYTES as i32,
            number.as_mut_ptr(),
            PART_BYTES as i32,
        );
    }
    CallerId {
        // SAFETY: NUL-terminated by the call.
        number: unsafe { text::copy(number.as_ptr()) },
        // SAFETY: as above.
        name: unsafe { text::copy(name.as_ptr()) },
    }
}

impl Leg {
    /// Sets the caller that the called party sees, and that the dialplan finds
    /// in CALLERID once the call is answered. An empty part is left as it is.
    pub fn set_caller_id(&self, number: &str, name: &str) {
        if number.is_empty() && name.is_empty() {
            return;
        }
        let number = (!number.is_empty()).then(|| c_string(number));
        let name = (!name.is_empty()).then(|| c_string(name));
        let pointer =
            |text: &Option<CString>| text.as_ref().map_or(std::ptr::null(), |text| text.as_ptr());
        // SAFETY: null leaves a part alone; the strings are copied. The call
        // takes the channel's lock.
        unsafe {
            sys::ast_set_callerid(self.raw(), pointer(&number), pointer(&name), pointer(&number));
        }
        self.set_connected_line(number, name);
    }

    /// Channel technologies take the calling party from the connected line.
    fn set_connected_line(&self, number: Option<CString>, name: Option<CString>) {
        // SAFETY: a C structure of integers and pointers, valid when zero.
        let mut line: sys::ast_party_connected_line =
            unsafe { MaybeUninit::zeroed().assume_init() };
        {
            let channel = self.lock();
            // SAFETY: the channel is locked while its line is read.
            let current = unsafe { sys::ast_channel_connected(channel.raw()) };
            // SAFETY: both are valid; nothing of the current line is kept.
            unsafe { sys::ast_party_connected_line_set_init(&mut line, current) };
        }
        let presentation = sys::AST_PRES_ALLOWED_USER_NUMBER_NOT_SCREENED as i32;
        if let Some(number) = &number {
            line.id.number.valid = 1;
            line.id.number.str_ = number.as_ptr().cast_mut();
            line.id.number.presentation = presentation;
        }
        if let Some(name) = &name {
            line.id.name.valid = 1;
            line.id.name.str_ = name.as_ptr().cast_mut();
            line.id.name.presentation = presentation;
        }
        // SAFETY: the strings outlive the call, which copies them and takes
        // the channel's lock; null updates whatever has changed.
        unsafe { sys::ast_channel_set_connected_line(self.raw(), &line, std::ptr::null()) };
    }
}
