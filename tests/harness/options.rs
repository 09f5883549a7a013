//! What an Asterisk of ours is made of, and its configuration files.

use std::fs;
use std::path::{Path, PathBuf};

use super::Outcome;

/// How to start an Asterisk. The default is what most suites want: the module
/// loaded, free ports, and the files of `tests/config`.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whether our module lies beside Asterisk's, to be loaded.
    pub with_module: bool,
    /// Whether it is loaded at start.
    pub loads_module: bool,
    /// Fixed ports; free ones where none is given.
    pub ami_port: Option<u16>,
    pub http_port: Option<u16>,
    pub sip_port: Option<u16>,
    /// Where `PJSIP/NUMBER@trunk` is sent: SIPp's port. A free one, on which
    /// nobody listens, if none is given.
    pub trunk_port: Option<u16>,
    /// Whole configuration files in place of ours, by file name.
    pub files: Vec<(String, String)>,
    /// Lines to add at the end of configuration files, by file name.
    pub additions: Vec<(String, String)>,
    /// A folder whose files stand in for ours of the same name, or are added.
    pub extra_folder: Option<PathBuf>,
    /// Environment variables for Asterisk.
    pub environment: Vec<(String, String)>,
    /// Whether the folders stay when it ends.
    pub keeps_folders: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            with_module: true,
            loads_module: true,
            ami_port: None,
            http_port: None,
            sip_port: None,
            trunk_port: None,
            files: Vec::new(),
            additions: Vec::new(),
            extra_folder: None,
            environment: Vec::new(),
            keeps_folders: std::env::var_os("RES_OUTBOUND_KEEP").is_some(),
        }
    }
}

impl Options {
    pub fn without_module(mut self) -> Options {
        self.with_module = false;
        self
    }

    /// The module is there, but somebody has to load it.
    pub fn module_not_loaded(mut self) -> Options {
        self.loads_module = false;
        self
    }

    pub fn trunk_to(mut self, port: u16) -> Options {
        self.trunk_port = Some(port);
        self
    }

    /// Puts this text in place of a whole configuration file.
    pub fn file(mut self, name: &str, text: &str) -> Options {
        self.files.push((name.to_owned(), text.to_owned()));
        self
    }

    /// Adds lines to a configuration file.
    pub fn add(mut self, name: &str, lines: &str) -> Options {
        self.additions.push((name.to_owned(), lines.to_owned()));
        self
    }

    pub fn environment(mut self, name: &str, value: &str) -> Options {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// The words between `@` in configuration files and what they stand for.
pub type Words = Vec<(&'static str, String)>;

/// Writes all configuration files, in order of rank: the templates, then the
/// extra folder's, then those given as text, then additions.
pub fn write_configuration(
    templates: &Path,
    options: &Options,
    words: &Words,
    etc: &Path,
) -> Outcome<()> {
    copy_filled(templates, words, etc)?;
    if let Some(folder) = &options.extra_folder {
        copy_filled(folder, words, etc)?;
    }
    for (name, text) in &options.files {
        write(&etc.join(name), &fill(text, words))?;
    }
    for (name, lines) in &options.additions {
        let path = etc.join(name);
        let before = fs::read_to_string(&path).unwrap_or_default();
        write(&path, &format!("{before}\n{}\n", fill(lines, words)))?;
    }
    Ok(())
}

fn copy_filled(from: &Path, words: &Words, to: &Path) -> Outcome<()> {
    let trouble = |error: std::io::Error| format!("{}: {error}", from.display());
    for entry in fs::read_dir(from).map_err(trouble)? {
        let path = entry.map_err(trouble)?.path();
        let Some(name) = path.file_name().filter(|_| path.is_file()) else {
            continue;
        };
        let text =
            fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        write(&to.join(name), &fill(&text, words))?;
    }
    Ok(())
}

pub fn write(path: &Path, text: &str) -> Outcome<()> {
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

fn fill(text: &str, words: &Words) -> String {
    let filled = |text: String, (word, value): &(&str, String)| text.replace(word, value);
    words.iter().fold(text.to_owned(), filled)
}
