//! `status`.

use std::path::Path;
use std::time::Duration;

use engine::health::Health;
use engine::json;
use model::{Paths, System};
use system::{Holder, LOCK_NAME};
use yaml::write::{Style, dump};

use crate::cli::{Format, Status};
use crate::output;

/// Each step of a boot changes a file, except for a unit that systemd failed to start. The units are checked again this
/// long after the last change.
const UNITS: Duration = Duration::from_secs(5);
/// How often the running module is looked up, which changes no name in a directory.
const PROGRESS: Duration = Duration::from_secs(1);
/// The exit code of timeout(1), for a boot that did not finish in time.
const TIMED_OUT: u8 = 124;

/// The end of waiting.
enum Waited {
    Settled(Health),
    TimedOut(Health),
}

/// Waits for the end of the boot, printing a dot for each change until then.
fn wait(system: &System, paths: &Paths, options: &Status) -> Waited {
    let data = paths.cloud_dir.join("data");
    // Before the first check, so that no change is missed in between.
    let mut changes = system.files.watch(&[&paths.run_dir, &data, Path::new("/etc/cloud")]).ok();
    let begun = system.clock.monotonic();
    let left = || {
        let waited = system.clock.monotonic().saturating_sub(begun);
        options.timeout.map(|limit| limit.saturating_sub(waited))
    };
    let mut last = None;
    loop {
        let health = Health::read(system, paths);
        if health.is_settled() {
            return Waited::Settled(health);
        }
        if options.format == Format::Tabular {
            output::text(".");
        }
        let checked = system.clock.monotonic();
        let mut changed = false;
        while !changed && system.clock.monotonic().saturating_sub(checked) < UNITS {
            tell_progress(system, paths, begun, &mut last);
            let pause = left().map_or(PROGRESS, |left| left.min(PROGRESS));
            if pause.is_zero() {
                return Waited::TimedOut(health);
            }
            match changes.as_mut().map(|changes| changes.wait(pause)) {
                Some(Ok(noticed)) => changed = noticed,
                // inotify is unavailable (a sandbox, or too many watches): poll.
                Some(Err(_)) | None => {
                    system.clock.sleep(pause);
                    changed = true;
                }
            }
        }
    }
}

/// Prints the running stage and module, if they have changed, and the time since the wait began.
fn tell_progress(system: &System, paths: &Paths, begun: Duration, last: &mut Option<Holder>) {
    let text = system.files.text(&paths.run(LOCK_NAME)).unwrap_or_default();
    let Some(running) = Holder::parse(&text).filter(|holder| holder.done.is_none()) else { return };
    // What a killed process has left is not running.
    let runs = system.files.exists(&Path::new("/proc").join(running.pid.to_string()));
    if !runs || last.as_ref() == Some(&running) {
        return;
    }
    let module = running.module.as_ref().map(|module| format!(", module {module}")).unwrap_or_default();
    let waited = system.clock.monotonic().saturating_sub(begun).as_secs();
    output::error(&format!("running stage {}{module} ({waited} s)", running.stage));
    *last = Some(running);
}

/// Prints cloud-init's status; returns 0 if healthy, 1 on errors, 2 on recoverable errors, 124 after the time limit.
pub(crate) fn run(options: &Status) -> u8 {
    let system = super::host();
    let (_, paths) = super::configuration(&system);
    let file = paths.run("status.json");
    if let Ok(Some(bytes)) = system.files.read_optional(&file)
        && let Err(error) = serde_json::from_slice::<serde_json::Value>(&bytes)
    {
        output::error(&format!("error: {}: not valid JSON: {error}", file.display()));
        return 1;
    }
    let waited = if options.wait {
        wait(&system, &paths, options)
    } else {
        Waited::Settled(Health::read(&system, &paths))
    };
    let (health, timed_out) = match waited {
        Waited::Settled(health) => (health, false),
        Waited::TimedOut(health) => (health, true),
    };
    match options.format {
        Format::Tabular => output::text(&health.table(options.long)),
        Format::Json => {
            // Like upstream, indents by two spaces here and by one in files.
            output::line(&json::indented(&health.document(), "  "));
        }
        Format::Yaml => {
            let node = model::Node::from_json(health.document(), &model::Origin::built_in());
            output::line(&dump(&node.to_yaml().value, &Style::default()));
        }
    }
    if timed_out {
        let limit = options.timeout.unwrap_or_default().as_secs_f32();
        output::error(&format!("error: cloud-init has not finished within {limit} s"));
        return TIMED_OUT;
    }
    health.exit_code()
}
