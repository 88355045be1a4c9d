//! Commands of an overlay: recorded, never run. Those whose result later steps need are modelled.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use model::effects::{Command, CommandError, Commands, Conversation, Output, ReadFiles};

use super::tree::OverlayFiles;
use super::{Content, EffectKind, Recording};
use crate::account_model::{Accounts, is_modelled};
use crate::programs::find_in;

/// With NetBSD's packages.
const SEARCH: &str =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/pkg/sbin:/usr/pkg/bin";

/// Read-only commands: answered from the root's files and not recorded.
const LOOKING: &[&str] = &["getent", "ip", "systemd-detect-virt", "udevadm", "virt-what"];

/// Words that make one of them change the machine.
const CHANGING: &[&str] = &["add", "control", "del", "flush", "set", "trigger"];

/// Commands that are recorded.
pub(super) struct ModelledCommands {
    files: Arc<OverlayFiles>,
    recording: Recording,
    known: Mutex<Option<Known>>,
}

/// The files of accounts, and the modes of new ones.
const ACCOUNTS: [(&str, u32); 3] = [("/etc/passwd", 0o644), ("/etc/group", 0o644), ("/etc/shadow", 0o640)];

/// The accounts after the last command: of many, each is created by several commands.
struct Known {
    accounts: Accounts,
    written: Written,
}

/// The files that the accounts were read from or written to; compared by identity.
struct Written([Option<Content>; 3]);

impl PartialEq for Written {
    fn eq(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|files| match files {
            (Some(one), Some(other)) => one.is(other),
            // A file of the root does not change.
            (one, other) => one.is_none() && other.is_none(),
        })
    }
}

impl ModelledCommands {
    pub(super) fn new(files: Arc<OverlayFiles>, recording: Recording) -> Self {
        Self { files, recording, known: Mutex::default() }
    }

    fn written(&self) -> Written {
        Written(ACCOUNTS.map(|(path, _)| self.files.changed(Path::new(path))))
    }

    fn note(&self, command: &Command, stdin: bool) {
        self.recording.push(EffectKind::Command {
            words: command.shown(),
            stdin,
            root: command.root.clone(),
        });
    }

    fn text(&self, path: &str) -> String {
        self.files.text(Path::new(path)).unwrap_or_default()
    }

    fn accounts(&self, words: &[String], stdin: &[u8]) -> Option<i32> {
        if !is_modelled(words[0].rsplit('/').next().unwrap_or_default()) {
            return None;
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut accounts = match known.take().filter(|known| known.written == self.written()) {
            Some(known) => known.accounts,
            None => {
                let [passwd, group, shadow] = ACCOUNTS.map(|(path, _)| self.text(path));
                Accounts::new(passwd, group, shadow)
            }
        };
        let (code, home) = accounts.run(words, stdin)?;
        for ((path, mode), new) in ACCOUNTS.iter().zip([&accounts.passwd, &accounts.group, &accounts.shadow])
        {
            let path = Path::new(path);
            let is_same = match self.files.changed(path) {
                Some(old) => old == *new.as_bytes(),
                None => self.files.read(path).unwrap_or_default() == new.as_bytes(),
            };
            if !is_same {
                self.files.quietly_write(path, new.as_bytes(), *mode);
            }
        }
        *known = Some(Known { accounts, written: self.written() });
        drop(known);
        if let Some(home) = home {
            self.files.quietly_make_dir(Path::new(&home.path), 0o755, home.uid, home.gid);
        }
        Some(code)
    }

    /// ssh-keygen creates a key pair, which is a placeholder in a plan.
    fn ssh_keygen(&self, args: &[String]) {
        let after = |option: &str| args.iter().position(|arg| arg == option).and_then(|at| args.get(at + 1));
        let (Some(kind), Some(file)) = (after("-t"), after("-f")) else { return };
        let public = format!("ssh-{kind} PLANNED {}\n", self.text("/etc/hostname").trim());
        self.files.quietly_write(Path::new(file), b"planned: a private key is generated here\n", 0o600);
        self.files.quietly_write(&PathBuf::from(format!("{file}.pub")), public.as_bytes(), 0o644);
    }

    fn model(&self, words: &[String], stdin: &[u8]) -> Output {
        let answer = |code, stdout: String| Output { code, stdout: stdout.into_bytes(), stderr: Vec::new() };
        let program = words[0].rsplit('/').next().unwrap_or_default();
        match (program, &words[1..]) {
            ("ssh-keygen", args) => self.ssh_keygen(args),
            ("hostname", [name]) => {
                self.files.quietly_write(Path::new("/proc/sys/kernel/hostname"), name.as_bytes(), 0o644);
            }
            ("hostnamectl", [verb, name]) if verb == "set-hostname" => {
                self.files.quietly_write(Path::new("/etc/hostname"), format!("{name}\n").as_bytes(), 0o644);
            }
            ("getent", [database, key]) => {
                let found = self.text(&format!("/etc/{database}"));
                return match found.lines().find(|line| line.split(':').next() == Some(key)) {
                    Some(line) => answer(0, format!("{line}\n")),
                    None => answer(2, String::new()),
                };
            }
            ("ip", args) if args.iter().any(|arg| arg == "-j") => return answer(0, "[]".into()),
            _ => {
                if let Some(code) = self.accounts(words, stdin) {
                    return answer(code, String::new());
                }
            }
        }
        Output::default()
    }
}

/// Makes a path of another root one of the machine.
fn inside(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}

impl Commands for ModelledCommands {
    fn run(&self, command: &Command) -> Result<Output, CommandError> {
        let words: Vec<String> =
            std::iter::once(command.program.clone()).chain(command.args.iter().cloned()).collect();
        let root = command.root.as_deref().unwrap_or(Path::new("/"));
        let known = if command.program.contains('/') {
            self.files.exists(&inside(root, Path::new(&command.program)))
        } else {
            let search: Vec<String> =
                SEARCH.split(':').map(|path| inside(root, Path::new(path)).display().to_string()).collect();
            find_in(self.files.as_ref(), &command.program, &search.join(":")).is_some()
        };
        let program = command.program.rsplit('/').next().unwrap_or_default();
        // `udevadm control` makes udev read new rules.
        let looks =
            LOOKING.contains(&program) && !command.args.iter().any(|word| CHANGING.contains(&word.as_str()));
        if !looks {
            self.note(command, command.stdin.is_some());
        }
        if !known {
            return Err(CommandError::NotFound(command.program.clone()));
        }
        let stdin = command.stdin.as_ref().map(|bytes| bytes.expose().as_slice()).unwrap_or_default();
        // Effects of a command on another root are not visible here.
        let mut output = if command.root.is_some() { Output::default() } else { self.model(&words, stdin) };
        // Success is assumed, even if it is another code than 0.
        if let (0, Some(code), false) = (output.code, command.accept.first(), command.accept.contains(&0)) {
            output.code = *code;
        }
        command.result(output)
    }

    fn which(&self, program: &str) -> Option<PathBuf> {
        find_in(self.files.as_ref(), program, SEARCH)
    }

    fn spawn_detached(&self, command: &Command) -> Result<(), CommandError> {
        self.note(command, false);
        Ok(())
    }

    fn converse(&self, command: &Command) -> Result<Option<Box<dyn Conversation>>, CommandError> {
        self.note(command, true);
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Scratch;

    const PROGRAMS: &[&str] = &[
        "/usr/bin/getent",
        "/usr/sbin/ip",
        "/usr/bin/udevadm",
        "/usr/bin/systemd-detect-virt",
        "/usr/bin/ssh-keygen",
        "/usr/bin/hostname",
        "/usr/bin/hostnamectl",
        "/usr/pkg/bin/tool",
        "/usr/sbin/useradd",
    ];

    fn machine() -> (model::System, Recording) {
        let passwd = "root:x:0:0:root:/root:/bin/sh\nbob:x:1000:1000::/home/bob:/bin/sh\n";
        Scratch::new().programs(PROGRAMS).file("/etc/passwd", passwd).file("/etc/hostname", "one\n").system()
    }

    /// What only looks is no part of a plan, and what would fail is still shown.
    #[test]
    fn commands_that_change_something_are_recorded() {
        for (line, is_recorded) in [
            ("getent passwd bob", false),
            ("ip -j link", false),
            ("ip link set eth0 up", true),
            ("/usr/sbin/ip route add default", true),
            ("ip route del default", true),
            ("ip addr flush dev eth0", true),
            ("udevadm settle", false),
            ("udevadm control --reload", true),
            ("udevadm trigger", true),
            ("/usr/bin/systemd-detect-virt", false),
            ("tool", true),
            ("no-such-tool x", true),
            ("/opt/no-such-tool", true),
        ] {
            let (system, recording) = machine();
            let outcome = system.commands.run(&Command::line(line.split(' ')));
            let expected: &[&str] = if is_recorded { &[line] } else { &[] };
            assert_eq!(recording.commands(), expected, "{line}");
            match outcome {
                Err(CommandError::NotFound(name)) => {
                    assert!(line.starts_with(&name) && line.contains("no-such"), "{line}");
                }
                Err(error) => panic!("{line}: {error}"),
                Ok(_) => assert!(!line.contains("no-such"), "{line}"),
            }
        }
    }

    /// getent(1): 2 if a key is not found; ip(8) with -j prints JSON.
    #[test]
    fn what_later_steps_need_is_answered() {
        let (system, _) = machine();
        let run = |line: &str| {
            system.commands.run(&Command::line(line.split(' ')).accept(&[0, 2])).expect("it runs")
        };
        assert_eq!(run("getent passwd bob").text(), "bob:x:1000:1000::/home/bob:/bin/sh\n");
        let missing = run("getent passwd bo");
        assert_eq!((missing.code, missing.text().as_str()), (2, ""));
        assert_eq!(run("ip -j addr").text(), "[]");
        assert_eq!(run("ip addr").text(), "");
        run("hostname two");
        run("hostnamectl set-hostname three");
        run("hostnamectl set-chassis vm");
        assert_eq!(system.files.text(Path::new("/proc/sys/kernel/hostname")).as_deref(), Some("two"));
        assert_eq!(system.files.text(Path::new("/etc/hostname")).as_deref(), Some("three\n"));
        run("ssh-keygen -t ed25519 -N x -f /etc/ssh/key");
        let public = system.files.text(Path::new("/etc/ssh/key.pub")).expect("written");
        assert_eq!(public, "ssh-ed25519 PLANNED three\n");
        let mode = |path: &str| system.files.stat(Path::new(path)).expect("no error").map(|found| found.mode);
        assert_eq!((mode("/etc/ssh/key"), mode("/etc/ssh/key.pub")), (Some(0o600), Some(0o644)));
        run("ssh-keygen -f /etc/ssh/other");
        assert_eq!(mode("/etc/ssh/other"), None, "without a type, nothing is generated");
    }

    #[test]
    fn accounts_are_kept_from_command_to_command_and_read_again_if_others_write_them() {
        let (system, _) = machine();
        let run = |line: &str| system.commands.run(&Command::line(line.split(' ')));
        let passwd = || system.files.text(Path::new("/etc/passwd")).expect("there");
        run("useradd ann").expect("a new one");
        assert!(passwd().ends_with("ann:x:1001:1001::/home/ann:/bin/sh\n"), "{}", passwd());
        assert!(run("useradd ann").is_err(), "it exists");
        let plain = model::effects::Attributes::default();
        system.files.write(Path::new("/etc/passwd"), b"", &plain).expect("written");
        run("useradd ann").expect("it is gone");
        assert_eq!(passwd().lines().count(), 1);
        let shadow = system.files.stat(Path::new("/etc/shadow")).expect("no error").expect("there");
        assert_eq!(shadow.mode, 0o640);
    }

    #[test]
    fn success_is_the_first_accepted_code() {
        let (system, _) = machine();
        for (accept, code) in [(&[0, 3][..], 0), (&[3, 4], 3), (&[3, 0], 0)] {
            let output = system.commands.run(&Command::new("tool").accept(accept)).expect("assumed");
            assert_eq!(output.code, code, "{accept:?}");
        }
        assert_eq!(system.commands.which("tool").as_deref(), Some(Path::new("/usr/pkg/bin/tool")));
        assert_eq!(system.commands.which("no-such-tool"), None);
    }

    #[test]
    fn what_runs_on_its_own_is_recorded() {
        let (system, recording) = machine();
        system.commands.spawn_detached(&Command::line(["tool", "later"])).expect("recorded");
        let talk = system.commands.converse(&Command::line(["tool", "talk"])).expect("recorded");
        assert!(talk.is_none());
        let found: Vec<(String, bool)> = recording
            .effects()
            .into_iter()
            .map(|effect| match effect.kind {
                EffectKind::Command { words, stdin, .. } => (words.join(" "), stdin),
                kind => panic!("{kind:?}"),
            })
            .collect();
        assert_eq!(found, [("tool later".to_owned(), false), ("tool talk".to_owned(), true)]);
    }
}
