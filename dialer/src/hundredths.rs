//! Numbers with at most two decimals, kept as whole hundredths.

use std::fmt;

/// Shown without needless zeros: `2`, `2.5`, `0.25`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hundredths(pub u32);

impl Hundredths {
    /// From digits with at most one point in between and two digits behind it.
    pub fn parse(text: &str) -> Option<Hundredths> {
        let (whole, places) = text.split_once('.').unwrap_or((text, "0"));
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !is_number(whole) || !is_number(places) {
            return None;
        }
        let places = match places.len() {
            1 => places.parse::<u32>().ok()? * 10,
            2 => places.parse().ok()?,
            _ => return None,
        };
        whole.parse::<u32>().ok()?.checked_mul(100)?.checked_add(places).map(Hundredths)
    }

    /// With both decimals: `2.50`.
    pub fn in_full(self) -> String {
        format!("{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

impl fmt::Display for Hundredths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let full = self.in_full();
        f.write_str(full.trim_end_matches('0').trim_end_matches('.'))
    }
}

#[cfg(test)]
mod tests {
    use super::Hundredths;

    #[test]
    fn both_ways() {
        let table = [
            ("0", 0, "0"),
            ("2", 200, "2"),
            ("20", 2_000, "20"),
            ("100", 10_000, "100"),
            ("2.0", 200, "2"),
            ("2.50", 250, "2.5"),
            ("0.1", 10, "0.1"),
            ("007.25", 725, "7.25"),
            ("0.05", 5, "0.05"),
        ];
        for (text, hundredths, shown) in table {
            let read = Hundredths::parse(text);
            assert_eq!(read, Some(Hundredths(hundredths)), "{text}");
            assert_eq!(read.map(|number| number.to_string()).as_deref(), Some(shown));
        }
        assert_eq!(Hundredths(1_203).in_full(), "12.03");
        assert_eq!(Hundredths(0).in_full(), "0.00");
    }

    #[test]
    fn what_is_none() {
        let none = ["", ".", "2.", ".5", "1.234", "+1", "-1", "1e3", "1,5", "1 ", "42949673", "٢"];
        for text in none {
            assert_eq!(Hundredths::parse(text), None, "{text}");
        }
    }
}
