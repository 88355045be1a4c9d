//! `status`.

use std::path::Path;
use std::time::Duration;

use engine::health::Health;
use engine::json;
use model::{Paths, System};
use yaml::write::{Style, dump};

use crate::cli::{Format, Status};
use crate::output;

/// Every step of a boot changes a file; only a unit that systemd could not start changes none. So long after the last
/// change the units are looked at again.
const UNITS: Duration = Duration::from_secs(5);

/// Waits for the end of the boot; a point for each change that is not yet it.
fn wait(system: &System, paths: &Paths, format: Format) -> Health {
    let data = paths.cloud_dir.join("data");
    // Before the first look, so that no change falls between the two.
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
            // No inotify here (a sandbox, or too many watches): look from time to time.
            system.clock.sleep(Duration::from_secs(1));
        }
    }
}

/// Prints how cloud-init is doing; 0 healthy, 1 error, 2 recoverable errors.
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
            // Two spaces here, one in the files: so the original prints it.
            output::line(&json::indented(&health.document(), "  "));
        }
        Format::Yaml => {
            let node = model::Node::from_json(health.document(), &model::Origin::built_in());
            output::line(&dump(&node.to_yaml().value, &Style::default()));
        }
    }
    health.exit_code()
}
