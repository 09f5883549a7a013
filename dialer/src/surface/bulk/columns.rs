//! The columns of a file: which field of a target each one is.

use crate::limits::NUMBERS_PER_TARGET;
use crate::surface::ami::target_variable_name;

/// What a column holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Column {
    /// A header of `OutDlListCreate`.
    Field(&'static str),
    Variable(String),
    /// A result of an export, which an import passes over.
    Result,
    /// Nothing: it has no name, and must be empty.
    Nameless,
}

/// Before the names of results in an export.
pub const RESULT_PREFIX: &str = "out_";

/// Before the name of a variable that is named like something else.
pub const VARIABLE_PREFIX: &str = "variable:";

/// Fields of a target, as headers of the wire.
pub const FIELDS: [&str; 5 + NUMBERS_PER_TARGET] = [
    "Name", "Detail", "UKey", "UData", "Email", "Number1", "Number2", "Number3", "Number4",
    "Number5", "Number6", "Number7", "Number8",
];

/// Other names of the first number.
const FIRST_NUMBER: [&str; 3] = ["number", "phone", "telephone"];

impl Column {
    /// The column of a name, or why it is none.
    pub fn of_name(name: &str) -> Result<Column, String> {
        let name = name.trim();
        if name.is_empty() {
            return Ok(Column::Nameless);
        }
        if let Some(variable) = name.strip_prefix(VARIABLE_PREFIX) {
            target_variable_name(variable)?;
            return Ok(Column::Variable(variable.to_owned()));
        }
        if name.starts_with(RESULT_PREFIX) {
            return Ok(Column::Result);
        }
        if let Some(field) = field(name) {
            return Ok(Column::Field(field));
        }
        target_variable_name(name)?;
        Ok(Column::Variable(name.to_owned()))
    }

    /// The name under which a variable is exported.
    pub fn name_of_variable(name: &str) -> String {
        match Column::of_name(name) {
            Ok(Column::Variable(_)) if !name.starts_with(VARIABLE_PREFIX) => name.to_owned(),
            _ => format!("{VARIABLE_PREFIX}{name}"),
        }
    }
}

/// `number_1` and `NUMBER1` are `Number1`.
fn field(name: &str) -> Option<&'static str> {
    let plain: String = name.chars().filter(|c| !"_- ".contains(*c)).collect();
    if FIRST_NUMBER.iter().any(|first| first.eq_ignore_ascii_case(&plain)) {
        return Some("Number1");
    }
    FIELDS.into_iter().find(|field| field.eq_ignore_ascii_case(&plain))
}

/// The columns of a header row. Two of the same field or variable are refused.
pub fn of_header<'a>(names: impl Iterator<Item = &'a str> + Clone) -> Result<Vec<Column>, String> {
    let mut columns: Vec<Column> = Vec::new();
    for (at, name) in names.clone().enumerate() {
        let column = Column::of_name(name)
            .map_err(|why| format!("column {} ('{}') {why}", at + 1, shortened(name)))?;
        let may_repeat = matches!(column, Column::Result | Column::Nameless);
        if !may_repeat && columns.contains(&column) {
            let reason = format!("column {} ('{}') is there twice", at + 1, shortened(name));
            return Err(reason);
        }
        columns.push(column);
    }
    let has_number = columns.iter().any(|column| match column {
        Column::Field(name) => name.starts_with("Number"),
        _ => false,
    });
    match has_number {
        true => Ok(columns),
        false => {
            let found = names.map(shortened).collect::<Vec<_>>().join(", ");
            Err(format!(
                "there is no column with a number: Number1 … Number8, number or phone; there are \
                 {found}"
            ))
        }
    }
}

/// Enough of a text to know it again in a message.
pub fn shortened(text: &str) -> String {
    text.chars().take(40).map(|c| if c.is_control() { ' ' } else { c }).collect()
}
