//! `res_outbound.conf`: whatever stands in it, there are settings within their
//! bounds, or one clear reason why there are none.
#![no_main]

use dialer::surface::conf::{self, Category, Line};
use libfuzzer_sys::fuzz_target;
use std::path::Path;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let folder = Path::new("/var/lib/asterisk");
    let categories = parse(&text);
    let lines: usize = categories.iter().map(|category| category.lines.len()).sum();
    match conf::read(&categories, folder) {
        Ok((settings, warnings)) => {
            assert!(warnings.len() <= lines + categories.len(), "{warnings:?}");
            assert!((1..=100_000).contains(&settings.dialer.max_dialings), "{settings:?}");
            assert!((1..=10_000).contains(&settings.dialer.calls_per_second), "{settings:?}");
            assert!(settings.result_file.is_absolute() && settings.database.is_absolute());
        }
        Err(reason) => assert!(reason.to_string().contains(" is not available; the only kind is 1")),
    }
});

/// Lines as Asterisk reads them: `[category]`, `name = value`, `;` for remarks.
fn parse(text: &str) -> Vec<Category> {
    let mut categories: Vec<Category> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.split(';').next().unwrap_or_default().trim();
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            categories.push(Category { name: name.to_owned(), lines: Vec::new() });
        } else if let (Some(category), Some((option, value))) =
            (categories.last_mut(), line.split_once('='))
        {
            category.lines.push(Line {
                option: option.trim().to_owned(),
                value: value.trim_start_matches('>').trim().to_owned(),
                number: u32::try_from(at + 1).unwrap_or(u32::MAX),
            });
        }
    }
    categories
}
