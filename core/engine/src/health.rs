//! cloud-init's status, for `status`, `cloud-id` and everything that waits for the end of a boot.

use std::path::Path;

use model::Order as _;
use model::distro::Init;
use model::effects::{Command, Timestamp};
use model::{Paths, Stage, System};
use serde_json::{Map, Value, json};

use crate::config::kernel_command_line;
use crate::status::is_unfinished;
use crate::{json, running};

/// The running state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Running {
    /// No stage has started.
    NotStarted,
    /// A stage is running, or the next one has not started yet.
    Running,
    /// The final stage has finished.
    Done,
    /// cloud-init is disabled.
    Disabled,
}

impl Running {
    /// The printed form.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotStarted => "not started",
            Self::Running => "running",
            Self::Done => "done",
            Self::Disabled => "disabled",
        }
    }
}

/// The result so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// A stage failed.
    Error,
    /// There were recoverable errors.
    Degraded,
    /// No errors.
    Healthy,
}

/// Whether cloud-init is enabled, and by what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BootStatus {
    /// `enabled-by-generator`, …
    pub code: &'static str,
    /// A description.
    pub reason: String,
}

/// The complete status.
#[derive(Clone, Debug, PartialEq)]
pub struct Health {
    /// The running state.
    pub running: Running,
    /// The result so far.
    pub condition: Condition,
    /// Whether it is enabled.
    pub boot: BootStatus,
    /// The data source, the running stage, or why cloud-init is disabled.
    pub detail: String,
    /// Errors.
    pub errors: Vec<String>,
    /// Recoverable errors, by level.
    pub recoverable: Map<String, Value>,
    /// When a stage last started or finished.
    pub last_update: String,
    /// The data source's name in lower case; `None` while searching, empty before the first stage.
    pub datasource: Option<String>,
    /// The stages of status.json.
    pub stages: Map<String, Value>,
}

/// The file that disables cloud-init.
const DISABLED_FILE: &str = "/etc/cloud/cloud-init.disabled";

fn uses_systemd(system: &System) -> bool {
    Init::of(system.files.as_ref()) == Init::Systemd
}

/// What the scripts of OpenRC, sysvinit and the BSDs check before a stage: the file, and a part of the kernel command
/// line. They have no generator.
fn scripts_status(system: &System, cmdline: &str) -> BootStatus {
    let status = |code, reason: String| BootStatus { code, reason };
    if system.files.exists(Path::new(DISABLED_FILE)) {
        status("disabled-by-marker-file", format!("Cloud-init disabled by {DISABLED_FILE}"))
    } else if cmdline.contains("cloud-init=disabled") {
        let reason = "Cloud-init disabled by kernel parameter cloud-init=disabled";
        status("disabled-by-kernel-command-line", reason.to_owned())
    } else {
        status("enabled-by-sysvinit", "Cloud-init enabled on sysvinit".to_owned())
    }
}

/// Whether cloud-init is enabled.
pub fn boot_status(system: &System, paths: &Paths) -> BootStatus {
    let cmdline = kernel_command_line(system);
    let says = |word: &str| cmdline.split_ascii_whitespace().any(|found| found == word);
    let status = |code, reason: &str| BootStatus { code, reason: reason.to_owned() };
    let by_variable = || {
        let own = system.environment.var("KERNEL_CMDLINE").unwrap_or_default();
        own.contains("cloud-init=disabled")
            // Only systemd has a manager environment, and only its generator reads it.
            || system
                .commands
                .run(&Command::line(["systemctl", "show-environment"]))
                .is_ok_and(|output| output.text().contains("cloud-init=disabled"))
    };
    if !uses_systemd(system) {
        scripts_status(system, &cmdline)
    } else if says("cloud-init=enabled") {
        status(
            "enabled-by-kernel-command-line",
            "Cloud-init enabled by kernel command line cloud-init=enabled",
        )
    } else if system.files.exists(Path::new(DISABLED_FILE)) {
        status("disabled-by-marker-file", &format!("Cloud-init disabled by {DISABLED_FILE}"))
    } else if says("cloud-init=disabled") {
        status(
            "disabled-by-kernel-command-line",
            "Cloud-init disabled by kernel parameter cloud-init=disabled",
        )
    } else if by_variable() {
        status(
            "disabled-by-environment-variable",
            "Cloud-init disabled by environment variable KERNEL_CMDLINE=cloud-init=disabled",
        )
    } else if system.files.exists(&paths.run("disabled")) {
        status("disabled-by-generator", "Cloud-init disabled by cloud-init-generator")
    } else if system.files.exists(&paths.run("enabled")) {
        status("enabled-by-generator", "Cloud-init enabled by systemd cloud-init-generator")
    } else {
        status("unknown", "Systemd generator may not have run yet.")
    }
}

/// Whether a unit failed without a record in status.json: the program may not have started. Only systemd provides these
/// properties of units.
fn systemd_failed(system: &System) -> bool {
    for unit in ["cloud-final", "cloud-config", "cloud-init-network", "cloud-init-local"] {
        let command = Command::line([
            "systemctl",
            "show",
            "--property=ActiveState,UnitFileState,SubState,MainPID",
            &format!("{unit}.service"),
        ]);
        let Ok(output) = system.commands.run(&command) else {
            tracing::warn!("Failed to get status from systemd. Cloud-init status may be inaccurate.");
            return false;
        };
        let text = output.text();
        let state = |name: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
                .unwrap_or_default()
                .trim()
                .to_owned()
        };
        let (active, sub, file) = (state("ActiveState"), state("SubState"), state("UnitFileState"));
        if !file.starts_with("enabled") && file != "static" {
            return true;
        }
        if active == "active" && sub == "exited" {
            continue;
        }
        return active == "failed" || sub == "failed";
    }
    false
}

/// The services of OpenRC, with the stages they run.
const SERVICES: [(&str, Stage); 4] = [
    ("cloud-final", Stage::Final),
    ("cloud-config", Stage::Config),
    ("cloud-init", Stage::Network),
    ("cloud-init-local", Stage::Local),
];

/// Whether OpenRC will never finish the boot: a service is in no runlevel, or it failed before its stage was recorded.
/// A stage with errors also fails its service, but the next one runs nevertheless.
fn openrc_failed(system: &System, stages: &Map<String, Value>) -> bool {
    if !system.files.exists(Path::new("/run/openrc/softlevel")) {
        return false;
    }
    let runlevels = Path::new("/etc/runlevels");
    let levels = system.files.list(runlevels).unwrap_or_default();
    SERVICES.iter().any(|(service, stage)| {
        let enabled = levels
            .iter()
            .any(|level| matches!(system.files.lstat(&runlevels.join(level).join(service)), Ok(Some(_))));
        let begun = stages.get(stage.status_name()).is_some_and(|stage| !stage["start"].is_null());
        let failed =
            matches!(system.files.lstat(&Path::new("/run/openrc/failed").join(service)), Ok(Some(_)));
        !enabled || (failed && !begun)
    })
}

impl Health {
    /// Reads the status.
    pub fn read(system: &System, paths: &Paths) -> Self {
        let boot = boot_status(system, paths);
        let status = json::read(system, &paths.run("status.json")).unwrap_or(Value::Null);
        let mut stages = status["v1"].as_object().cloned().unwrap_or_default();
        let described = match stages.shift_remove("datasource") {
            None => Some(String::new()),
            Some(name) => name.as_str().map(str::to_owned),
        };
        let datasource = described
            .as_deref()
            .map(|name| name.split(' ').next().unwrap_or_default().to_lowercase().replace("datasource", ""));
        let described = described.unwrap_or_default();
        let mut detail = match stages.get("stage").and_then(Value::as_str) {
            _ if !described.is_empty() => described,
            Some(stage) => format!("Running in stage: {stage}"),
            None => boot.reason.clone(),
        };
        let latest = stages
            .values()
            .flat_map(|stage| [stage["start"].as_f64(), stage["finished"].as_f64()])
            .flatten()
            .fold(0.0, f64::max);
        let mut names: Vec<&String> = stages.keys().collect();
        names.order();
        let (mut errors, mut recoverable, mut dead) = (Vec::new(), Map::new(), Vec::new());
        for name in names {
            let stage = &stages[name];
            if is_unfinished(stage) && running::has_died(system, paths, name) {
                dead.push(name.as_str());
                errors.push(running::died_message(name));
            }
            errors.extend(
                stage["errors"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(|error| error.as_str().map(str::to_owned)),
            );
            for (level, messages) in stage["recoverable_errors"].as_object().into_iter().flatten() {
                let all = recoverable.entry(level.clone()).or_insert_with(|| json!([]));
                if let (Some(all), Some(more)) = (all.as_array_mut(), messages.as_array()) {
                    all.extend(more.iter().cloned());
                }
            }
        }
        let mut condition = match (errors.is_empty(), recoverable.is_empty()) {
            (false, _) => Condition::Error,
            (true, false) => Condition::Degraded,
            (true, true) => Condition::Healthy,
        };
        let begun = system.files.exists(&paths.run("status.json"));
        let ended = system.files.exists(&paths.run("result.json"));
        let mut running = match () {
            () if boot.code.starts_with("disabled") => Running::Disabled,
            // No other stage follows.
            () if dead.contains(&Stage::Final.status_name()) => Running::Done,
            () if begun && !ended => Running::Running,
            () if latest > 0.0 => Running::Done,
            () => Running::NotStarted,
        };
        if running == Running::Running && uses_systemd(system) && systemd_failed(system) {
            running = Running::Done;
            condition = Condition::Error;
            "Failed due to systemd unit failure".clone_into(&mut detail);
            errors.push(
                "Failed due to systemd unit failure. Ensure all cloud-init services are enabled, and check 'systemctl' \
                 or 'journalctl' for more information."
                    .to_owned(),
            );
        }
        if running == Running::Running
            && Init::of(system.files.as_ref()) == Init::OpenRc
            && openrc_failed(system, &stages)
        {
            running = Running::Done;
            condition = Condition::Error;
            "Failed due to OpenRC service failure".clone_into(&mut detail);
            errors.push(
                "Failed due to OpenRC service failure. Ensure all cloud-init services are in a runlevel, and check \
                 'rc-status' for more information."
                    .to_owned(),
            );
        }
        let last_update = if latest > 0.0 {
            // The stages record seconds since boot, which upstream prints as if since 1970.
            Timestamp(std::time::Duration::from_secs_f64(latest)).rfc2822(0)
        } else {
            String::new()
        };
        Self { running, condition, boot, detail, errors, recoverable, last_update, datasource, stages }
    }

    /// Whether cloud-init has finished, or will not run.
    pub fn is_settled(&self) -> bool {
        !matches!(self.running, Running::NotStarted | Running::Running)
    }

    /// `status` and `extended_status`.
    pub fn words(&self) -> (String, String) {
        let running = self.running.name();
        match self.condition {
            Condition::Error => ("error".into(), format!("error - {running}")),
            Condition::Degraded if matches!(self.running, Running::Done | Running::Running) => {
                (running.into(), format!("degraded {running}"))
            }
            _ => (running.into(), running.into()),
        }
    }

    /// 0 healthy, 1 error, 2 recoverable errors.
    pub fn exit_code(&self) -> u8 {
        match self.condition {
            Condition::Error => 1,
            Condition::Degraded => 2,
            Condition::Healthy => 0,
        }
    }

    /// The document for JSON and YAML output.
    pub fn document(&self) -> Value {
        let (status, extended) = self.words();
        let mut document = json!({
            "datasource": self.datasource,
            "boot_status_code": self.boot.code,
            "status": status,
            "extended_status": extended,
            "detail": self.detail,
            "errors": self.errors,
            "recoverable_errors": self.recoverable,
            "last_update": self.last_update,
        });
        for (name, stage) in &self.stages {
            document[name] = stage.clone();
        }
        document
    }

    /// The text output.
    pub fn table(&self, long: bool) -> String {
        let (status, extended) = self.words();
        let mut text = format!("status: {status}\n");
        if !long {
            return text;
        }
        text.push_str(&format!("extended_status: {extended}\nboot_status_code: {}\n", self.boot.code));
        if !self.last_update.is_empty() {
            text.push_str(&format!("last_update: {}\n", self.last_update));
        }
        let errors = if self.errors.is_empty() {
            " []".into()
        } else {
            format!("\n\t- {}", self.errors.join("\n\t- "))
        };
        text.push_str(&format!("detail: {}\nerrors:{errors}\n", self.detail));
        if self.recoverable.is_empty() {
            text.push_str("recoverable_errors: {}\n");
            return text;
        }
        text.push_str("recoverable_errors:\n");
        for (level, messages) in &self.recoverable {
            text.push_str(&format!("{level}:\n"));
            for message in messages.as_array().into_iter().flatten() {
                text.push_str(&format!("\t- {}\n", message.as_str().unwrap_or_default().replace('\n', " ")));
            }
        }
        text
    }
}

#[cfg(test)]
mod tests;
