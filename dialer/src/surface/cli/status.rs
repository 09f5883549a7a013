//! `out show status`: how the dialer is, on one screen.

use super::Console;
use crate::dialer::{CampaignFigures, Command, Reply, Status, TeamStatus, TrunkStatus};
use crate::domain::{CampaignStatus, DayFigures};
use crate::hundredths::Hundredths;
use crate::pacing::METERED_S;
use std::fmt::Write;
use std::time::Duration;

/// Campaigns that are shown one by one, at most.
const CAMPAIGNS_SHOWN: usize = 12;

/// Trunks that are shown one by one, at most.
const TRUNKS_SHOWN: usize = 12;

/// How the part is that runs the dialer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostStatus {
    pub version: String,
    pub asterisk: String,
    /// Since the dialer was started.
    pub uptime: Duration,
    /// Lengths of queues.
    pub commands: usize,
    pub events: usize,
    pub calls_to_place: usize,
    pub results_waiting: usize,
    /// Of one target each: to find it, to claim it, and to write that down.
    pub claims: Timings,
    pub commits: Timings,
    /// From an answer to the start of its destination.
    pub starts: Timings,
    /// How late calls were ended that nobody answered in time.
    pub timeouts: Timings,
    pub panics: u64,
    /// What keeps the dialer from working, if anything does.
    pub fault: Option<String>,
}

/// How often something was done, and how long the last ones took.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Timings {
    pub count: u64,
    pub last: Vec<Duration>,
}

/// How everything is.
pub(super) fn show(console: &dyn Console) -> String {
    let host = console.host();
    view(&host, of_dialer(&host, console).as_ref())
}

/// What the dialer says of itself. One that waits for its database does not
/// answer; the rest can be said.
fn of_dialer(host: &HostStatus, console: &dyn Console) -> Option<Status> {
    if host.fault.is_some() {
        return None;
    }
    match console.ask(Command::ShowStatus) {
        Reply::Status(status) => Some(status),
        _ => None,
    }
}

fn view(host: &HostStatus, dialer: Option<&Status>) -> String {
    let mut text = String::new();
    let out = &mut text;
    line(out, "Version", format_args!("{} on Asterisk {}", host.version, host.asterisk));
    line(out, "Up", format_args!("{}", span(host.uptime)));
    match dialer {
        Some(status) => of_status(out, status),
        None => line(out, "Dialer", format_args!("does not answer now")),
    }
    line(
        out,
        "Queues",
        format_args!(
            "{} commands, {} call events, {} calls to place",
            host.commands, host.events, host.calls_to_place
        ),
    );
    line(out, "Results waiting", format_args!("{}", host.results_waiting));
    timings(out, "Claims", &host.claims);
    timings(out, "Commits", &host.commits);
    timings(out, "Answer to start", &host.starts);
    timings(out, "Timeouts late", &host.timeouts);
    line(out, "Panics caught", format_args!("{}", host.panics));
    line(out, "Fault", format_args!("{}", host.fault.as_deref().unwrap_or("none")));
    text
}

fn line(out: &mut String, name: &str, value: std::fmt::Arguments<'_>) {
    let value = super::table::one_line(&value.to_string());
    let _ = writeln!(out, "{name:<18} {value}");
}

fn of_status(out: &mut String, status: &Status) {
    line(out, "Campaigns", format_args!("{}", campaigns_by_status(status)));
    for campaign in status.running.iter().take(CAMPAIGNS_SHOWN) {
        let name = match &campaign.name {
            Some(name) => name.clone(),
            None => campaign.id.to_string(),
        };
        line(
            out,
            "",
            format_args!(
                "{name}: {}, {} live, {} answered",
                campaign.status.name(),
                campaign.dialings,
                campaign.answered
            ),
        );
        if let Some(team) = &campaign.figures.team {
            line(out, "", format_args!("  {}", of_team(team)));
        }
        if campaign.figures.thirty_days.answered > 0 {
            line(out, "", format_args!("  {}", abandoned(&campaign.figures)));
        }
    }
    if let Some(more @ 1..) = status.running.len().checked_sub(CAMPAIGNS_SHOWN) {
        line(out, "", format_args!("and {more} more"));
    }
    line(
        out,
        "Live dialings",
        format_args!(
            "{} of at most {}, {} of them answered",
            status.dialings, status.max_dialings, status.answered
        ),
    );
    if !status.by_status.is_empty() {
        let counts = status.by_status.iter().map(|(of, count)| format!("{count} {}", of.name()));
        line(out, "", format_args!("{}", counts.collect::<Vec<_>>().join(", ")));
    }
    line(
        out,
        "Calls per second",
        format_args!(
            "{} in the last {METERED_S} seconds, at most {}",
            per_second(status.calls_lately),
            status.calls_per_second
        ),
    );
    for (at, trunk) in status.trunks.iter().take(TRUNKS_SHOWN).enumerate() {
        line(out, if at == 0 { "Trunks" } else { "" }, format_args!("{}", of_trunk(trunk)));
    }
    if let Some(more @ 1..) = status.trunks.len().checked_sub(TRUNKS_SHOWN) {
        line(out, "", format_args!("and {more} more"));
    }
    if let Some(ceiling) = &status.ceiling {
        line(out, "Held back by", format_args!("{ceiling}"));
    }
}

/// `queue sales: 2 agents free, 3 with a call, 1 paused, 0 away; 4 calls coming, 1 caller waits`
fn of_team(team: &TeamStatus) -> String {
    format!(
        "{}: {} agents free, {} with a call, {} paused, {} away; {} calls coming, {} callers waiting",
        team.name,
        team.free,
        team.occupied(),
        team.paused,
        team.away,
        team.coming,
        team.waiting
    )
}

/// `abandoned: 1 of 40 people today (2.50 %), 1.20 % in 30 days`
fn abandoned(figures: &CampaignFigures) -> String {
    let rate = |days: &DayFigures| Hundredths(days.abandon_rate()).in_full();
    format!(
        "abandoned: {} of {} people today ({} %), {} % in 30 days",
        figures.today.abandoned,
        figures.today.answered,
        rate(&figures.today),
        rate(&figures.thirty_days)
    )
}

/// `sip: 9 live of at most 30, 2.5 calls per second of at most 5`
fn of_trunk(trunk: &TrunkStatus) -> String {
    let most = |most: Option<String>| most.map_or_else(String::new, |m| format!(" of at most {m}"));
    let mut text = format!(
        "{}: {} live{}, {} calls per second{}",
        trunk.name,
        trunk.live,
        most(trunk.max_live.map(|live| live.to_string())),
        per_second(trunk.calls_lately),
        most(trunk.calls_per_second.map(|rate| rate.to_string())),
    );
    if let Some((pace, since)) = trunk.back_off {
        let _ = write!(text, ", backs off since {since}: {pace} calls per second");
    }
    text
}

/// The calls of the metered seconds, as calls per second with one place.
fn per_second(calls: usize) -> String {
    let tenths = calls as u64 * 10 / u64::from(METERED_S);
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// `5: 3 stop, 2 start`
fn campaigns_by_status(status: &Status) -> String {
    let with = |wanted| match wanted {
        CampaignStatus::Stop => status.campaigns.saturating_sub(status.running.len()),
        other => status.running.iter().filter(|campaign| campaign.status == other).count(),
    };
    let counts = CampaignStatus::ALL.map(|wanted| (wanted, with(wanted)));
    let counts = counts.iter().filter(|(_, count)| *count > 0);
    let counts: Vec<_> = counts.map(|(of, count)| format!("{count} {}", of.name())).collect();
    match counts.is_empty() {
        true => "none".to_owned(),
        false => counts.join(", "),
    }
}

fn timings(out: &mut String, name: &str, timings: &Timings) {
    let mut sorted = timings.last.clone();
    sorted.sort_unstable();
    if sorted.is_empty() {
        return line(out, name, format_args!("{}", timings.count));
    }
    let at = |percent: usize| ms(sorted[(sorted.len() - 1) * percent / 100]);
    line(
        out,
        name,
        format_args!(
            "{}, of the last {}: half within {} ms, 99 % within {} ms, all within {} ms",
            timings.count,
            sorted.len(),
            at(50),
            at(99),
            at(100)
        ),
    );
}

fn ms(time: Duration) -> String {
    format!("{:.2}", time.as_secs_f64() * 1_000.0)
}

/// `3 days 04:05:06`
fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    let (days, hours) = (seconds / 86_400, seconds / 3_600 % 24);
    let clock = format!("{hours:02}:{:02}:{:02}", seconds / 60 % 60, seconds % 60);
    match days {
        0 => clock,
        1 => format!("1 day {clock}"),
        _ => format!("{days} days {clock}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialer::RunningCampaign;
    use crate::domain::{CampaignId, DialingStatus, TeamName, Timestamp};
    use crate::pacing::{Ceiling, Pace};
    use uuid::Uuid;

    fn host() -> HostStatus {
        HostStatus {
            version: "0.1.0".to_owned(),
            asterisk: "22.10.1".to_owned(),
            uptime: Duration::from_secs(86_400 + 3 * 3_600 + 4 * 60 + 5),
            commands: 1,
            events: 2,
            calls_to_place: 3,
            results_waiting: 4,
            claims: Timings { count: 2, last: vec![Duration::from_micros(19); 2] },
            commits: Timings { count: 1_234, last: (1..=100).map(Duration::from_millis).collect() },
            starts: Timings::default(),
            timeouts: Timings::default(),
            panics: 0,
            fault: None,
        }
    }

    fn campaign(name: Option<&str>, status: CampaignStatus) -> RunningCampaign {
        let id = CampaignId(Uuid::from_u128(7));
        RunningCampaign {
            id,
            name: name.map(str::to_owned),
            status,
            dialings: 9,
            answered: 4,
            figures: CampaignFigures {
                campaign: id,
                today: DayFigures::default(),
                thirty_days: DayFigures::default(),
                team: None,
            },
        }
    }

    fn with_agents(mut campaign: RunningCampaign) -> RunningCampaign {
        campaign.figures.today = DayFigures { answered: 40, abandoned: 1, ..DayFigures::default() };
        campaign.figures.thirty_days =
            DayFigures { answered: 1_000, abandoned: 12, ..DayFigures::default() };
        campaign.figures.team = Some(TeamStatus {
            name: TeamName::Queue("sales".to_owned()),
            free: 2,
            ringing: 1,
            busy: 3,
            wrapping_up: 4,
            paused: 5,
            away: 6,
            waiting: 7,
            coming: 8,
        });
        campaign
    }

    fn trunk(name: &str) -> TrunkStatus {
        TrunkStatus {
            name: name.to_owned(),
            live: 7,
            max_live: None,
            calls_lately: 12,
            calls_per_second: None,
            back_off: None,
        }
    }

    #[test]
    fn one_screen() {
        let status = Status {
            campaigns: 5,
            running: vec![
                with_agents(campaign(Some("Sales"), CampaignStatus::Start)),
                campaign(None, CampaignStatus::Pausing),
            ],
            by_status: vec![(DialingStatus::DialBegin, 5), (DialingStatus::OriginateResponded, 4)],
            calls_lately: 123,
            dialings: 9,
            answered: 4,
            max_dialings: 500,
            calls_per_second: 50,
            trunks: vec![
                TrunkStatus { max_live: Some(30), calls_per_second: Some(5), ..trunk("north") },
                TrunkStatus { back_off: Some((Pace(2_500), Timestamp(0))), ..trunk("south") },
            ],
            ceiling: Some(Ceiling::Load { load: 310, most: 300, is_ours: true }),
        };
        let wanted = "\
Version            0.1.0 on Asterisk 22.10.1
Up                 1 day 03:04:05
Campaigns          3 stop, 1 start, 1 pausing
                   Sales: start, 9 live, 4 answered
                     queue sales: 2 agents free, 8 with a call, 5 paused, 6 away; 8 calls coming, 7 callers waiting
                     abandoned: 1 of 40 people today (2.50 %), 1.20 % in 30 days
                   00000000-0000-0000-0000-000000000007: pausing, 9 live, 4 answered
Live dialings      9 of at most 500, 4 of them answered
                   5 dial begin, 4 answered
Calls per second   12.3 in the last 10 seconds, at most 50
Trunks             north: 7 live of at most 30, 1.2 calls per second of at most 5
                   south: 7 live, 1.2 calls per second, backs off since 1970-01-01T00:00:00.000000000Z: 2.5 calls per second
Held back by       max_load: the load is 3.10, allowed is 3.00
Queues             1 commands, 2 call events, 3 calls to place
Results waiting    4
Claims             2, of the last 2: half within 0.02 ms, 99 % within 0.02 ms, all within 0.02 ms
Commits            1234, of the last 100: half within 50.00 ms, 99 % within 99.00 ms, all within 100.00 ms
Answer to start    0
Timeouts late      0
Panics caught      0
Fault              none
";
        assert_eq!(view(&host(), Some(&status)), wanted);
    }

    #[test]
    fn one_that_does_not_answer() {
        let fault = Some("disk full\nor not".to_owned());
        let host = HostStatus { fault, ..host() };
        let text = view(&host, None);
        assert!(text.contains("\nDialer             does not answer now\n"), "{text}");
        assert!(text.contains("\nCommits            1234, of the last 100: "), "{text}");
        assert!(text.ends_with("\nFault              disk full or not\n"), "{text}");
    }

    #[test]
    fn many_campaigns_stay_on_one_screen() {
        let running = vec![campaign(Some("a"), CampaignStatus::Start); CAMPAIGNS_SHOWN + 3];
        let status = Status { campaigns: running.len(), running, ..Status::default() };
        let text = view(&host(), Some(&status));
        assert!(text.contains("Campaigns          15 start\n"), "{text}");
        assert!(text.contains("\n                   and 3 more\n"), "{text}");
    }
}
