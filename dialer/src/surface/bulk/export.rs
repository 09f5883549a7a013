//! From a dial list into a file.

use super::columns::{Column, FIELDS, RESULT_PREFIX};
use super::Format;
use crate::dialer::Refusal;
use crate::domain::{DialListId, Disposition, Target, TargetState, Timestamp};
use crate::limits::{EXPORT_PROGRESS, EXPORT_VARIABLES};
use crate::store::{Reader, StoreError, TargetPage};
use crate::surface::ami::Backend;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;

/// What is to be exported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    pub list: DialListId,
    /// The file's name in the folder for exports.
    pub file: String,
    /// Without it, what the file's ending says.
    pub format: Option<Format>,
    /// Whether a file of that name is replaced.
    pub overwrite: bool,
    /// Only targets whose last dialing ended so; none named: all.
    pub dispositions: Vec<Disposition>,
}

/// Names of the results, behind [`RESULT_PREFIX`].
const RESULTS: [&str; 12] = [
    "uuid",
    "state",
    "reason",
    "due",
    "tries",
    "res_dial",
    "res_hangup",
    "res_hangup_detail",
    "disposition",
    "tm_last_dial",
    "tm_last_hangup",
    "tm_create",
];

/// Exports a list as it is now; `tell` hears how many targets are written, from 0 on
/// when it has begun. Gives their number.
///
/// # Errors
///
/// There is no new file, because of this.
pub fn export(
    order: &Export,
    backend: &dyn Backend,
    tell: &mut dyn FnMut(u64),
) -> Result<u64, Refusal> {
    let refused = |why: String| Refusal::of("File", why);
    let format = super::begin(order.format, &order.file, order.list, backend)?;
    let mut file = backend.files().create(&order.file, order.overwrite).map_err(refused)?;
    let mut written = Err(io::Error::other("nothing was read"));
    backend.read(&mut |reader| {
        written = reader.snapshot(|reader| targets(order, format, reader, &mut file, tell))?;
        Ok(())
    })?;
    let count = written.map_err(|error| refused(format!("cannot be written: {error}")))?;
    file.finish().map_err(|error| refused(format!("cannot be written: {error}")))?;
    Ok(count)
}

/// Writes all targets of one state of the store.
fn targets(
    order: &Export,
    format: Format,
    reader: &Reader,
    file: &mut dyn Write,
    tell: &mut dyn FnMut(u64),
) -> Result<io::Result<u64>, StoreError> {
    let page = TargetPage { list: Some(order.list), after: None, most: u32::MAX };
    let is_wanted = |target: &Target| {
        order.dispositions.is_empty()
            || target.last.disposition.is_some_and(|d| order.dispositions.contains(&d))
    };
    let mut variables = BTreeSet::new();
    if format == Format::Csv {
        reader.targets(page, |target| {
            variables.extend(target.variables.iter().map(|(name, _)| name.to_owned()));
            match variables.len() > EXPORT_VARIABLES {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        })?;
        if variables.len() > EXPORT_VARIABLES {
            return Ok(Err(io::Error::other(format!(
                "the targets have more than {EXPORT_VARIABLES} different variables; jsonl can hold \
                 them"
            ))));
        }
    }
    let mut writer = match Writer::begin(format, file, variables.into_iter().collect()) {
        Ok(writer) => writer,
        Err(error) => return Ok(Err(error)),
    };
    tell(0);
    let mut done = Ok(0);
    reader.targets(page, |target| {
        if let Ok(count) = &mut done {
            if is_wanted(&target) {
                match writer.target(&target) {
                    Ok(()) => *count += 1,
                    Err(error) => done = Err(error),
                }
            }
        }
        match &done {
            Ok(count) => {
                if count % EXPORT_PROGRESS == 0 {
                    tell(*count);
                }
                ControlFlow::Continue(())
            }
            Err(_) => ControlFlow::Break(()),
        }
    })?;
    Ok(done.and_then(|count| writer.end().map(|()| count)))
}

enum Writer<'a> {
    Csv { csv: Box<csv::Writer<&'a mut dyn Write>>, variables: Vec<String> },
    JsonLines(BufWriter<&'a mut dyn Write>),
}

impl<'a> Writer<'a> {
    fn begin(
        format: Format,
        file: &'a mut dyn Write,
        variables: Vec<String>,
    ) -> io::Result<Writer<'a>> {
        if format == Format::JsonLines {
            return Ok(Writer::JsonLines(BufWriter::new(file)));
        }
        let mut csv = csv::Writer::from_writer(file);
        let names = FIELDS.map(str::to_owned).into_iter();
        let names = names.chain(variables.iter().map(|name| Column::name_of_variable(name)));
        let results = RESULTS.map(|name| format!("{RESULT_PREFIX}{name}"));
        csv.write_record(names.chain(results))?;
        Ok(Writer::Csv { csv: Box::new(csv), variables })
    }

    fn target(&mut self, target: &Target) -> io::Result<()> {
        match self {
            Writer::Csv { csv, variables } => {
                let fields = fields(target).map(|(_, value)| value.unwrap_or_default());
                let values =
                    variables.iter().map(|name| target.variables.value(name).unwrap_or_default());
                let results = results(target);
                let results = results.iter().map(|(_, value)| match value {
                    Value::Null => String::new(),
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                });
                let all = fields.chain(values).map(str::to_owned).chain(results);
                csv.write_record(all)?;
                Ok(())
            }
            Writer::JsonLines(file) => {
                let set = fields(target).filter_map(|(name, value)| Some((name, value?)));
                let mut object: Map<String, Value> =
                    set.map(|(name, value)| (name.to_owned(), value.into())).collect();
                if !target.variables.is_empty() {
                    object.insert("variables".to_owned(), target.variables.to_json());
                }
                for (name, value) in results(target) {
                    object.insert(format!("{RESULT_PREFIX}{name}"), value);
                }
                serde_json::to_writer(&mut *file, &object)?;
                file.write_all(b"\n")
            }
        }
    }

    fn end(self) -> io::Result<()> {
        match self {
            Writer::Csv { mut csv, .. } => csv.flush(),
            Writer::JsonLines(mut file) => file.flush(),
        }
    }
}

/// What an import takes, under the names of the wire.
fn fields(target: &Target) -> impl Iterator<Item = (&'static str, Option<&str>)> {
    let own = [&target.name, &target.detail, &target.user_key, &target.user_data, &target.email];
    let values = own.into_iter().chain(&target.numbers).map(Option::as_deref);
    FIELDS.into_iter().zip(values)
}

/// What became of it so far.
fn results(target: &Target) -> [(&'static str, Value); RESULTS.len()] {
    let time = |at: Option<Timestamp>| at.map_or(Value::Null, |at| at.to_string().into());
    let (state, reason, due) = match target.state {
        TargetState::Ready => ("ready", None, None),
        TargetState::Waiting(due) => ("waiting", None, Some(due)),
        TargetState::Dialing { .. } => ("dialing", None, None),
        TargetState::Done(reason) => ("done", Some(reason.name()), None),
    };
    let tries = target.tries.map(|tries| tries.to_string()).join(" ");
    let last = &target.last;
    let values: [Value; RESULTS.len()] = [
        target.id.to_string().into(),
        state.into(),
        reason.map_or(Value::Null, Value::from),
        time(due),
        tries.into(),
        last.res_dial.into(),
        last.res_hangup.into(),
        last.res_hangup_detail.clone().map_or(Value::Null, Value::from),
        last.disposition.map_or(Value::Null, |disposition| disposition.name().into()),
        time(last.dialed_at),
        time(last.ended_at),
        target.stamps.create.to_string().into(),
    ];
    let mut values = values.into_iter();
    RESULTS.map(|name| (name, values.next().unwrap_or_default()))
}
