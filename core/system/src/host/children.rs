//! Tracks running commands, so that they can be ended with this process.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Pid;

use super::processes::{self, Family};
use super::shared::Slot;
use super::spawn::{Child, Start};

/// How long commands may take to exit after SIGTERM.
const GRACE: Duration = Duration::from_secs(2);

/// One per process, like signals.
static CHILDREN: Mutex<Children> = Mutex::new(Children { ending: false, running: Vec::new() });

struct Children {
    /// No more commands are started, and waiting for one waits until this process exits.
    ending: bool,
    running: Vec<Entry>,
}

struct Entry {
    pid: Pid,
    /// Whether it leads a process group.
    group: bool,
    shown: Vec<String>,
    since: Instant,
}

fn children() -> MutexGuard<'static, Children> {
    CHILDREN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A running command; dropping it ends the tracking.
pub(super) struct Running {
    pid: Pid,
    _slot: Option<Slot>,
}

impl Drop for Running {
    fn drop(&mut self) {
        children().running.retain(|entry| entry.pid != self.pid);
    }
}

/// Starts a command, unless this process is exiting. With `group`, it leads a process group and ends with this process.
pub(super) fn spawn(start: &mut Start, group: bool, shown: Vec<String>) -> std::io::Result<(Child, Running)> {
    let mut children = children();
    while children.ending {
        drop(children);
        thread::park();
        children = self::children();
    }
    // If this process is killed, nobody would record its result. Without a process that ends it with all it has started, the
    // kernel ends the command only.
    let slot = if group { Slot::reserve() } else { None };
    start.setup.group = group;
    start.setup.bound = group && slot.is_none();
    let child = start.spawn(slot.as_ref())?;
    let running = Running { pid: child.pid, _slot: slot };
    children.running.push(Entry { pid: child.pid, group, shown, since: Instant::now() });
    Ok((child, running))
}

/// The running commands, with secrets replaced, and when they started.
pub(super) fn running() -> Vec<(Vec<String>, Instant)> {
    children().running.iter().map(|entry| (entry.shown.clone(), entry.since)).collect()
}

/// Blocks if this process is exiting: the stage that would continue is already closed.
pub(super) fn stop_if_ending() {
    while children().ending {
        thread::park();
    }
}

/// Prevents new commands. Returns the running ones, with secrets replaced.
pub(super) fn freeze() -> Vec<Vec<String>> {
    let mut children = children();
    children.ending = true;
    children.running.iter().map(|entry| entry.shown.clone()).collect()
}

/// Ends all running commands and all they have started.
pub(super) fn end() {
    let running: Vec<(Pid, bool)> = children().running.iter().map(|entry| (entry.pid, entry.group)).collect();
    let families = running.into_iter().map(|(pid, group)| Family::of(pid, group));
    processes::end(&mut families.collect::<Vec<_>>(), GRACE);
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::{Command as Program, Stdio};
    use std::time::Duration;

    use model::effects::{Command, CommandError, Commands as _};

    use super::super::commands::HostCommands;
    use super::*;

    fn until(what: &Path, limit: Duration) -> bool {
        let begun = Instant::now();
        while !what.exists() && begun.elapsed() < limit {
            thread::sleep(Duration::from_millis(10));
        }
        what.exists()
    }

    /// PR_SET_PDEATHSIG(2const): what the user of a terminal has started stays, as it would without this program.
    #[test]
    fn a_command_ends_with_this_process_unless_it_is_in_the_foreground() {
        for (place, survives) in [("background", false), ("foreground", true)] {
            let directory = tempfile::tempdir().expect("a directory");
            let status = Program::new(std::env::current_exe().expect("this test program"))
                .args(["--exact", "host::children::tests::of_a_process_that_ends", "--include-ignored"])
                .env("PLACE", place)
                .current_dir(directory.path())
                .stdout(Stdio::null())
                .status();
            assert_eq!(status.expect("it runs").code(), Some(7));
            let limit = Duration::from_secs(if survives { 20 } else { 1 });
            assert_eq!(until(&directory.path().join("survived"), limit), survives, "{place}");
        }
    }

    #[test]
    #[ignore = "is run by a_command_ends_with_this_process_unless_it_is_in_the_foreground"]
    fn of_a_process_that_ends() {
        let command = Command::line(["sh", "-c", "echo >started; sleep 0.5; echo >survived"]);
        let foreground = std::env::var("PLACE").expect("set") == "foreground";
        let command = if foreground { command.in_foreground() } else { command };
        thread::spawn(move || HostCommands::new(None).run(&command).map(drop));
        assert!(until(Path::new("started"), Duration::from_secs(20)));
        std::process::exit(7);
    }

    /// execve(2): ENOENT also if the interpreter of a script does not exist.
    #[test]
    fn a_program_without_its_interpreter_is_missing() {
        let directory = tempfile::tempdir().expect("a directory");
        let before = "printf '#!/no/such/interpreter\\n' >broken-tool; chmod +x broken-tool; export PATH=\"$PWD:$PATH\"";
        super::super::alone::passes(
            "children::tests::of_a_process_with_a_broken_tool",
            directory.path(),
            before,
        );
    }

    #[test]
    #[ignore = "is run by a_program_without_its_interpreter_is_missing"]
    fn of_a_process_with_a_broken_tool() {
        let run =
            |program: &str| HostCommands::new(None).run(&Command::new(program)).expect_err("it cannot run");
        assert!(matches!(run("broken-tool"), CommandError::NotFound(name) if name == "broken-tool"));
        let path = std::env::current_dir().expect("there").join("broken-tool").display().to_string();
        assert!(matches!(run(&path), CommandError::Io { command, .. } if command == path));
        // EACCES: the interpreter is no file.
        std::fs::write("broken-tool", "#!/\n").expect("written");
        assert!(matches!(run("broken-tool"), CommandError::Io { .. }));
    }
}
