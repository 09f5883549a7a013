//! Channel variables: names with values, in the order in which they were given.

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

/// As one JSON object, names in their order.
impl Serialize for Variables {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

/// Names with values. A name stands once; a later value takes the earlier one's place.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Variables(Vec<(String, String)>);

impl Variables {
    /// Sets one variable, in place if the name is there already.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        let (name, value) = (name.into(), value.into());
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name, value)),
        }
    }

    /// The value of one variable.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Takes over all of `later`; its values win.
    pub fn merge(&mut self, later: &Variables) {
        for (name, value) in &later.0 {
            self.set(name.clone(), value.clone());
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One JSON object, names in their order.
    pub fn to_json(&self) -> Value {
        let members = self.0.iter().map(|(n, v)| (n.clone(), Value::String(v.clone())));
        Value::Object(members.collect::<Map<_, _>>())
    }

    /// From one JSON object of strings; `None` if it is not one.
    pub fn from_json(text: &str) -> Option<Variables> {
        let Value::Object(members) = serde_json::from_str(text).ok()? else {
            return None;
        };
        let mut variables = Variables::default();
        for (name, value) in members {
            variables.set(name, value.as_str()?);
        }
        Some(variables)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_value_wins_in_the_first_place() {
        let mut plan = Variables::default();
        plan.set("V1", "plan");
        plan.set("V2", "plan");
        let mut target = Variables::default();
        target.set("V1", "dl");
        target.set("V9", "x=y,z");
        plan.merge(&target);
        let all: Vec<_> = plan.iter().collect();
        assert_eq!(all, [("V1", "dl"), ("V2", "plan"), ("V9", "x=y,z")]);
    }

    #[test]
    fn json_and_back() {
        let mut variables = Variables::default();
        variables.set("b", "\"quoted\" \u{1} ü");
        variables.set("a", "");
        let text = variables.to_json().to_string();
        assert_eq!(Variables::from_json(&text), Some(variables));
        assert_eq!(Variables::from_json("[1]"), None);
        assert_eq!(Variables::from_json("{\"a\":1}"), None);
    }
}
