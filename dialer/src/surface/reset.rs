//! Making a whole list dialable again, step by step.

use super::ami::Backend;
use crate::dialer::{Command, ListReset, Refusal, Reply};
use crate::domain::DialListId;

/// How often a step that found the dialer busy is tried again.
const STEP_TRIES: usize = 3;

/// Makes targets of a list dialable again, and says how many.
pub fn reset_list(
    list: DialListId,
    mut reset: ListReset,
    backend: &dyn Backend,
) -> Result<u64, Refusal> {
    let mut tries = 0;
    loop {
        match backend.ask(Command::ResetList(list, reset.clone())) {
            Reply::Reset { done, next: None } => return Ok(done),
            Reply::Reset { done, next } => {
                (reset.done, reset.after, tries) = (done, next, 0);
            }
            Reply::Refused(_) if reset.after.is_some() && tries < STEP_TRIES => tries += 1,
            Reply::Refused(mut why) => {
                if reset.after.is_some() {
                    why.reason += &format!("; {} targets were reset before that", reset.done);
                }
                return Err(why);
            }
            _ => return Err(Refusal::because("The dialer gave an answer to something else")),
        }
    }
}
