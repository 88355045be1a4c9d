//! `devel hotplug-hook`, and both ends of the FIFO between the udev hook and hotplugd.

use std::path::Path;

use clap::Parser as _;
use engine::Boot;
use engine::boot::HotplugError;
use engine::report::Recoverable;
use model::distro::Init;
use model::{Node, Stage};
use system::fifo;

use crate::cli::{HookLine, HotplugAction, HotplugHook};
use crate::logging::Log;
use crate::output;

/// The socket unit's FIFO.
const FIFO: &str = "/run/cloud-init/share/hook-hotplug-cmd";
/// Reports to people what the hook did.
const HOOK_LOG: &str = "/run/cloud-init/hook-hotplug.log";

/// `devel hotplug-hook`.
pub(crate) fn run(options: &HotplugHook, debug: bool) -> u8 {
    let (system, registry) = (super::host(), crate::registry::registry());
    let recoverable = Recoverable::default();
    let log = Log::start(&system, &recoverable, true, debug);
    if matches!(options.action, HotplugAction::Enable) && system.environment.uid() != 0 {
        output::error("Root is required. Try prepending your command with sudo.");
        return 1;
    }
    let (_, paths) = super::configuration(&system);
    let system = super::keeping(&system, &paths);
    let mut boot = match Boot::new(&system, &registry, Stage::Final, Vec::new(), false) {
        Ok(boot) => boot,
        Err(error) => {
            log.configure(&Node::default(), debug);
            output::error(&format!("error: {error}"));
            return 1;
        }
    };
    log.configure(boot.config(), debug);
    tracing::debug!(target: "hotplug_hook.py", "hotplug-hook called with {:?} for subsystem {}", options.action, options.subsystem);
    let done = match &options.action {
        HotplugAction::Query => boot.hotplug_enabled().map(|enabled| {
            output::line(if enabled { "enabled" } else { "disabled" });
        }),
        HotplugAction::Handle { devpath, .. } => boot.handle_hotplug(devpath).map(drop),
        HotplugAction::Enable => boot.enable_hotplug().map(|new| {
            if !new {
                output::error("Not installing hotplug for event of type net. Reason: Already done.");
            }
            output::line(&format!("Enabled cloud-init hotplug for subsystem={}", options.subsystem));
        }),
    };
    match done {
        Ok(()) => 0,
        // Upstream prints this message on standard output.
        Err(error @ HotplugError::NoInstance) if matches!(options.action, HotplugAction::Query) => {
            output::line(&error.to_string());
            1
        }
        Err(error) => {
            tracing::error!("Received fatal exception handling hotplug! {error}");
            output::error(&format!("error: {error}"));
            1
        }
    }
}

/// `hook-hotplug`, run by udev: passes the event on and exits, because udev waits for it.
pub(crate) fn tell() -> u8 {
    let system = super::host();
    let listening = if Init::of(system.files.as_ref()) == Init::Systemd {
        fifo::is_fifo(Path::new(FIFO))
    } else {
        // Without socket units: only once the boot has finished.
        system.files.exists(Path::new("/run/cloud-init/result.json"))
    };
    let note = |text: &str| {
        let attributes = model::effects::Attributes::mode(0o644);
        if let Err(error) =
            system.files.append(Path::new(HOOK_LOG), format!("{text}\n").as_bytes(), &attributes)
        {
            output::error(&error.to_string());
        }
    };
    if !listening {
        note("Not running hotplug, not ready yet");
        return 0;
    }
    let variable = |name: &str| system.environment.var(name).unwrap_or_default();
    let line = format!(
        " --subsystem={} handle --devpath={} --udevaction={}",
        variable("SUBSYSTEM"),
        variable("DEVPATH"),
        variable("ACTION")
    );
    match fifo::tell(Path::new(FIFO), &line) {
        Ok(()) => {
            note(&format!("Running hotplug hook: {line}"));
            0
        }
        Err(error) => {
            note(&format!("Not running hotplug: {FIFO}: {error}"));
            1
        }
    }
}

/// `hotplugd`: handles the events from the hook. Started by the socket unit, it handles those that are queued;
/// otherwise it creates the FIFO and keeps running.
pub(crate) fn serve(debug: bool) -> u8 {
    let handle = |line: &str| match HookLine::try_parse_from(line.split_whitespace()) {
        Ok(told) => run(&told.hook, debug),
        Err(error) => {
            output::error(&format!("{FIFO}: {line}: {error}"));
            2
        }
    };
    let served = match fifo::handed_over() {
        Ok(Some(lines)) => {
            return lines
                .iter()
                .filter(|line| !line.trim().is_empty())
                .map(|line| handle(line))
                .max()
                .unwrap_or(0);
        }
        Ok(None) => fifo::follow(Path::new(FIFO), |line| {
            // The error is logged; it does not affect the next device.
            let _ = handle(line);
        }),
        Err(error) => Err(error),
    };
    match served {
        Ok(()) => 0,
        Err(error) => {
            output::error(&format!("error: {FIFO}: {error}"));
            1
        }
    }
}
