//! What comes over the manager interface, held to its form.

/// One message that came: its headers in order.
pub type Block = Vec<(String, String)>;

/// The value of the first header of this name.
pub fn value<'b>(block: &'b Block, name: &str) -> Option<&'b str> {
    block.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// Reads what came, which has to be whole: lines `Name: value`, an empty line
/// behind each message, and one beginning of a message each.
pub fn blocks(raw: &str) -> Vec<Block> {
    let text = raw.strip_suffix("\r\n\r\n").unwrap_or_else(|| panic!("cut short: {raw:?}"));
    text.split("\r\n\r\n").map(block).collect()
}

fn block(text: &str) -> Block {
    let mut lines = Vec::new();
    for line in text.split("\r\n") {
        let Some((name, value)) = line.split_once(": ") else { panic!("no header: {line:?}") };
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        assert!(is_name, "no name of a header: {line:?}");
        let bad = value.chars().find(|c| c.is_control() && *c != '\t');
        assert!(bad.is_none(), "a control character: {line:?}");
        let begins = ["Response", "Event"].contains(&name);
        assert_eq!(begins, lines.is_empty(), "a message within a message: {text:?}");
        lines.push((name.to_owned(), value.to_owned()));
    }
    lines
}
