//! Who calls, and who sent the call on: caller id, connected line, redirecting.

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

    /// Takes over who sent the call on, and why, from the leg that was forwarded; where
    /// that does not say who, it was `number`.
    pub fn set_redirecting_from(&self, forwarded: &Leg, number: &str) {
        let number = c_string(number);
        let mut parties = MaybeUninit::uninit();
        // SAFETY: makes it a valid structure without strings.
        unsafe { sys::ast_party_redirecting_init(parties.as_mut_ptr()) };
        // SAFETY: made valid above.
        let mut parties = unsafe { parties.assume_init() };
        {
            let channel = forwarded.lock();
            // SAFETY: the channel is locked while its parties are read.
            let current = unsafe { sys::ast_channel_redirecting(channel.raw()) };
            // SAFETY: both are valid; the strings are copied.
            unsafe { sys::ast_party_redirecting_copy(&mut parties, current) };
        }
        let from = &mut parties.from.number;
        let (own, was_valid) = (from.str_, from.valid);
        // SAFETY: null, or a string of the copy.
        if was_valid == 0 || unsafe { text::copy(own) }.is_empty() {
            from.str_ = number.as_ptr().cast_mut();
            from.valid = 1;
        }
        // SAFETY: the strings outlive the call, which copies them and takes
        // the channel's lock; null updates whatever has changed.
        unsafe { sys::ast_channel_set_redirecting(self.raw(), &parties, std::ptr::null()) };
        // What is freed is the copy's own string.
        parties.from.number.str_ = own;
        // SAFETY: made by the copy, and freed once.
        unsafe { sys::ast_party_redirecting_free(&mut parties) };
    }
}
