//! AMI messages: headers in order, and how a stream of bytes falls into them.

use std::time::Duration;

/// One AMI message: a response or an event.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// In the order in which they came; names may repeat.
    pub headers: Vec<(String, String)>,
    /// The bytes as they came, with the empty line that ends them.
    pub raw: Vec<u8>,
    /// When it came, counted from the login of its client.
    pub at: Duration,
}

impl Message {
    pub fn parse(raw: &[u8], at: Duration) -> Message {
        let text = String::from_utf8_lossy(raw);
        let headers = text
            .split("\r\n")
            .filter(|line| !line.is_empty())
            .map(|line| match line.split_once(':') {
                // One blank after the colon belongs to the form, more to the value.
                Some((name, value)) => {
                    let value = value.strip_prefix(' ').unwrap_or(value);
                    (name.to_owned(), value.to_owned())
                }
                None => (line.to_owned(), String::new()),
            })
            .collect();
        Message { headers, raw: raw.to_vec(), at }
    }

    /// The value of the first header so called.
    pub fn header(&self, name: &str) -> Option<&str> {
        let named = |(key, _): &&(String, String)| key.eq_ignore_ascii_case(name);
        self.headers.iter().find(named).map(|(_, value)| value.as_str())
    }

    /// The same, or nothing: for comparisons.
    pub fn text(&self, name: &str) -> &str {
        self.header(name).unwrap_or("")
    }

    /// A header that is a number.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.header(name)?.trim().parse().ok()
    }

    /// All values of a header that repeats (`Variable`, `Output`).
    pub fn all(&self, name: &str) -> Vec<&str> {
        let named = |(key, _): &&(String, String)| key.eq_ignore_ascii_case(name);
        self.headers.iter().filter(named).map(|(_, value)| value.as_str()).collect()
    }

    /// The names of all headers, in order.
    pub fn names(&self) -> Vec<&str> {
        self.headers.iter().map(|(name, _)| name.as_str()).collect()
    }

    pub fn event(&self) -> Option<&str> {
        self.header("Event")
    }

    pub fn is_event(&self, name: &str) -> bool {
        self.event() == Some(name)
    }

    pub fn is_response(&self) -> bool {
        self.header("Response").is_some() && self.event().is_none()
    }

    pub fn is_success(&self) -> bool {
        self.is_response() && matches!(self.text("Response"), "Success" | "Follows")
    }
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(&self.headers).finish()
    }
}

impl std::fmt::Display for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (name, value) in &self.headers {
            writeln!(f, "{name}: {value}")?;
        }
        Ok(())
    }
}

/// Where the first whole message of these bytes ends.
///
/// A message ends with an empty line. Some modules send one empty line too
/// many; it belongs to no message and is passed over as one of no length.
pub fn message_end(bytes: &[u8]) -> Option<usize> {
    if bytes.starts_with(b"\r\n") {
        return Some(2);
    }
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    Some(end + 4)
}
