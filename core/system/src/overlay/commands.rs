//! Commands of an overlay: recorded, never run. Those whose result later steps need are modelled.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use model::effects::{Command, CommandError, Commands, Conversation, Output, ReadFiles};

use super::tree::OverlayFiles;
use super::{Content, EffectKind, Recording};
use crate::account_model::{Accounts, is_modelled};
use crate::links::find_program;

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
            find_program(self.files.as_ref(), &command.program, &search.join(":")).is_some()
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
        find_program(self.files.as_ref(), program, SEARCH)
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
