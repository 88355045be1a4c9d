//! Runs that would do the same work at the same time take turns.

use std::time::Duration;

use model::Paths;
use system::{Holder, LOCK_NAME, StageLock, Turn};

use crate::output;

/// How often the console is told what a stage is waiting for.
const INTERVAL: Duration = Duration::from_secs(60);
/// How long a command by hand waits for a stage.
const PATIENCE: Duration = Duration::from_secs(600);

/// Whether to run, and what was taken for it.
pub(crate) enum Entry {
    /// Run; the lock is missing where there can be none, or if a parent holds it.
    Run(Option<StageLock>),
    /// Do not run: exit with this code.
    Exit(u8),
}

impl Entry {
    /// For a boot stage, which waits for as long as it takes. With `coalesce`, one that another process finishes in the
    /// meantime is not run again.
    pub(super) fn of_stage(paths: &Paths, name: &str, coalesce: bool) -> Self {
        system::keep_descriptors_from_commands();
        let told = system::tell_of_waiting(INTERVAL, |message| {
            tracing::info!("{message}");
            output::error(message);
        });
        if let Err(error) = told {
            tracing::debug!("long waits are not reported: {error}");
        }
        Self::take(paths, name, coalesce, None)
    }

    /// For a command that is usually run by hand, and gives up after ten minutes.
    pub(crate) fn of_command(paths: &Paths, name: &str) -> Self {
        system::keep_descriptors_from_commands();
        Self::take(paths, name, false, Some(PATIENCE))
    }

    fn take(paths: &Paths, name: &str, coalesce: bool, limit: Option<Duration>) -> Self {
        let path = paths.run(LOCK_NAME);
        match StageLock::take(&path, name, coalesce, limit, output::error) {
            Ok(Turn::Mine(lock)) => Self::Run(Some(lock)),
            Ok(Turn::Within(holder)) => {
                tracing::debug!("{name} was started by {holder}: not waiting for its end");
                Self::Run(None)
            }
            Ok(Turn::Done(Holder { pid, .. }, code)) => {
                output::error(&format!(
                    "{name} was run by process {pid} in the meantime: nothing left to do"
                ));
                Self::Exit(code)
            }
            Ok(Turn::Busy(holder)) => {
                output::error(&format!(
                    "error: {name} cannot run while {holder} is running; try again when it has finished, see cloud-init \
                     status --wait"
                ));
                Self::Exit(1)
            }
            Err(error) => {
                tracing::warn!(
                    "cannot lock {}: {error}; continuing, but nothing prevents a second run at the same time",
                    path.display()
                );
                Self::Run(None)
            }
        }
    }
}
