//! `clean`.

use engine::clean::{self, Options};
use model::effects::Command;

use super::boot::turn::Entry;
use crate::cli::Clean;
use crate::output;

/// Removes the state, and reboots if requested; or lists what there is to remove.
pub(crate) fn run(options: &Clean) -> u8 {
    let system = super::host();
    let (config, paths) = super::configuration(&system);
    if options.check {
        let remains = clean::remains(&system, &paths, &config);
        for remain in &remains {
            output::line(&format!("{}: {}; {}", remain.path.display(), remain.what, remain.advice));
        }
        return u8::from(!remains.is_empty());
    }
    // State that a running stage is writing would be removed in part.
    let _lock = match Entry::of_command(&paths, "clean") {
        Entry::Run(lock) => lock,
        Entry::Exit(code) => return code,
    };
    let wanted = Options {
        logs: options.logs,
        seed: options.seed,
        machine_id: options.machine_id,
        configs: options.configs.clone(),
    };
    match clean::run(&system, &paths, &config, &wanted) {
        Ok(notes) => notes.iter().for_each(|note| output::error(note)),
        Err(error) => {
            output::error(&format!("ERROR: {error}"));
            return 1;
        }
    }
    if options.reboot {
        let command = Command::line(["shutdown", "-r", "now"]).inherit_output();
        if let Err(error) = system.commands.run(&command) {
            output::error(&format!("ERROR: Could not reboot this system: {error}"));
            return 1;
        }
    }
    0
}
