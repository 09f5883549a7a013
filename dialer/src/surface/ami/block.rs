//! One message of the wire: `Name: value` lines. The only place that makes
//! them, so that no value can ever become a line of its own.

use std::fmt::{Display, Write};

/// One message under way.
#[derive(Debug, Default)]
pub struct Block {
    text: String,
}

impl Block {
    /// One line. Control characters of the value become blanks, but for tabs.
    pub fn line(&mut self, name: &str, value: impl Display) {
        self.text.push_str(name);
        self.text.push_str(": ");
        let start = self.text.len();
        // Writing to a String does not fail.
        let _ = write!(self.text, "{value}");
        let is_foul = |c: char| c.is_ascii_control() && c != '\t';
        if self.text[start..].contains(is_foul) {
            let clean: String =
                self.text[start..].chars().map(|c| if is_foul(c) { ' ' } else { c }).collect();
            self.text.replace_range(start.., &clean);
        }
        self.text.push_str("\r\n");
    }

    /// One line; `<unknown>` for a value that is not set.
    pub fn optional(&mut self, name: &str, value: Option<impl Display>) {
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

#[cfg(test)]
mod tests {
    use super::Block;

    #[test]
    fn no_value_becomes_a_line() {
        let mut block = Block::default();
        block.line("Name", "a\r\nEvent: Fake\r\n\r\nb\0c\td");
        block.optional("Detail", None::<&str>);
        assert_eq!(block.finish(), "Name: a  Event: Fake    b c\td\r\nDetail: <unknown>\r\n\r\n");
    }
}
