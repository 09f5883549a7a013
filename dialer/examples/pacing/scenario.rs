//! A day of a campaign: agents, people who are called, and limits, from a JSON file.

use crate::random::Random;
use serde_json::Value;

#[derive(Debug, Clone)]
pub struct Scenario {
    pub name: String,
    pub seed: u64,
    pub replications: u64,
    pub duration_s: f64,
    pub start_hour: f64,
    pub target: f64,
    pub agents: usize,
    pub agent_events: Vec<AgentEvent>,
    /// Shares of all dials; the rest is not answered.
    pub live: f64,
    pub busy: f64,
    pub machine: f64,
    pub live_rate_steps: Vec<(f64, f64)>,
    pub live_rate_cycle: Cycle,
    pub talk_cycle: Cycle,
    pub setup_s: Distribution,
    pub ring_live_s: Distribution,
    pub ring_machine_s: Distribution,
    pub no_answer_timeout_s: f64,
    pub amd: Amd,
    pub talk_s: Distribution,
    pub wrap_s: Distribution,
    pub abandon_after_s: f64,
    pub lines: usize,
    pub calls_per_second: f64,
}

/// Agents who come or go.
#[derive(Debug, Clone)]
pub struct AgentEvent {
    pub at_s: f64,
    pub is_login: bool,
    pub agents: Vec<usize>,
}

#[derive(Debug, Clone)]
pub struct Amd {
    pub machine_verdict_s: Distribution,
    pub human_verdict_s: Distribution,
    pub false_positive: f64,
    pub false_negative: f64,
    pub missed_machine_talk_s: Distribution,
    pub missed_machine_wrap_s: Distribution,
}

/// A wave around 1.
#[derive(Debug, Clone, Default)]
pub struct Cycle {
    pub amplitude: f64,
    pub period_s: f64,
    pub phase: f64,
}

impl Cycle {
    pub fn at(&self, time: f64) -> f64 {
        if self.amplitude == 0.0 {
            return 1.0;
        }
        1.0 + self.amplitude * (std::f64::consts::TAU * time / self.period_s + self.phase).sin()
    }
}

/// A distribution of seconds.
#[derive(Debug, Clone)]
pub enum Distribution {
    Fixed(f64),
    Uniform(f64, f64),
    Normal(f64, f64),
    /// The logarithm has this mean and deviation.
    Lognormal(f64, f64),
    Exponential(f64),
    /// With weights that need not add up to 1.
    Mix(Vec<(f64, Distribution)>),
    Clipped(f64, f64, Box<Distribution>),
}

impl Distribution {
    pub fn sample(&self, random: &mut Random) -> f64 {
        match self {
            Distribution::Fixed(value) => *value,
            Distribution::Uniform(min, max) => min + (max - min) * random.uniform(),
            Distribution::Normal(mean, deviation) => mean + deviation * random.normal(),
            Distribution::Lognormal(mu, sigma) => (mu + sigma * random.normal()).exp(),
            Distribution::Exponential(mean) => random.exponential(*mean),
            Distribution::Mix(parts) => {
                let all: f64 = parts.iter().map(|(weight, _)| weight).sum();
                let mut at = random.uniform() * all;
                let chosen = parts.iter().find(|(weight, _)| {
                    at -= weight;
                    at < 0.0
                });
                chosen.or(parts.last()).map_or(0.0, |(_, part)| part.sample(random))
            }
            Distribution::Clipped(low, high, inner) => inner.sample(random).clamp(*low, *high),
        }
        .max(0.0)
    }

    fn read(value: &Value) -> Result<Distribution, String> {
        if let Some(fixed) = value.as_f64() {
            return Ok(Distribution::Fixed(fixed));
        }
        let number = |name: &str| number(value, name);
        let kind = value["dist"].as_str().ok_or("a distribution has no \"dist\"")?;
        let distribution = match kind {
            "uniform" => Distribution::Uniform(number("min")?, number("max")?),
            "normal" => Distribution::Normal(number("mean")?, number("sd")?),
            "exponential" => Distribution::Exponential(number("mean")?),
            "lognormal" if value.get("median").is_some() => {
                Distribution::Lognormal(number("median")?.ln(), number("sigma")?)
            }
            "lognormal" => {
                let (mean, variation) = (number("mean")?, number("cv")?);
                let square = (1.0 + variation * variation).ln();
                Distribution::Lognormal(mean.ln() - square / 2.0, square.sqrt())
            }
            "mix" => {
                let parts = value["of"].as_array().ok_or("a mix has no \"of\"")?;
                let read =
                    |part: &Value| Ok((self::number(part, "weight")?, Distribution::read(part)?));
                Distribution::Mix(parts.iter().map(read).collect::<Result<_, String>>()?)
            }
            other => return Err(format!("unknown distribution \"{other}\"")),
        };
        let Some(clip) = value.get("clip") else { return Ok(distribution) };
        match (clip[0].as_f64(), clip[1].as_f64()) {
            (Some(low), Some(high)) if low <= high => {
                Ok(Distribution::Clipped(low, high, Box::new(distribution)))
            }
            _ => Err("\"clip\" must be [low, high]".to_owned()),
        }
    }
}

impl Scenario {
    pub fn read(text: &str) -> Result<Scenario, String> {
        let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if value["format"] != "pacing-scenario/1" {
            return Err("\"format\" must be \"pacing-scenario/1\"".to_owned());
        }
        let (agents, outcomes, amd) = (&value["agents"], &value["outcomes"], &value["amd"]);
        let count = whole(agents, "count")?;
        let distribution = |name: &str| {
            Distribution::read(&value[name]).map_err(|error| format!("{name}: {error}"))
        };
        let of_amd = |name: &str| {
            Distribution::read(&amd[name]).map_err(|error| format!("amd.{name}: {error}"))
        };
        let steps = list(&value, "live_rate_steps")?.iter();
        let events = list(agents, "events")?.iter();
        Ok(Scenario {
            name: value["name"].as_str().ok_or("\"name\" is missing")?.to_owned(),
            seed: whole(&value, "seed")? as u64,
            replications: whole(&value, "replications")? as u64,
            duration_s: number(&value, "duration_s")?,
            start_hour: number(&value, "start_hour")?,
            target: number(&value["policy"], "target_abandonment")?,
            agents: count,
            agent_events: events
                .map(|event| agent_event(event, count))
                .collect::<Result<_, String>>()?,
            live: number(outcomes, "live")?,
            busy: number(outcomes, "busy")?,
            machine: number(outcomes, "machine")?,
            live_rate_steps: steps
                .map(|step| Ok((number(step, "at_s")?, number(step, "factor")?)))
                .collect::<Result<_, String>>()?,
            live_rate_cycle: cycle(&value["live_rate_cycle"])?,
            talk_cycle: cycle(&value["talk_cycle"])?,
            setup_s: distribution("setup_s")?,
            ring_live_s: distribution("ring_live_s")?,
            ring_machine_s: distribution("ring_machine_s")?,
            no_answer_timeout_s: number(&value, "no_answer_timeout_s")?,
            amd: Amd {
                machine_verdict_s: of_amd("machine_verdict_s")?,
                human_verdict_s: of_amd("human_verdict_s")?,
                false_positive: number(amd, "false_positive")?,
                false_negative: number(amd, "false_negative")?,
                missed_machine_talk_s: of_amd("missed_machine_talk_s")?,
                missed_machine_wrap_s: of_amd("missed_machine_wrap_s")?,
            },
            talk_s: distribution("talk_s")?,
            wrap_s: distribution("wrap_s")?,
            abandon_after_s: number(&value, "abandon_after_s")?,
            lines: whole(&value["limits"], "lines")?,
            calls_per_second: number(&value["limits"], "cps")?,
        })
    }

    /// The share of dials at a time of the day that somebody answers.
    pub fn live_at(&self, time: f64) -> f64 {
        let steps = self.live_rate_steps.iter().rev();
        let factor =
            steps.into_iter().find(|(at, _)| *at <= time).map_or(1.0, |(_, factor)| *factor);
        let most = (1.0 - self.busy - self.machine).max(0.0);
        (self.live * factor * self.live_rate_cycle.at(time)).clamp(0.0, most.max(self.live))
    }
}

fn agent_event(event: &Value, count: usize) -> Result<AgentEvent, String> {
    let (from, to) = (whole(event, "from")?, whole(event, "to")?);
    let step = event["step"].as_u64().unwrap_or(1).max(1) as usize;
    if to >= count {
        return Err(format!("agent {to} is more than \"count\""));
    }
    let is_login = match event["do"].as_str() {
        Some("login") => true,
        Some("leave") => false,
        _ => return Err("\"do\" must be \"login\" or \"leave\"".to_owned()),
    };
    let agents = (from..=to).step_by(step).collect();
    Ok(AgentEvent { at_s: number(event, "at_s")?, is_login, agents })
}

fn cycle(value: &Value) -> Result<Cycle, String> {
    Ok(Cycle {
        amplitude: number(value, "amplitude")?,
        period_s: number(value, "period_s")?,
        phase: number(value, "phase")?,
    })
}

fn number(value: &Value, name: &str) -> Result<f64, String> {
    value[name].as_f64().ok_or_else(|| format!("\"{name}\" must be a number"))
}

fn whole(value: &Value, name: &str) -> Result<usize, String> {
    let whole = value[name].as_u64().ok_or_else(|| format!("\"{name}\" must be a whole number"))?;
    Ok(whole as usize)
}

fn list<'a>(value: &'a Value, name: &str) -> Result<&'a Vec<Value>, String> {
    value[name].as_array().ok_or_else(|| format!("\"{name}\" must be a list"))
}
