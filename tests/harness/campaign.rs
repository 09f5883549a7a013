//! Campaigns over AMI, as a client in the field makes them.

use std::time::Duration;

use super::{must, poll_until, Ami, Asterisk, Message, Outcome, ResultLine};

/// How long result lines may take to come into the file.
const LINES_DEADLINE: Duration = Duration::from_secs(10);

/// Headers of an action, without the action.
pub type Headers<'a> = &'a [(&'a str, &'a str)];

/// A campaign with all that belongs to it, by uuid.
#[derive(Debug, Clone)]
pub struct Campaign {
    pub uuid: String,
    pub plan: String,
    pub destination: String,
    pub list: String,
    pub targets: Vec<String>,
}

/// Sends one of the Create actions and gives the uuid of what was made.
pub fn create(ami: &Ami, action: &str, headers: Headers) -> Outcome<String> {
    let headers = [&[("Action", action)], headers].concat();
    let response = ami.try_action(&headers)?;
    if !response.is_success() {
        return Err(format!("{action} was refused:\n{response}"));
    }
    let uuid = response.header("Uuid").map(str::to_owned);
    uuid.ok_or_else(|| format!("{action}: no Uuid in the response:\n{response}"))
}

impl Campaign {
    /// Makes plan, destination, list, targets and campaign; does not start it.
    pub fn create(
        ami: &Ami,
        name: &str,
        plan: Headers,
        destination: Headers,
        targets: &[Headers],
    ) -> Outcome<Campaign> {
        let named = |headers: Headers<'_>| -> Vec<(String, String)> {
            let own = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
            let mut all: Vec<(String, String)> = headers.iter().map(own).collect();
            if !headers.iter().any(|(key, _)| *key == "Name") {
                all.insert(0, ("Name".to_owned(), name.to_owned()));
            }
            all
        };
        let plan = create(ami, "OutPlanCreate", &borrowed(&named(plan)))?;
        let destination = create(ami, "OutDestinationCreate", &borrowed(&named(destination)))?;
        let list = create(ami, "OutDlmaCreate", &[("Name", name)])?;
        let target = |headers: &Headers| {
            let headers = [&[("DlmaUuid", list.as_str())], *headers].concat();
            create(ami, "OutDlListCreate", &headers)
        };
        let targets = targets.iter().map(target).collect::<Outcome<Vec<String>>>()?;
        let uuid = create(
            ami,
            "OutCampaignCreate",
            &[("Name", name), ("Plan", &plan), ("Dlma", &list), ("Dest", &destination)],
        )?;
        Ok(Campaign { uuid, plan, destination, list, targets })
    }

    /// Asks for a status: 1 start, 2 pause, 0 stop, 30 stop and hang up.
    pub fn set_status(&self, ami: &Ami, status: i64) -> Outcome<Message> {
        let status = status.to_string();
        let action = "OutCampaignUpdate";
        let headers = [("Action", action), ("Uuid", &self.uuid), ("Status", &status)];
        let response = ami.try_action(&headers)?;
        match response.is_success() {
            true => Ok(response),
            false => Err(format!("status {status} was refused:\n{response}")),
        }
    }

    /// Waits for the event that it has come to this status after a mark.
    pub fn wait_status(
        &self,
        ami: &Ami,
        mark: usize,
        deadline: Duration,
        status: i64,
    ) -> Outcome<Message> {
        let what = format!("status {status} of campaign {}", self.uuid);
        ami.wait_since(mark, deadline, &what, |message| {
            message.is_event("OutCampaignUpdate")
                && message.text("Uuid") == self.uuid
                && message.number("Status") == Some(status)
        })
    }

    /// Starts it and waits until it has ended by itself.
    #[track_caller]
    pub fn run(&self, ami: &Ami, deadline: Duration) {
        let mark = ami.mark();
        let ended = self
            .set_status(ami, 1)
            .and_then(|_| self.wait_status(ami, mark, deadline, 1))
            .and_then(|_| self.wait_status(ami, mark, deadline, 0));
        must(ended);
    }

    /// The statuses that it has come to after a mark, in order.
    pub fn statuses(&self, ami: &Ami, mark: usize) -> Vec<i64> {
        let events = ami.events_since(mark, "OutCampaignUpdate");
        let ours = events.iter().filter(|event| event.text("Uuid") == self.uuid);
        ours.filter_map(|event| event.number("Status")).collect()
    }

    /// Its result lines, as soon as there are so many, in their order.
    #[track_caller]
    pub fn results(&self, asterisk: &Asterisk, count: usize) -> Vec<ResultLine> {
        let what = format!("{count} result lines of campaign {}", self.uuid);
        poll_until(LINES_DEADLINE, &what, || {
            let mut lines = asterisk.results();
            lines.retain(|line| line.text("camp_uuid") == self.uuid);
            (lines.len() >= count).then_some(lines)
        })
    }

    /// Its counts, as OutCampaignStatShow gives them.
    pub fn statistics(&self, ami: &Ami) -> Outcome<Message> {
        let list = ami.try_list(&[("Action", "OutCampaignStatShow"), ("Uuid", &self.uuid)])?;
        let entry = list.entries.into_iter().next();
        entry.ok_or_else(|| format!("no statistics:\n{}", list.response))
    }
}

fn borrowed(headers: &[(String, String)]) -> Vec<(&str, &str)> {
    headers.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect()
}
