//! Processes of the real machine.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use model::effects::{Command, CommandError, Commands, Conversation, Output, Sink};

use super::exchange::Exchange;
use super::spawn::{self, Child, Start, Stream};
use super::{children, limits, wait};
use crate::programs::find;

/// Directories of programs that are always searched (a boot's PATH may lack /sbin).
pub(crate) const SYSTEM_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// How long the output of what a command has started is waited for: without a time limit, and after one.
const LONGEST: Duration = Duration::from_secs(3600);
const SHORTEST: Duration = Duration::from_millis(200);

/// Runs programs on the machine, or in a root with chroot.
pub(crate) struct HostCommands {
    prefix: Option<PathBuf>,
    /// By the words of the command.
    started: Mutex<HashMap<Vec<String>, Started>>,
}

/// A command that runs before its result is needed.
type Started = thread::JoinHandle<Result<Output, CommandError>>;

impl HostCommands {
    pub(crate) fn new(prefix: Option<PathBuf>) -> Self {
        Self { prefix: prefix.filter(|path| path != Path::new("/")), started: Mutex::default() }
    }

    /// The root that a command runs in, as this process sees it; `None` for the machine's own.
    fn root_of(&self, command: &Command) -> Option<PathBuf> {
        let own = self.prefix.as_deref();
        match (&command.root, own) {
            (None, own) => own.map(Path::to_owned),
            (Some(inner), own) => {
                let inside = inner.strip_prefix("/").unwrap_or(inner);
                Some(own.unwrap_or(Path::new("/")).join(inside)).filter(|root| root != Path::new("/"))
            }
        }
    }

    fn prepare(&self, command: &Command) -> Result<Start, CommandError> {
        let root = self.root_of(command);
        let program = if command.program.contains('/') {
            PathBuf::from(&command.program)
        } else {
            find(root.as_deref(), &command.program)
                .ok_or_else(|| CommandError::NotFound(command.program.clone()))?
        };
        let path = std::env::var_os("PATH").is_none().then_some(("PATH", SYSTEM_PATH));
        let changes = command.env.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let start = || {
            let arguments = command.args.iter().map(String::as_str);
            let mut start = Start::new(&program, arguments, changes.chain(path))?;
            let directory = command.directory.as_deref().map(|path| spawn::text(path.as_os_str()));
            start.setup.directory = directory.transpose()?;
            start.setup.root = root.as_ref().map(|path| spawn::text(path.as_os_str())).transpose()?;
            Ok(start)
        };
        start().map_err(|source| CommandError::Io { command: command.shown().join(" "), source })
    }
}

impl HostCommands {
    fn started(&self) -> MutexGuard<'_, HashMap<Vec<String>, Started>> {
        self.started.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run_now(&self, command: &Command) -> Result<Output, CommandError> {
        let shown = command.shown().join(" ");
        tracing::debug!(target: "subp.py", "{}", command.announcement());
        let mut prepared = self.prepare(command)?;
        prepared.setup.streams[0] = match &command.stdin {
            Some(_) => Stream::Pipe,
            None if command.foreground => Stream::Inherited,
            None => Stream::Null,
        };
        if command.sink == Sink::Capture {
            prepared.setup.streams[1..].fill(Stream::Pipe);
        }
        let failed = |source| CommandError::Io { command: shown.clone(), source };
        let (mut child, running) = match children::spawn(&mut prepared, !command.foreground, command.shown())
        {
            Ok(started) => started,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !command.program.contains('/') => {
                return Err(CommandError::NotFound(command.program.clone()));
            }
            Err(error) => return Err(failed(error)),
        };
        let started = Instant::now();
        let timeout = command.timeout.or_else(|| limits::of(command.class()));
        let input = command.stdin.as_ref().map(|input| input.expose().as_slice());
        let mut exchange = Exchange::new(&mut child, input).map_err(failed)?;
        let ended = exchange.until_end(&mut child, timeout.map(|limit| started + limit)).map_err(failed)?;
        let Some(status) = ended else {
            wait::end(&mut child, !command.foreground);
            return Err(CommandError::TimedOut { command: shown, limit: timeout.unwrap_or_default() });
        };
        drop(running);
        children::stop_if_ending();
        // A daemon started by the command may keep the pipes open: the output so far is sufficient.
        let patience = timeout.map_or(LONGEST, |limit| limit.saturating_sub(started.elapsed()));
        exchange.until_closed(Instant::now() + patience.max(SHORTEST)).map_err(failed)?;
        let [stdout, stderr] = exchange.collected;
        let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(-1);
        let output = Output { code, stdout, stderr };
        tracing::debug!(target: "subp.py", "Command {:?} ended with exit code {code}", command.program);
        command.result(output)
    }
}

impl Commands for HostCommands {
    fn run(&self, command: &Command) -> Result<Output, CommandError> {
        let started = self.started().remove(&command.shown());
        match started {
            Some(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
            None => self.run_now(command),
        }
    }

    fn can_start(&self) -> bool {
        true
    }

    fn start(&self, command: &Command) {
        let (own, given) = (Self::new(self.prefix.clone()), command.clone());
        // Without memory for a thread, it runs when its result is needed.
        if let Ok(thread) = thread::Builder::new().spawn(move || own.run_now(&given)) {
            self.started().insert(command.shown(), thread);
        }
    }

    fn is_started(&self, command: &Command) -> bool {
        self.started().contains_key(&command.shown())
    }

    fn run_all(&self, commands: &[Command]) -> Vec<Result<Output, CommandError>> {
        let Some((first, others)) = commands.split_first() else { return Vec::new() };
        thread::scope(|scope| {
            let run = |command| thread::Builder::new().spawn_scoped(scope, move || self.run(command));
            let running: Vec<_> = others.iter().map(|command| (command, run(command).ok())).collect();
            let mut results = vec![self.run(first)];
            // Without memory for a thread, one after the other.
            results.extend(running.into_iter().map(|(command, thread)| match thread {
                Some(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
                None => self.run(command),
            }));
            results
        })
    }

    fn which(&self, program: &str) -> Option<PathBuf> {
        find(self.prefix.as_deref(), program)
    }

    fn spawn_detached(&self, command: &Command) -> Result<(), CommandError> {
        let mut prepared = self.prepare(command)?;
        prepared.setup.streams = [Stream::Null; 3];
        // It outlives this process.
        prepared.setup.session = true;
        prepared
            .spawn(None)
            .map(drop)
            .map_err(|source| CommandError::Io { command: command.shown().join(" "), source })
    }

    fn converse(&self, command: &Command) -> Result<Option<Box<dyn Conversation>>, CommandError> {
        let failed = |source| CommandError::Io { command: command.shown().join(" "), source };
        let mut prepared = self.prepare(command)?;
        prepared.setup.streams[..2].fill(Stream::Pipe);
        tracing::debug!(target: "subp.py", "{}", command.announcement());
        let (mut child, running) = children::spawn(&mut prepared, true, command.shown()).map_err(failed)?;
        let [to, from, _] = std::mem::take(&mut child.streams);
        let from = from.ok_or_else(|| failed(std::io::ErrorKind::BrokenPipe.into()))?;
        let limit = command.timeout.or_else(|| limits::of(command.class()));
        let guard = limit.map(|limit| wait::Guard::new(&child, limit)).transpose().map_err(failed)?;
        Ok(Some(Box::new(Talk { child, _guard: guard, _running: running, to, from: BufReader::new(from) })))
    }
}

/// The maximum size of an answer.
const MAX_ANSWER: u64 = 16 << 20;

/// A child process with a dialog.
struct Talk {
    child: Child,
    /// Ends it after its time limit.
    _guard: Option<wait::Guard>,
    _running: children::Running,
    to: Option<File>,
    from: BufReader<File>,
}

impl Conversation for Talk {
    fn ask(&mut self, line: &str) -> Result<String, std::io::Error> {
        let to = self.to.as_mut().ok_or(std::io::ErrorKind::BrokenPipe)?;
        to.write_all(line.as_bytes())?;
        to.write_all(b"\n")?;
        to.flush()?;
        let mut answer = String::new();
        let read = (&mut self.from).take(MAX_ANSWER).read_line(&mut answer)?;
        if read == 0 || !answer.ends_with('\n') {
            children::stop_if_ending();
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        Ok(answer)
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        // Closing its input makes it exit.
        self.to = None;
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(command: &Command) -> Result<Output, CommandError> {
        HostCommands::new(None).run(command)
    }

    #[test]
    fn output_input_and_environment() {
        let command = Command::line(["sh", "-c", "cat; printf %s \"$WORD\"; printf err >&2; exit 3"])
            .stdin(*b"in-")
            .env("WORD", "env")
            .accept(&[3]);
        let output = run(&command).expect("3 is accepted");
        assert_eq!(output, Output { code: 3, stdout: b"in-env".to_vec(), stderr: b"err".to_vec() });
    }

    /// Each opens a FIFO that the other one opens, too: fifo(7), which waits for the other end.
    #[test]
    fn commands_run_side_by_side_and_their_results_have_their_order() {
        let directory = tempfile::tempdir().expect("a directory");
        let at = |script: &str| {
            let command = Command::line(["sh", "-c", script]).timeout(Duration::from_secs(20));
            Command { directory: Some(directory.path().to_owned()), ..command }
        };
        HostCommands::new(None).run(&at("mkfifo fifo")).expect("made");
        let commands = [at("cat fifo; echo 1"), at("exit 7"), at("echo written >fifo; echo 3")];
        let results = HostCommands::new(None).run_all(&commands);
        let texts: Vec<Result<String, bool>> = results
            .into_iter()
            .map(|result| {
                result
                    .map(|output| output.text())
                    .map_err(|error| matches!(error, CommandError::Failed { .. }))
            })
            .collect();
        assert_eq!(texts, [Ok("written\n1\n".to_owned()), Err(true), Ok("3\n".to_owned())]);
        assert!(HostCommands::new(None).run_all(&[]).is_empty());
    }

    #[test]
    fn a_started_command_runs_once_and_meanwhile() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = |name: &str| directory.path().join(name).display().to_string();
        let commands = HostCommands::new(None);
        let fifo = path("fifo");
        commands.run(&Command::line(["mkfifo", &fifo])).expect("made");
        let command = Command::line(["sh", "-c", "cat \"$0\" && echo ran >> \"$1\"", &fifo, &path("log")]);
        commands.start(&command);
        assert!(commands.is_started(&command));
        // It would wait forever if the other one did not run meanwhile.
        commands.run(&Command::line(["sh", "-c", "echo said > \"$0\"", &fifo])).expect("written");
        assert_eq!(commands.run(&command).expect("ran").stdout, b"said\n");
        assert!(!commands.is_started(&command));
        assert_eq!(std::fs::read_to_string(path("log")).expect("written"), "ran\n");
    }

    /// proc_pid_stat(5): the group is the third field after the name.
    #[test]
    fn only_a_command_in_the_foreground_has_the_input_and_the_group_of_this_process() {
        let directory = tempfile::tempdir().expect("a directory");
        let script =
            "read -r _ _ _ _ group _ </proc/$$/stat; echo \"$(readlink /proc/$$/fd/0) $group $$\" >shown";
        let shown = |mut command: Command| {
            command.directory = Some(directory.path().to_owned());
            run(&command).expect("it runs");
            let text = std::fs::read_to_string(directory.path().join("shown")).expect("written");
            let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
            (words[0].clone(), words[1] == words[2], words[1].clone())
        };
        let (input, leads, _) = shown(Command::line(["sh", "-c", script]));
        assert_eq!((input.as_str(), leads), ("/dev/null", true));
        let (input, leads, group) = shown(Command::line(["sh", "-c", script]).in_foreground());
        let own = std::fs::read_link("/proc/self/fd/0").expect("open");
        let pgrp = rustix::process::getpgrp().as_raw_nonzero().to_string();
        assert_eq!((Path::new(&input), leads, group), (own.as_path(), false, pgrp));
    }

    #[test]
    fn the_foreground_has_another_input() {
        let test =
            "commands::tests::only_a_command_in_the_foreground_has_the_input_and_the_group_of_this_process";
        super::super::alone::passes(test, Path::new("/"), "exec </proc/version");
    }

    #[test]
    fn a_failure_shows_no_secret() {
        let command = Command::line(["sh", "-c", "echo no >&2; exit 1", "sh"]).secret_arg("hunter2");
        let message = run(&command).expect_err("exit 1").to_string();
        assert!(message.ends_with("failed with exit code 1: no"), "{message}");
        assert!(!message.contains("hunter2"), "{message}");
    }

    #[test]
    fn a_time_limit_ends_the_children_too() {
        let started = Instant::now();
        let command = Command::line(["sh", "-c", "sleep 60 & sleep 60"]).timeout(Duration::from_millis(100));
        assert!(matches!(run(&command), Err(CommandError::TimedOut { .. })));
        assert!(started.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn what_a_command_leaves_running_does_not_take_its_output_away() {
        let command = Command::line(["sh", "-c", "echo out; echo err >&2; sleep 60 & exit 0"]);
        let output = run(&command.timeout(Duration::from_secs(1))).expect("it ends");
        assert_eq!((output.stdout.as_slice(), output.stderr.as_slice()), (&b"out\n"[..], &b"err\n"[..]));
    }

    #[test]
    fn a_command_that_ignores_its_end_is_killed_with_its_children() {
        let begun = Instant::now();
        let command = Command::line(["sh", "-c", "trap '' TERM; sleep 60 & wait; sleep 60"]);
        let error = run(&command.timeout(Duration::from_millis(100))).expect_err("it takes too long");
        assert!(error.to_string().contains("timed out after 0.1 s"), "{error}");
        assert!(begun.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn a_command_is_talked_to_and_its_end_is_told() {
        let script = "while read -r word; do [ \"$word\" = end ] && exit; echo \"<$word>\"; done";
        let talk = HostCommands::new(None).converse(&Command::line(["sh", "-c", script]));
        let mut talk = talk.expect("sh starts").expect("it runs");
        assert_eq!(talk.ask("one").expect("an answer"), "<one>\n");
        assert_eq!(talk.ask("two").expect("an answer"), "<two>\n");
        assert!(talk.ask("end").is_err());
    }

    /// A root that holds this machine's shell under these names, and what it loads.
    fn small_root(applets: &[&str]) -> tempfile::TempDir {
        let shell = find(None, "busybox").or_else(|| find(None, "sh")).expect("a shell");
        let root = tempfile::tempdir().expect("a directory");
        let into = |path: &Path| {
            let target = root.path().join(path.strip_prefix("/").expect("absolute"));
            std::fs::create_dir_all(target.parent().expect("has one")).expect("made");
            std::fs::copy(path, target).expect("copied");
        };
        std::fs::create_dir_all(root.path().join("bin")).expect("made");
        for applet in applets {
            std::fs::copy(&shell, root.path().join("bin").join(applet)).expect("copied");
        }
        // The shell's libraries as listed by the loader; none for a static one.
        let listed = run(&Command::new("ldd").arg(shell.display().to_string()).accept(&[0, 1]));
        let listed = listed.expect("ldd runs").text();
        listed.split_whitespace().filter(|word| word.starts_with('/')).for_each(|word| into(Path::new(word)));
        root
    }

    #[test]
    #[ignore = "needs root, ldd"]
    fn a_command_runs_inside_another_root() {
        let root = small_root(&["sh"]);
        std::fs::create_dir(root.path().join("inside")).expect("made");
        std::fs::write(root.path().join("inside/word"), "from there\n").expect("written");
        let mut command =
            Command::line(["sh", "-c", "read -r word <word; echo \"$PWD $word\"; [ ! -e /proc/1 ]"]);
        command = command.in_root(root.path()).env("PWD", "/inside");
        command.directory = Some("/inside".into());
        assert_eq!(run(&command).expect("it runs there").text(), "/inside from there\n");
        // A machine with a root prefix has its own nested roots.
        let (parent, name) = (root.path().parent(), root.path().file_name().expect("a name"));
        let below = HostCommands::new(parent.map(Path::to_owned));
        command.root = Some(Path::new("/").join(name));
        assert_eq!(below.run(&command).expect("it runs there").text(), "/inside from there\n");
    }

    #[test]
    fn a_program_of_another_root_is_looked_for_there() {
        let root = tempfile::tempdir().expect("a directory");
        let error = run(&Command::new("sh").in_root(root.path())).expect_err("an empty root");
        assert!(matches!(error, CommandError::NotFound(name) if name == "sh"));
    }

    #[test]
    fn a_detached_command_runs_in_a_session_of_its_own_without_streams() {
        let directory = tempfile::tempdir().expect("a directory");
        // proc_pid_stat(5): the session is the fourth field after the name.
        let script = "read -r _ _ _ _ _ session _ </proc/$$/stat; [ $session = $$ ] && echo session >part
                      streams=$(readlink /proc/$$/fd/0 /proc/$$/fd/1 /proc/$$/fd/2)
                      echo \"$streams $1 $WORD\" >>part; sleep 0.2; mv part done";
        let mut command = Command::line(["sh", "-c", script, "sh", "argument"]).env("WORD", "value");
        command.directory = Some(directory.path().to_owned());
        HostCommands::new(None).spawn_detached(&command).expect("it starts");
        let done = directory.path().join("done");
        assert!(!done.exists(), "it is not waited for");
        let begun = Instant::now();
        while !done.exists() {
            assert!(begun.elapsed() < Duration::from_secs(20), "it has not run");
            thread::sleep(Duration::from_millis(10));
        }
        let text = std::fs::read_to_string(done).expect("written");
        assert_eq!(text, "session\n/dev/null\n/dev/null\n/dev/null argument value\n");
        let missing = HostCommands::new(None).spawn_detached(&Command::new("no-such-program-here"));
        assert!(matches!(missing, Err(CommandError::NotFound(name)) if name == "no-such-program-here"));
        let broken = HostCommands::new(None).spawn_detached(&Command::new("/no/such/program"));
        assert!(matches!(broken, Err(CommandError::Io { command, .. }) if command == "/no/such/program"));
    }

    /// Like a shell's exit code, see sh(1).
    #[test]
    fn a_signal_has_an_exit_code() {
        let output = run(&Command::line(["sh", "-c", "kill -KILL $$"]).accept(&[137])).expect("accepted");
        assert_eq!(output.code, 137);
    }

    #[test]
    fn a_root_is_below_the_machines_own() {
        for (prefix, root, expected) in [
            (None, None, None),
            (Some("/"), None, None),
            (Some("/image"), None, Some("/image")),
            (None, Some("/target"), Some("/target")),
            (None, Some("/"), None),
            (Some("/image"), Some("/target"), Some("/image/target")),
            (Some("/image"), Some("/"), Some("/image/")),
        ] {
            let commands = HostCommands::new(prefix.map(PathBuf::from));
            let mut command = Command::new("true");
            command.root = root.map(PathBuf::from);
            assert_eq!(commands.root_of(&command), expected.map(PathBuf::from), "{prefix:?} {root:?}");
        }
    }

    #[test]
    fn programs_are_found_by_name() {
        let commands = HostCommands::new(None);
        assert!(commands.can_start());
        assert!(commands.which("sh").is_some_and(|path| path.is_absolute() && path.ends_with("sh")));
        assert_eq!(commands.which("no-such-program-here"), None);
        let root = tempfile::tempdir().expect("a directory");
        let inside = HostCommands::new(Some(root.path().to_owned()));
        assert_eq!(inside.which("sh"), None);
        let path = root.path().join("usr/sbin/tool");
        std::fs::create_dir_all(path.parent().expect("has one")).expect("made");
        std::fs::write(&path, "").expect("written");
        assert_eq!(inside.which("tool"), None, "it is not executable");
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("set");
        assert_eq!(inside.which("tool"), Some(PathBuf::from("/usr/sbin/tool")));
    }

    /// A part handler that does not answer is killed at its time limit.
    #[test]
    fn a_dialog_has_a_time_limit() {
        let begun = Instant::now();
        let command = Command::line(["sh", "-c", "trap '' TERM; read -r word; sleep 60; echo late"]);
        let talk = HostCommands::new(None).converse(&command.timeout(Duration::from_millis(200)));
        let mut talk = talk.expect("sh starts").expect("it runs");
        assert!(talk.ask("word").is_err());
        drop(talk);
        assert!(begun.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = run(&Command::new("no-such-program-here")).expect_err("not installed");
        assert!(matches!(error, CommandError::NotFound(name) if name == "no-such-program-here"));
    }
}
