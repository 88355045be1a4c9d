//! `status`.

use std::path::Path;
use std::time::Duration;

use engine::health::Health;
use engine::json;
use model::{Paths, System};
use system::{Holder, LOCK_NAME};
use yaml::write::{self, dump};

use crate::cli::{Format, Status};
use crate::output::{self, Screen, Style};

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

/// How a terminal shows a line of the status.
fn style(line: &str) -> Style {
    match line.split_once(": ") {
        Some(("status" | "extended_status", value)) => match value {
            "done" => Style::Green,
            value if value.starts_with("error") => Style::Red,
            value if value.starts_with("degraded") || value.contains("running") => Style::Yellow,
            _ => Style::Plain,
        },
        _ if line.starts_with("\t- ") => Style::Yellow,
        _ => Style::Plain,
    }
}

/// Waits for the end of the boot, and tells meanwhile how far it is.
fn wait(system: &System, paths: &Paths, options: &Status) -> Waited {
    let begun = system.clock.monotonic();
    let mut progress = Progress { line: Screen::stderr().can_replace(), begun, last: None };
    // People read the line instead.
    let dots = options.format == Format::Tabular && !(progress.line && Screen::stdout().can_replace());
    let waited = until_settled(system, paths, options.timeout, dots, &mut progress);
    progress.end();
    waited
}

/// Waits for the end of the boot; with `dots`, prints one for each change until then, like upstream.
fn until_settled(
    system: &System,
    paths: &Paths,
    timeout: Option<Duration>,
    dots: bool,
    progress: &mut Progress,
) -> Waited {
    let data = paths.cloud_dir.join("data");
    // Before the first check, so that no change is missed in between.
    let mut changes = system.files.watch(&[&paths.run_dir, &data, Path::new("/etc/cloud")]).ok();
    let begun = progress.begun;
    let left = || {
        let waited = system.clock.monotonic().saturating_sub(begun);
        timeout.map(|limit| limit.saturating_sub(waited))
    };
    loop {
        let health = Health::read(system, paths);
        if health.is_settled() {
            return Waited::Settled(health);
        }
        if dots {
            output::text(".");
        }
        let checked = system.clock.monotonic();
        let mut changed = false;
        while !changed && system.clock.monotonic().saturating_sub(checked) < UNITS {
            progress.tell(system, paths);
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

/// What `status --wait` tells meanwhile on standard error.
struct Progress {
    /// A single line, which is replaced.
    line: bool,
    begun: Duration,
    last: Option<Holder>,
}

impl Progress {
    /// Shows the running stage and module and the time since the wait began: on a terminal at each call, elsewhere if
    /// stage or module have changed.
    fn tell(&mut self, system: &System, paths: &Paths) {
        let running = running(system, paths);
        let waited = system.clock.monotonic().saturating_sub(self.begun).as_secs();
        let told = match &running {
            Some(Holder { stage, module: Some(module), .. }) => {
                format!("running stage {stage}, module {module}")
            }
            Some(Holder { stage, .. }) => format!("running stage {stage}"),
            None => "waiting for cloud-init".to_owned(),
        };
        let told = format!("{told} ({waited} s)");
        if self.line {
            // The cursor stays in the same line.
            let columns = Screen::stderr().columns().map_or(usize::MAX, |columns| columns - 1);
            output::replace_line(&told.chars().take(columns).collect::<String>());
        } else if running.is_some() && running != self.last {
            output::error(&told);
            self.last = running;
        }
    }

    fn end(&self) {
        if self.line {
            output::replace_line("");
        }
    }
}

/// The process that runs a stage.
fn running(system: &System, paths: &Paths) -> Option<Holder> {
    let text = system.files.text(&paths.run(LOCK_NAME)).unwrap_or_default();
    let running = Holder::parse(&text).filter(|holder| holder.done.is_none())?;
    // What a killed process has left is not running.
    system.files.exists(&Path::new("/proc").join(running.pid.to_string())).then_some(running)
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
        Format::Tabular => output::styled(&health.table(options.long), style),
        Format::Json => {
            // Like upstream, indents by two spaces here and by one in files.
            output::line(&json::indented(&health.document(), "  "));
        }
        Format::Yaml => {
            let node = model::Node::from_json(health.document(), &model::Origin::built_in());
            output::line(&dump(&node.to_yaml().value, &write::Style::default()));
        }
    }
    if timed_out {
        let limit = options.timeout.unwrap_or_default().as_secs_f32();
        output::error(&format!("error: cloud-init has not finished within {limit} s"));
        return TIMED_OUT;
    }
    health.exit_code()
}
