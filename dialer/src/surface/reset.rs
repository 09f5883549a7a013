//! Making a whole list dialable again, step by step.

use super::ami::{ask_again, Backend};
use crate::dialer::{Command, ListReset, Refusal, Reply};
use crate::domain::DialListId;

/// Makes targets of a list dialable again, and says how many.
pub fn reset_list(
    list: DialListId,
    mut reset: ListReset,
    backend: &dyn Backend,
) -> Result<u64, Refusal> {
    loop {
        match ask_again(backend, &Command::ResetList(list, reset.clone())) {
            Reply::Reset { done, next: None } => return Ok(done),
            Reply::Reset { done, next } => {
                (reset.done, reset.after) = (done, next);
            }
            Reply::Refused(mut why) => {
                if reset.after.is_some() {
                    why.reason += &format!("; {} targets were reset before that", reset.done);
                }
                return Err(why);
            }
            _ => return Err(Refusal::misunderstood()),
        }
    }
}
