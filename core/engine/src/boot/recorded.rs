//! A user's commands, which run after their record has reached the disk: they may shut down the machine.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use model::effects::{Command, CommandError, Commands, Conversation, FileError, Output};
use model::module::Semaphores as _;
use model::{Frequency, System};

use crate::semaphore::FileSemaphores;

/// Waits for the record.
type Settle = Box<dyn Fn() -> Result<(), FileError> + Send + Sync>;

/// The commands of a module that is recorded before it runs. A module without any needs no wait.
struct Recorded {
    below: Arc<dyn Commands>,
    settle: Settle,
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
    semaphores.note(name, frequency)?;
    let (files, semaphores, name) = (system.files.clone(), semaphores.clone(), name.to_owned());
    let settle = move || {
        files.settle().inspect_err(|_| {
            // The next boot tries again.
            if let Err(error) = semaphores.clear(&name, frequency) {
                tracing::warn!("{error}");
            }
        })
    };
    Ok(waiting(system, Box::new(settle)))
}

fn waiting(system: &System, settle: Settle) -> System {
    let recorded = Recorded { below: system.commands.clone(), settle, settled: OnceLock::new() };
    System { commands: Arc::new(recorded), ..system.clone() }
}

impl Recorded {
    fn settle(&self, command: &Command) -> Result<&dyn Commands, CommandError> {
        let settled = self.settled.get_or_init(|| {
            (self.settle)()
                .map_err(|error| format!("this cannot be recorded and it would run at every boot: {error}"))
        });
        match settled {
            Ok(()) => Ok(self.below.as_ref()),
            Err(reason) => Err(CommandError::Io {
                command: command.shown().join(" "),
                source: std::io::Error::other(reason.clone()),
            }),
        }
    }
}

impl Commands for Recorded {
    fn run(&self, command: &Command) -> Result<Output, CommandError> {
        self.settle(command)?.run(command)
    }

    fn which(&self, program: &str) -> Option<PathBuf> {
        self.below.which(program)
    }

    fn spawn_detached(&self, command: &Command) -> Result<(), CommandError> {
        self.settle(command)?.spawn_detached(command)
    }

    fn converse(&self, command: &Command) -> Result<Option<Box<dyn Conversation>>, CommandError> {
        self.settle(command)?.converse(command)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use model::Paths;

    use super::*;

    #[test]
    fn the_first_command_waits_for_the_record_and_the_others_do_not() {
        let (system, recording) = system::Scratch::new().program("/usr/bin/one").system();
        let syncs = Arc::new(AtomicUsize::new(0));
        let counted = syncs.clone();
        let settle = move || {
            counted.fetch_add(1, Ordering::Relaxed);
            Ok(())
        };
        let machine = waiting(&system, Box::new(settle));
        assert_eq!(machine.commands.which("none"), None);
        assert_eq!(machine.commands.which("one"), Some(PathBuf::from("/usr/bin/one")));
        assert_eq!(syncs.load(Ordering::Relaxed), 0);
        machine.commands.run(&Command::line(["one"])).expect("it runs");
        machine.commands.spawn_detached(&Command::line(["two"])).expect("it runs");
        assert_eq!(syncs.load(Ordering::Relaxed), 1);
        assert_eq!(recording.effects().len(), 2);
    }

    #[test]
    fn nothing_runs_that_could_not_be_recorded() {
        let (system, recording) = system::Scratch::new().system();
        let settle =
            || Err(FileError::new("sync", Path::new("/"), std::io::Error::other("input/output error")));
        let machine = waiting(&system, Box::new(settle));
        for _ in 0..2 {
            let error = machine.commands.run(&Command::line(["one"])).expect_err("refused").to_string();
            assert_eq!(
                error,
                "cannot run 'one': this cannot be recorded and it would run at every boot: cannot sync /: input/output \
                 error"
            );
        }
        assert!(recording.effects().is_empty());
    }

    #[test]
    fn the_record_comes_first() {
        let (system, _) = system::Scratch::new().system();
        let semaphores = FileSemaphores::new(&system, &Paths::default());
        recorded(&system, &semaphores, "config-runcmd", Frequency::Instance).expect("recorded");
        assert!(semaphores.has_run("config-runcmd", Frequency::Instance));
    }
}
