//! What it was measured on.

use std::fs;

use serde_json::{json, Value};

use crate::harness::{Options, Outcome};

#[derive(Debug)]
pub struct Machine {
    pub cpus: usize,
    pub model: String,
    pub kernel: String,
    pub asterisk: String,
    pub module: String,
    /// The load of the machine before anything was started here.
    pub load: String,
}

impl Machine {
    pub fn look() -> Outcome<Machine> {
        let load = read("/proc/loadavg").split_whitespace().take(3).collect::<Vec<_>>().join(" ");
        let asterisk = crate::harness::Asterisk::try_start(Options::default())?;
        let version = asterisk.try_rx("core show version")?;
        let status = asterisk.try_rx("out show status")?;
        let module = status.lines().find_map(|line| line.strip_prefix("Version"));
        let model = read("/proc/cpuinfo")
            .lines()
            .find_map(|line| Some(line.strip_prefix("model name")?.split_once(':')?.1.to_owned()));
        Ok(Machine {
            cpus: std::thread::available_parallelism().map_or(1, usize::from),
            model: model.unwrap_or_default().trim().to_owned(),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            asterisk: version.split_whitespace().take(2).collect::<Vec<_>>().join(" "),
            module: module.unwrap_or_default().trim().to_owned(),
            load,
        })
    }

    pub fn words(&self) -> String {
        let Machine { cpus, model, kernel, asterisk, module, load } = self;
        format!(
            "{cpus} processors ({model}), Linux {kernel}, {asterisk}, res_outbound {module}; \
             load before it began: {load}"
        )
    }

    pub fn json(&self) -> Value {
        json!({
            "cpus": self.cpus,
            "cpu_model": self.model,
            "kernel": self.kernel,
            "asterisk": self.asterisk,
            "module": self.module,
            "load_at_start": self.load,
        })
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}
