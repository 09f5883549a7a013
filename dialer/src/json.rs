//! JSON objects written member by member, without a tree in between.

use serde::Serialize;

/// One object under way. A name must not come twice.
pub struct Object {
    text: Vec<u8>,
    is_empty: bool,
}

impl Object {
    pub fn new() -> Object {
        let mut text = Vec::with_capacity(1_024);
        text.push(b'{');
        Object { text, is_empty: true }
    }

    /// One member.
    pub fn put(&mut self, name: &str, value: impl Serialize) {
        self.name(name);
        // Text, numbers and lists of them can always be written to memory.
        let _ = serde_json::to_writer(&mut self.text, &value);
    }

    /// One member that is an object.
    pub fn object(&mut self, name: &str, fill: impl FnOnce(&mut Object)) {
        self.name(name);
        self.text.push(b'{');
        self.is_empty = true;
        fill(self);
        self.text.push(b'}');
        self.is_empty = false;
    }

    /// Members that are written already, as the inside of an object.
    pub fn members(&mut self, json: &str) {
        if json.is_empty() {
            return;
        }
        self.comma();
        self.text.extend_from_slice(json.as_bytes());
    }

    fn name(&mut self, name: &str) {
        self.comma();
        self.text.push(b'"');
        // Names are words of this program: nothing in them is to be escaped.
        self.text.extend_from_slice(name.as_bytes());
        self.text.extend_from_slice(b"\":");
    }

    fn comma(&mut self) {
        if !std::mem::replace(&mut self.is_empty, false) {
            self.text.push(b',');
        }
    }

    pub fn finish(mut self) -> String {
        self.text.push(b'}');
        // JSON is UTF-8.
        String::from_utf8(self.text).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::Object;

    #[test]
    fn is_json() {
        let mut object = Object::new();
        object.put("a", "say \"ü\"\n");
        object.object("b", |inner| {
            inner.object("nothing", |_| {});
            inner.put("list", [Some(1), None]);
        });
        object.members("\"c\":1,\"d\":2");
        object.members("");
        object.put("e", false);
        let wanted =
            r#"{"a":"say \"ü\"\n","b":{"nothing":{},"list":[1,null]},"c":1,"d":2,"e":false}"#;
        assert_eq!(object.finish(), wanted);
        assert_eq!(Object::new().finish(), "{}");
    }
}
