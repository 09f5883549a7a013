//! Where the far end sends a call instead, and whether it is called there.
//!
//! What the far end says is not to be trusted: it may name an extension of the
//! dialplan, and one way out, the trunk that it was called over.

use std::fmt;

use super::CallCopy;
use crate::limits::{FORWARDS, TOKEN_BYTES, VALUE_BYTES};

/// What is called instead: technology and address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forward {
    pub tech: String,
    pub address: String,
}

/// Where a call was forwarded to so far, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Forwards(Vec<Forward>);

/// Why nobody is called where a call was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotFollowed {
    NoAddress,
    Loop(Forward),
    TooMany,
}

impl fmt::Display for Forward {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.tech, self.address)
    }
}

impl fmt::Display for NotFollowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotFollowed::NoAddress => f.write_str("that is neither an extension nor on its trunk"),
            NotFollowed::Loop(forward) => write!(f, "{forward} was called already"),
            NotFollowed::TooMany => write!(f, "it was forwarded {FORWARDS} times already"),
        }
    }
}

impl Forwards {
    /// What is called now: technology and address.
    pub fn called<'a>(&'a self, copy: &'a CallCopy) -> (&'a str, &'a str) {
        let last = self.0.last().map(|forward| (forward.tech.as_str(), forward.address.as_str()));
        last.unwrap_or((&copy.tech, &copy.address))
    }

    /// How many times it was forwarded.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Goes on to where the far end sends the call, as Asterisk words it: an extension,
    /// which is one of `context`, or `technology/address`.
    ///
    /// # Errors
    ///
    /// Nobody may be called there; nothing was noted.
    pub fn follow(
        &mut self,
        copy: &CallCopy,
        text: &str,
        context: &str,
    ) -> Result<(), NotFollowed> {
        let next = address(text, self.called(copy), context).ok_or(NotFollowed::NoAddress)?;
        let is_next = |tech: &str, address: &str| {
            next.tech.eq_ignore_ascii_case(tech) && next.address.eq_ignore_ascii_case(address)
        };
        let was_called = is_next(&copy.tech, &copy.address)
            || self.0.iter().any(|forward| is_next(&forward.tech, &forward.address));
        if was_called {
            return Err(NotFollowed::Loop(next));
        }
        if self.0.len() >= FORWARDS {
            return Err(NotFollowed::TooMany);
        }
        self.0.push(next);
        Ok(())
    }
}

/// What a forward may name: an extension; or, of the technology that says so, an
/// address, which for PJSIP is a SIP URI over the same endpoint.
fn address(text: &str, called: (&str, &str), context: &str) -> Option<Forward> {
    let Some((tech, address)) = text.split_once('/') else {
        return (is_extension(text) && !context.is_empty())
            .then(|| Forward { tech: "Local".to_owned(), address: format!("{text}@{context}") });
    };
    let (called_tech, called_address) = called;
    let is_clean = address.len() <= VALUE_BYTES
        && !address.is_empty()
        && address.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '"' | '<' | '>'));
    if !is_clean || !tech.eq_ignore_ascii_case(called_tech) {
        return None;
    }
    if tech.eq_ignore_ascii_case("PJSIP") {
        let (endpoint, uri) = address.split_once('/')?;
        let is_uri = uri.starts_with("sip:") || uri.starts_with("sips:");
        if !is_uri || endpoint != endpoint_of(called_address) {
            return None;
        }
    }
    Some(Forward { tech: called_tech.to_owned(), address: address.to_owned() })
}

/// The endpoint in a PJSIP address: `number@endpoint`, `endpoint/uri` or `endpoint`.
fn endpoint_of(address: &str) -> &str {
    match address.split_once('/') {
        Some((endpoint, _)) => endpoint,
        None => address.rsplit_once('@').map_or(address, |(_, endpoint)| endpoint),
    }
}

fn is_extension(text: &str) -> bool {
    let is_right = |byte: u8| byte.is_ascii_alphanumeric() || b"+*#.-_".contains(&byte);
    !text.is_empty() && text.len() <= TOKEN_BYTES && text.bytes().all(is_right)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(text: &str, called: (&str, &str)) -> Option<String> {
        address(text, called, "out").map(|forward| forward.to_string())
    }

    #[test]
    fn an_extension_is_one_of_the_context() {
        let called = ("PJSIP", "300@trunk");
        assert_eq!(to("+4930", called).as_deref(), Some("Local/+4930@out"));
        assert_eq!(to("sales-1", called).as_deref(), Some("Local/sales-1@out"));
        assert_eq!(address("300", called, ""), None);
    }

    #[test]
    fn a_uri_goes_over_the_trunk_that_was_called() {
        for called in ["300@trunk", "trunk/sip:a@host", "trunk"] {
            let forward = to("PJSIP/trunk/sip:b@host;x=1", ("PJSIP", called));
            assert_eq!(forward.as_deref(), Some("PJSIP/trunk/sip:b@host;x=1"), "{called}");
        }
        assert_eq!(to("IAX2/gate/9", ("IAX2", "gate/8")).as_deref(), Some("IAX2/gate/9"));
    }

    /// The user of a SIP URI may be almost any text, and the far end chooses it.
    #[test]
    fn the_far_end_chooses_neither_technology_nor_trunk_nor_context() {
        let wrong = [
            "",
            "/",
            "PJSIP/",
            "PJSIP/trunk",
            "PJSIP/trunk/tel:1",
            "PJSIP/dear/sip:b@host",
            "PJSIP/trunk/sip:a b@host",
            "Local/300@internal",
            "DAHDI/g1/0900",
            "300@internal",
            "300&301",
            "300,tT",
            "300|x",
            "30 0",
            "${EVIL}",
            "30\r\n0",
        ];
        for text in wrong {
            assert_eq!(to(text, ("PJSIP", "300@trunk")), None, "{text:?}");
        }
        assert_eq!(to(&"1".repeat(TOKEN_BYTES + 1), ("PJSIP", "300@trunk")), None);
    }

    #[test]
    fn no_loop_and_no_more_than_the_limit() {
        let copy = CallCopy::test("Local", "300@out");
        let mut forwards = Forwards::default();
        let again = forwards.follow(&copy, "300", "out");
        assert_eq!(again.unwrap_err().to_string(), "Local/300@out was called already");
        for hop in 1..=FORWARDS {
            let exten = (300 + hop).to_string();
            assert_eq!(forwards.follow(&copy, &exten, "out"), Ok(()));
            assert_eq!(forwards.called(&copy), ("Local", format!("{exten}@out").as_str()));
            assert_eq!(forwards.count(), hop);
        }
        let looped = forwards.follow(&copy, "301", "OUT");
        assert!(matches!(looped, Err(NotFollowed::Loop(_))), "{looped:?}");
        assert_eq!(forwards.follow(&copy, "999", "out"), Err(NotFollowed::TooMany));
        assert_eq!(forwards.count(), FORWARDS);
    }
}
