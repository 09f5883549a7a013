//! Configuration files in Asterisk's format, with its templates and includes.

use std::ffi::c_char;
use std::fmt;
use std::ptr;

use super::text;
use crate::sys;

/// `[name]` and the lines below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Category {
    pub name: String,
    pub options: Vec<Option_>,
}

/// `name = value` at a line of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Option_ {
    pub name: String,
    pub value: String,
    pub line: u32,
}

/// Why a file was not loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigError {
    /// There is no such file, or it may not be read.
    Missing,
    /// The file cannot be parsed; Asterisk has logged where.
    Invalid,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConfigError::Missing => f.write_str("the file is missing or cannot be read"),
            ConfigError::Invalid => f.write_str("the file cannot be parsed"),
        }
    }
}

impl std::error::Error for ConfigError {}

/// Loads `filename`, relative to Asterisk's configuration directory, in its order.
pub fn load(filename: &str) -> Result<Vec<Category>, ConfigError> {
    let filename = text::c_string(filename);
    let flags = sys::ast_flags { flags: 0 };
    // SAFETY: both strings are NUL-terminated and outlive the call.
    let raw = unsafe { sys::ast_config_load2(filename.as_ptr(), c"res_outbound".as_ptr(), flags) };
    // The answers that are not a configuration, as config.h has them; -1 (not
    // changed) is only given to those who ask for it.
    match raw as isize {
        0 => return Err(ConfigError::Missing),
        -1 | -2 => return Err(ConfigError::Invalid),
        _ => {}
    }
    Ok(File(raw).categories())
}

/// A loaded configuration, not shared with anyone; destroyed on drop.
struct File(*mut sys::ast_config);

impl File {
    fn categories(&self) -> Vec<Category> {
        let mut categories = Vec::new();
        let mut name: *const c_char = ptr::null();
        loop {
            // SAFETY: the configuration is ours alone; `name` is null or what
            // the call before returned.
            name = unsafe { sys::ast_category_browse(self.0, name) };
            if name.is_null() {
                return categories;
            }
            categories.push(Category {
                // SAFETY: a string of the configuration, which outlives this.
                name: unsafe { text::copy(name) },
                options: self.options(name),
            });
        }
    }

    /// `category` is what browsing returned, which tells categories of the
    /// same name apart.
    fn options(&self, category: *const c_char) -> Vec<Option_> {
        let mut options = Vec::new();
        // SAFETY: the configuration and its string `category` are alive.
        let mut next = unsafe { sys::ast_variable_browse(self.0, category) };
        // SAFETY: null or a variable of the configuration, which nobody changes.
        while let Some(variable) = unsafe { next.as_ref() } {
            options.push(Option_ {
                // SAFETY: a string of the configuration.
                name: unsafe { text::copy(variable.name) },
                // SAFETY: as above.
                value: unsafe { text::copy(variable.value) },
                line: u32::try_from(variable.lineno).unwrap_or(0),
            });
            next = variable.next;
        }
        options
    }
}

impl Drop for File {
    fn drop(&mut self) {
        // SAFETY: loaded by us and destroyed once.
        unsafe { sys::ast_config_destroy(self.0) };
    }
}
