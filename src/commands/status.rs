//! `status`.

use std::path::Path;
use std::time::Duration;

use engine::health::Health;
use engine::json;
use model::{Paths, System};
use yaml::write::{Style, dump};

use crate::cli::{Format, Status};
use crate::output;

/// Each step of a boot changes a file, except for a unit that systemd failed to start. The units are checked again this
/// long after the last change.
const UNITS: Duration = Duration::from_secs(5);

/// Waits for the end of the boot, printing a dot for each change until then.
fn wait(system: &System, paths: &Paths, format: Format) -> Health {
    let data = paths.cloud_dir.join("data");
    // Before the first check, so that no change is missed in between.
    let mut changes = system.files.watch(&[&paths.run_dir, &data, Path::new("/etc/cloud")]).ok();
    loop {
        let health = Health::read(system, paths);
        if health.is_settled() {
            return health;
        }
        if format == Format::Tabular {
            output::text(".");
        }
        let waited = changes.as_mut().is_some_and(|changes| changes.wait(UNITS).is_ok());
        if !waited {
            // inotify is unavailable (a sandbox, or too many watches): poll.
            system.clock.sleep(Duration::from_secs(1));
        }
    }
}

/// Prints cloud-init's status; returns 0 if healthy, 1 on errors, 2 on recoverable errors.
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
    let health =
        if options.wait { wait(&system, &paths, options.format) } else { Health::read(&system, &paths) };
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
    health.exit_code()
}
