//! A user's commands, which run after their record has reached the disk: they may shut down the machine.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use model::effects::{Command, CommandError, Commands, Conversation, FileError, Output};
use model::module::Semaphores as _;
use model::{Frequency, System};

use crate::semaphore::FileSemaphores;

/// The commands of a module that is recorded before it runs. A module without any needs no wait.
struct Recorded {
    system: System,
    semaphores: FileSemaphores,
    name: String,
    frequency: Frequency,
    /// The reason for which nothing runs, once known.
    settled: OnceLock<Result<(), String>>,
}

/// Records a module, and returns the machine on which its commands wait for the record to reach the disk.
pub(super) fn recorded(
    system: &System,
    semaphores: &FileSemaphores,
    name: &str,
    frequency: Frequency,
) -> Result<System, FileError> {
    // Whatever the commands find shall be as durable as the record.
    semaphores.note(name, frequency)?;
    let recorded = Recorded {
        system: system.clone(),
        semaphores: semaphores.clone(),
        name: name.to_owned(),
        frequency,
        settled: OnceLock::new(),
    };
    Ok(System { commands: Arc::new(recorded), ..system.clone() })
}

impl Recorded {
    fn settle(&self, command: &Command) -> Result<(), CommandError> {
        let settled = self.settled.get_or_init(|| {
            self.system.files.settle().map_err(|error| {
                // The next boot tries again.
                if let Err(error) = self.semaphores.clear(&self.name, self.frequency) {
                    tracing::warn!("{error}");
                }
                format!("this cannot be recorded and it would run at every boot: {error}")
            })
        });
        settled.clone().map_err(|reason| CommandError::Io {
            command: command.shown().join(" "),
            source: std::io::Error::other(reason),
        })
    }
}

impl Commands for Recorded {
    fn run(&self, command: &Command) -> Result<Output, CommandError> {
        self.settle(command)?;
        self.system.commands.run(command)
    }

    fn which(&self, program: &str) -> Option<PathBuf> {
        self.system.commands.which(program)
    }

    fn spawn_detached(&self, command: &Command) -> Result<(), CommandError> {
        self.settle(command)?;
        self.system.commands.spawn_detached(command)
    }

    fn converse(&self, command: &Command) -> Result<Option<Box<dyn Conversation>>, CommandError> {
        self.settle(command)?;
        self.system.commands.converse(command)
    }
}
