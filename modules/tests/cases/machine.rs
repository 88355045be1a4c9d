//! The parts of a case's machine: its commands, its environment and its journal.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use model::effects::{Command, CommandError, Commands, Conversation, Environment, Journal, Output, Uname};
use model::{Stage, System};
use system::Answering;

/// The journal of a real machine, which notes nothing.
pub struct Booted;

impl Journal for Booted {
    fn enter(&self, _stage: Stage, _module: Option<&str>) {}
}

/// An environment that keeps what it is told and what it prints.
pub struct Heard {
    environment: Arc<dyn Environment>,
    lines: Mutex<Vec<(&'static str, String)>>,
}

impl Heard {
    pub fn over(environment: Arc<dyn Environment>) -> Self {
        Self { environment, lines: Mutex::default() }
    }

    /// What was said, and how.
    pub fn lines(&self) -> Vec<(&'static str, String)> {
        self.lines.lock().expect("no panic holds it").clone()
    }

    fn note(&self, how: &'static str, text: &str) {
        self.lines.lock().expect("no panic holds it").push((how, text.to_owned()));
    }
}

impl Environment for Heard {
    fn var(&self, name: &str) -> Option<String> {
        self.environment.var(name)
    }
    fn pid(&self) -> u32 {
        self.environment.pid()
    }
    fn uid(&self) -> u32 {
        self.environment.uid()
    }
    fn uname(&self) -> Uname {
        self.environment.uname()
    }
    fn random(&self, buffer: &mut [u8]) {
        self.environment.random(buffer);
    }
    fn print(&self, text: &str) {
        self.note("print", text);
    }
    fn tell(&self, text: &str) {
        self.note("tell", text);
    }
}

/// Commands with the answers of a case. Notes what commands read.
pub struct Answered {
    commands: Answering,
    inputs: Mutex<Vec<(String, String)>>,
    /// How often the machine waited for udev, which an overlay does not record.
    settled: AtomicUsize,
    /// Whether commands can be started before their results are needed.
    starts: bool,
    started: Mutex<BTreeMap<Vec<String>, Result<Output, CommandError>>>,
}

/// The text is an output; after `exit N` it is an error output, and with `>` before it an output again. `! TEXT` is the
/// error output of a success.
fn answer(text: &str) -> Output {
    if let Some(stderr) = text.strip_prefix("! ") {
        return Output { code: 0, stdout: Vec::new(), stderr: stderr.into() };
    }
    let Some(rest) = text.strip_prefix("exit ") else {
        return Output { code: 0, stdout: text.into(), stderr: Vec::new() };
    };
    let (code, text) = rest.split_once(' ').unwrap_or((rest, ""));
    let code = code.parse().expect("a number");
    match text.strip_prefix("> ") {
        Some(stdout) => Output { code, stdout: stdout.into(), stderr: Vec::new() },
        None => Output { code, stdout: Vec::new(), stderr: text.into() },
    }
}

impl Answered {
    pub fn new(system: &System, answers: &[(String, String)], starts: bool) -> Self {
        let answered =
            |commands: Answering, (start, text): &(String, String)| commands.ends(start, answer(text));
        let commands = answers.iter().fold(Answering::over(system), answered);
        Self {
            commands,
            inputs: Mutex::default(),
            settled: AtomicUsize::new(0),
            starts,
            started: Mutex::default(),
        }
    }

    /// How often the machine waited for udev.
    pub fn settled(&self) -> usize {
        self.settled.load(Ordering::Relaxed)
    }

    /// The commands that read something, and what.
    pub fn inputs(&self) -> Vec<(String, String)> {
        self.inputs.lock().expect("no panic holds it").clone()
    }
}

impl Commands for Answered {
    fn run(&self, command: &Command) -> Result<Output, CommandError> {
        if command.shown() == ["udevadm", "settle"] {
            self.settled.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(outcome) = self.started.lock().expect("no panic holds it").remove(&command.shown()) {
            return outcome;
        }
        if let Some(input) = &command.stdin {
            // Bytes that are no text are shown in hexadecimal.
            let shown =
                || input.expose().iter().fold(String::new(), |all, byte| all + &format!("{byte:02x}"));
            let input = String::from_utf8(input.expose().clone()).unwrap_or_else(|_| shown());
            self.inputs.lock().expect("no panic holds it").push((command.shown().join(" "), input));
        }
        self.commands.run(command)
    }

    fn can_start(&self) -> bool {
        self.starts
    }

    fn start(&self, command: &Command) {
        let outcome = self.run(command);
        self.started.lock().expect("no panic holds it").insert(command.shown(), outcome);
    }

    fn is_started(&self, command: &Command) -> bool {
        self.started.lock().expect("no panic holds it").contains_key(&command.shown())
    }

    fn which(&self, program: &str) -> Option<PathBuf> {
        self.commands.which(program)
    }

    fn spawn_detached(&self, command: &Command) -> Result<(), CommandError> {
        self.commands.spawn_detached(command)
    }

    fn converse(&self, command: &Command) -> Result<Option<Box<dyn Conversation>>, CommandError> {
        self.commands.converse(command)
    }
}
