//! `status`.

use std::time::Duration;

use engine::health::Health;
use engine::json::sorted;
use yaml::write::{Style, dump};

use crate::cli::{Format, Status};
use crate::output;

/// How often a waiting command looks.
const POLL: Duration = Duration::from_millis(250);

/// Prints how cloud-init is doing; 0 healthy, 1 error, 2 recoverable errors.
pub(crate) fn run(options: &Status) -> u8 {
    let system = super::host();
    let (_, paths) = super::configuration(&system);
    let mut health = Health::read(&system, &paths);
    while options.wait && !health.is_settled() {
        if options.format == Format::Tabular {
            output::text(".");
        }
        system.clock.sleep(POLL);
        health = Health::read(&system, &paths);
    }
    match options.format {
        Format::Tabular => output::text(&health.table(options.long)),
        Format::Json => {
            // Two spaces here, one in the files: so the original prints it.
            let text = serde_json::to_string_pretty(&sorted(&health.document())).unwrap_or_default();
            output::line(&text);
        }
        Format::Yaml => {
            let node = model::Node::from_json(health.document(), &model::Origin::built_in());
            output::line(&dump(&node.to_yaml().value, &Style::default()));
        }
    }
    health.exit_code()
}
