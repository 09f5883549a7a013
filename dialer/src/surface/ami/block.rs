//! One message of the wire: `Name: value` lines. The only place that makes
//! them, so that no value can ever become a line of its own.

use crate::dialer::Refusal;
use crate::domain::{
    CampaignId, DestinationId, DialListId, DialingId, Disposition, OfferId, PlanId, TargetId,
    Timestamp,
};
use crate::hundredths::Hundredths;
use std::fmt::{Arguments, Write};
use uuid::Uuid;

/// Most messages are shorter, so that their text is not moved while it grows.
const USUAL_BYTES: usize = 1_536;

/// One message under way.
#[derive(Debug)]
pub struct Block {
    text: String,
}

impl Default for Block {
    fn default() -> Block {
        Block { text: String::with_capacity(USUAL_BYTES) }
    }
}

impl Block {
    /// One line. Control characters of the value become blanks, but for tabs.
    pub fn line(&mut self, name: &str, value: impl Value) {
        self.text.push_str(name);
        self.text.push_str(": ");
        value.put(&mut self.text);
        self.text.push_str("\r\n");
    }

    /// One line; `<unknown>` for a value that is not set.
    pub fn optional(&mut self, name: &str, value: Option<impl Value>) {
        match value {
            Some(value) => self.line(name, value),
            None => self.line(name, "<unknown>"),
        }
    }

    /// The lines, without the empty one that ends a message.
    pub fn lines(self) -> String {
        self.text
    }

    /// The whole message.
    pub fn finish(mut self) -> String {
        self.text.push_str("\r\n");
        self.text
    }
}

/// What may stand in a line. Each puts down its text without a control character.
pub trait Value {
    fn put(&self, text: &mut String);
}

impl<T: Value + ?Sized> Value for &T {
    fn put(&self, text: &mut String) {
        (**self).put(text);
    }
}

impl Value for str {
    fn put(&self, text: &mut String) {
        if self.bytes().any(is_foul) {
            text.extend(
                self.chars().map(|c| if c.is_ascii() && is_foul(c as u8) { ' ' } else { c }),
            );
        } else {
            text.push_str(self);
        }
    }
}

impl Value for String {
    fn put(&self, text: &mut String) {
        self.as_str().put(text);
    }
}

impl Value for Arguments<'_> {
    fn put(&self, text: &mut String) {
        match self.as_str() {
            Some(whole) => whole.put(text),
            None => self.to_string().put(text),
        }
    }
}

impl Value for Refusal {
    fn put(&self, text: &mut String) {
        self.to_string().put(text);
    }
}

impl Value for Disposition {
    fn put(&self, text: &mut String) {
        text.push_str(self.name());
    }
}

impl Value for Timestamp {
    fn put(&self, text: &mut String) {
        // Writing to a String does not fail.
        let _ = write!(text, "{self}");
    }
}

impl Value for Hundredths {
    fn put(&self, text: &mut String) {
        let _ = write!(text, "{self}");
    }
}

impl Value for Uuid {
    fn put(&self, text: &mut String) {
        text.push_str(self.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
    }
}

macro_rules! ids {
    ($($name:ident)*) => {$(
        impl Value for $name {
            fn put(&self, text: &mut String) {
                self.0.put(text);
            }
        }
    )*};
}

macro_rules! numbers {
    ($($name:ident)*) => {$(
        impl Value for $name {
            fn put(&self, text: &mut String) {
                text.push_str(itoa::Buffer::new().format(*self));
            }
        }
    )*};
}

ids! { CampaignId DestinationId DialListId DialingId OfferId PlanId TargetId }
numbers! { u8 i32 u32 i64 u64 usize }

fn is_foul(byte: u8) -> bool {
    byte.is_ascii_control() && byte != b'\t'
}

#[cfg(test)]
mod tests {
    use super::Block;

    #[test]
    fn no_value_becomes_a_line() {
        let mut block = Block::default();
        block.line("Name", "a\r\nEvent: Fake\r\n\r\nb\0c\tdü");
        block.line("Sum", format_args!("{}\r{}", 1, "\n"));
        block.optional("Detail", None::<&str>);
        assert_eq!(
            block.finish(),
            "Name: a  Event: Fake    b c\tdü\r\nSum: 1  \r\nDetail: <unknown>\r\n\r\n"
        );
    }
}
