//! What a log reports, whichever words it uses: modules with frequency and result, steps, commands, warnings.

use std::collections::BTreeMap;

use crate::questions::only_asks;
use crate::tree::{Outcome, State};

/// Steps whose names are those of the stages.
const STAGES: &[&str] = &["init-local", "init-network", "modules-config", "modules-final"];

/// The events of one log as entries named `log:STAGE: WHAT`, and commands that only ask as `asked:STAGE: WHAT`.
pub fn read(log: &str) -> Outcome {
    let mut reader = Reader::default();
    for line in log.lines() {
        reader.line(line);
    }
    reader.finish()
}

#[derive(Default)]
struct Reader {
    stage: String,
    /// The steps that are open, the innermost last.
    open: Vec<String>,
    found: BTreeMap<String, Vec<String>>,
}

impl Reader {
    fn add(&mut self, what: &str, event: &str) {
        self.add_to("log", what, event);
    }

    fn add_to(&mut self, kind: &str, what: &str, event: &str) {
        let stage = if self.stage.is_empty() { "none" } else { &self.stage };
        self.found.entry(format!("{kind}:{stage}: {what}")).or_default().push(event.to_owned());
    }

    /// One line: `DATE TIME,MS - FILE[LEVEL]: MESSAGE`; the further lines of a message have no such head.
    fn line(&mut self, line: &str) {
        let Some((file, level, message)) = parse(line) else { return };
        if let Some(stage) = message.strip_prefix("Cloud-init v. ").and_then(|rest| quoted(rest, "running '"))
        {
            stage.clone_into(&mut self.stage);
            self.open.clear();
        }
        if ["WARNING", "ERROR", "CRITICAL"].contains(&level) {
            let step = self.open.last().cloned().unwrap_or_else(|| "no step".to_owned());
            self.add(&format!("problems in {step}"), level);
        }
        match file {
            "handlers.py" => self.step(message),
            "subp.py" => self.command(message),
            _ => self.skipped(message),
        }
    }

    fn step(&mut self, message: &str) {
        if let Some(rest) = message.strip_prefix("start: ") {
            let (name, words) = rest.split_once(": ").unwrap_or((rest, ""));
            // The original opens a stage's step before its log: only the end is in both.
            if !STAGES.contains(&name) {
                self.open.push(name.to_owned());
            }
            if let (Some(module), Some((_, frequency))) = (module(name), words.rsplit_once("with frequency "))
            {
                self.add(&format!("module {module}"), &format!("ran {frequency}"));
                self.add("order of modules", &module);
            }
        } else if let Some(rest) = message.strip_prefix("finish: ") {
            let mut words = rest.splitn(3, ": ");
            let (name, result) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            if let Some(position) = self.open.iter().rposition(|open| open == name) {
                self.open.truncate(position);
            }
            match module(name) {
                Some(module) => self.add(&format!("module {module}"), result),
                None if STAGES.contains(&name) => self.add("stage", result),
                None => self.add(&format!("step {name}"), result),
            }
        }
    }

    fn command(&mut self, message: &str) {
        let Some(rest) = message.strip_prefix("Running command ") else { return };
        let words = rest.split(" with allowed return codes").next().unwrap_or(rest);
        // The original has some in tuples.
        let words = words.strip_prefix("('").and_then(|words| words.strip_suffix(')')).unwrap_or(words);
        let words = words.trim_matches(['[', ']']).replace('\'', "").replace(", ", " ");
        let words: Vec<String> = words.split(' ').map(without_random).collect();
        let kind = if only_asks(&words) { "asked" } else { "log" };
        self.add_to(kind, &format!("command {}", words.join(" ")), "ran");
    }

    fn skipped(&mut self, message: &str) {
        if let (Some(names), Some((_, reason))) =
            (quoted(message, "Skipping modules '"), message.split_once("' because "))
        {
            let reason = if reason.contains("no applicable config") {
                "has no configuration"
            } else {
                "is not verified"
            };
            for name in names.split(',') {
                self.add(&format!("module {}", plain(name)), reason);
            }
        } else if let Some(name) =
            message.strip_prefix("Module ").and_then(|rest| rest.strip_suffix(" is not in this build"))
        {
            self.add(&format!("module {}", plain(name)), "is not in this build");
        } else if message.contains(" already ran (freq=") {
            let name = message.split_whitespace().next().unwrap_or_default();
            self.add(&format!("module {}", plain(name.trim_start_matches("config-"))), "ran before");
        }
    }

    fn finish(self) -> Outcome {
        let state = |(name, events): (String, Vec<String>)| {
            let content = if name.contains(": problems in ") {
                // A fault that is logged twice, or at two levels, is one event.
                "reported".to_owned()
            } else {
                events.join("\n")
            };
            (name, State { head: String::new(), content })
        };
        self.found.into_iter().map(state).collect()
    }
}

fn parse(line: &str) -> Option<(&str, &str, &str)> {
    let (_, rest) = line.get(..19).filter(|head| head.as_bytes()[4] == b'-').and(line.split_once(" - "))?;
    let (file, rest) = rest.split_once('[')?;
    let (level, message) = rest.split_once("]: ")?;
    Some((file, level, message))
}

fn quoted<'a>(text: &'a str, before: &str) -> Option<&'a str> {
    text.split_once(before)?.1.split('\'').next()
}

/// Python names temporary files `tmp` and eight random letters.
fn without_random(word: &str) -> String {
    let (above, name) = word.rsplit_once('/').unwrap_or(("", word));
    match name.strip_prefix("tmp").and_then(|rest| rest.split_at_checked(8)) {
        Some((random, ending)) if random.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') => {
            format!("{above}/tmpRANDOM{ending}")
        }
        _ => word.to_owned(),
    }
}

/// The name of the module that a step runs.
fn module(step: &str) -> Option<String> {
    Some(plain(step.rsplit_once('/')?.1.strip_prefix("config-")?))
}

/// Names of modules are written with `-` and with `_`.
fn plain(name: &str) -> String {
    name.replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "\
2026-11-27 15:28:17,258 - log_util.py[DEBUG]: Cloud-init v. 26.2 running 'init' at Fri, 27 Nov 2026. Up 3.88 seconds.
2026-11-27 15:28:17,300 - handlers.py[DEBUG]: start: init-network: searching
2026-11-27 15:28:17,400 - subp.py[DEBUG]: Running command ['ip', '-o', '/run/tmp/tmpwcv66bfo.sh'] with allowed return codes [0] (shell=False, capture=True)
2026-11-27 15:28:17,400 - subp.py[DEBUG]: Running command ['ip', 'link', 'set', 'lo', 'up'] with allowed return codes [0] (shell=False, capture=True)
2026-11-27 15:28:17,400 - subp.py[DEBUG]: Running command ('debconf-set-selections', '-') with allowed return codes [0] (shell=False, capture=True)
2026-11-27 15:28:18,263 - modules.py[INFO]: Skipping modules 'bootcmd,ca-certs' because no applicable config is provided.
2026-11-27 15:28:18,263 - modules.rs[DEBUG]: Module disk-setup is not in this build
2026-11-27 15:28:18,263 - handlers.py[DEBUG]: start: init-network/config-seed_random: running config-seed_random with frequency once-per-instance
2026-11-27 15:28:18,270 - util.py[WARNING]: no seed
of any kind
2026-11-27 15:28:18,271 - util.py[ERROR]: no seed
2026-11-27 15:28:18,292 - handlers.py[DEBUG]: finish: init-network/config-seed_random: FAIL: it failed (duration: 0.028s)
2026-11-27 15:28:18,293 - modules.py[WARNING]: Running module seed_random failed
2026-11-27 15:28:18,300 - handlers.py[DEBUG]: finish: init-network: SUCCESS: searching (duration: 0.028s)
";

    #[test]
    fn reads_events() {
        let found = read(LOG);
        let events: Vec<(&str, &str)> =
            found.iter().map(|(name, state)| (name.as_str(), state.content.as_str())).collect();
        assert_eq!(
            events,
            [
                ("asked:init: command ip -o /run/tmp/tmpRANDOM.sh", "ran"),
                ("log:init: command debconf-set-selections -", "ran"),
                ("log:init: command ip link set lo up", "ran"),
                ("log:init: module bootcmd", "has no configuration"),
                ("log:init: module ca_certs", "has no configuration"),
                ("log:init: module disk_setup", "is not in this build"),
                ("log:init: module seed_random", "ran once-per-instance\nFAIL"),
                ("log:init: order of modules", "seed_random"),
                ("log:init: problems in init-network/config-seed_random", "reported"),
                ("log:init: problems in no step", "reported"),
                ("log:init: stage", "SUCCESS"),
            ]
        );
    }
}
