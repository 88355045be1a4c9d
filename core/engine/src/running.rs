//! Which process runs a stage, so that `status` can tell a running stage from one whose process was killed.
//!
//! Kept beside status.json, whose format is upstream's.

use std::path::{Path, PathBuf};

use model::effects::{Attributes, FileError};
use model::{Paths, Stage, System};

use crate::report::Recoverable;
use crate::status::{StatusFile, is_unfinished, recorded};

/// The record in the run directory, which is empty at every boot.
fn path(paths: &Paths) -> PathBuf {
    paths.run(".stage-process")
}

/// When a process started, in ticks since the boot: IDs are used again, both together are not (proc_pid_stat(5)).
fn start_time(system: &System, pid: u32) -> Option<u64> {
    let text = system.files.text(&Path::new("/proc").join(pid.to_string()).join("stat"))?;
    // The second field is the name, which may contain anything.
    let mut fields = text.rsplit_once(')')?.1.split_ascii_whitespace();
    let state = fields.next()?;
    let started = fields.nth(18)?.parse().ok()?;
    (!matches!(state, "Z" | "X")).then_some(started)
}

/// Records that this process runs a stage.
///
/// # Errors
///
/// If the record cannot be written.
pub fn record(system: &System, paths: &Paths, stage: Stage) -> Result<(), FileError> {
    let pid = system.environment.pid();
    let Some(started) = start_time(system, pid) else { return Ok(()) };
    let text = format!("{} {pid} {started}\n", stage.status_name());
    system.files.write(&path(paths), text.as_bytes(), &Attributes::mode(0o644))
}

/// Whether the process that ran a stage no longer exists; false if it is not known.
pub(crate) fn has_died(system: &System, paths: &Paths, stage: &str) -> bool {
    let Some(text) = system.files.text(&path(paths)) else { return false };
    let mut words = text.split_ascii_whitespace();
    let (Some(name), Some(pid), Some(started)) = (words.next(), words.next(), words.next()) else {
        return false;
    };
    let (Ok(pid), Ok(started)) = (pid.parse::<u32>(), started.parse::<u64>()) else { return false };
    // Stages follow each other: what another one has recorded is over.
    name != stage || start_time(system, pid) != Some(started)
}

/// The error of a stage whose process was killed together with its supervisor.
pub(crate) fn died_message(stage: &str) -> String {
    format!(
        "The process of stage {stage} ended without finishing it, for example by SIGKILL; see cloud-init.log and the \
         kernel log (dmesg)"
    )
}

/// Closes earlier stages whose process was killed, so that result.json contains them.
pub fn close_dead(system: &System, paths: &Paths, before: Stage) {
    let Some(status) = recorded(system, paths) else { return };
    let earlier = [Stage::Local, Stage::Network, Stage::Config].into_iter().filter(|stage| *stage < before);
    for stage in earlier {
        let name = stage.status_name();
        if !is_unfinished(&status["v1"][name]) || !has_died(system, paths, name) {
            continue;
        }
        let message = died_message(name);
        tracing::info!("{message}");
        let closed = StatusFile::resume(system, paths, stage, &Recoverable::default())
            .and_then(|status| status.finish(None, &[message]));
        if let Err(error) = closed {
            tracing::warn!("{error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_known_by_its_id_and_its_start() {
        let stat = |started: u64, state: char| {
            format!("1 (a) b) {state} 0 1 1 0 -1 4194560 1 1 1 1 1 1 1 1 20 0 1 0 {started} 1 1")
        };
        let paths = Paths::default();
        let (system, _) = system::Scratch::new().file("/proc/1/stat", stat(77, 'S')).system();
        assert!(!has_died(&system, &paths, "init"), "nothing is recorded");
        record(&system, &paths, Stage::Network).expect("written");
        assert_eq!(system.files.text(&path(&paths)).as_deref(), Some("init 1 77\n"));
        assert!(!has_died(&system, &paths, "init"));
        assert!(has_died(&system, &paths, "init-local"));
        for now in [stat(78, 'S'), stat(77, 'Z'), String::new()] {
            system
                .files
                .write(Path::new("/proc/1/stat"), now.as_bytes(), &Attributes::default())
                .expect("written");
            assert!(has_died(&system, &paths, "init"), "{now}");
        }
        for garbage in ["", "init", "init x y", "init 1 77 3 []"] {
            system.files.write(&path(&paths), garbage.as_bytes(), &Attributes::default()).expect("written");
            assert_eq!(has_died(&system, &paths, "init"), garbage.starts_with("init 1"), "{garbage}");
        }
    }
}
