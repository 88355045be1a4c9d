//! The commands and the kernel of a case's machine.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use model::System;
use model::effects::{Command, CommandError, Commands, Conversation, Environment, Output, Uname};

/// Commands with the answers of a case, by the beginning of their line; the first that fits counts. Notes what commands
/// read.
pub struct Answered {
    commands: Arc<dyn Commands>,
    answers: Vec<(String, Output)>,
    inputs: Mutex<Vec<(String, String)>>,
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
    pub fn new(system: &System, answers: &[(String, String)]) -> Self {
        let answers = answers.iter().map(|(start, text)| (start.clone(), answer(text))).collect();
        Self { commands: system.commands.clone(), answers, inputs: Mutex::default() }
    }

    /// The commands that read something, and what.
    pub fn inputs(&self) -> Vec<(String, String)> {
        self.inputs.lock().expect("no panic holds it").clone()
    }
}

impl Commands for Answered {
    fn run(&self, command: &Command) -> Result<Output, CommandError> {
        let line = command.shown().join(" ");
        if let Some(input) = &command.stdin {
            // Bytes that are no text are shown in hexadecimal.
            // Bytes that are no text are shown in hexadecimal.
            let shown =
                || input.expose().iter().fold(String::new(), |all, byte| all + &format!("{byte:02x}"));
            let input = String::from_utf8(input.expose().clone()).unwrap_or_else(|_| shown());
            self.inputs.lock().expect("no panic holds it").push((line.clone(), input));
        }
        let answer = self.answers.iter().find(|(start, _)| line.starts_with(start));
        let output = match (self.commands.run(command), answer) {
            // What a machine in memory answers itself, such as getent.
            (Ok(_) | Err(CommandError::Failed { .. }), Some((_, answer))) => answer.clone(),
            (outcome, _) => return outcome,
        };
        let accepted =
            if command.accept.is_empty() { output.code == 0 } else { command.accept.contains(&output.code) };
        if accepted { Ok(output) } else { Err(CommandError::Failed { command: line, output }) }
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

/// The environment of a machine with another kernel.
pub struct Kernel {
    pub environment: Arc<dyn Environment>,
    pub release: String,
}

impl Environment for Kernel {
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
        Uname { release: self.release.clone(), ..self.environment.uname() }
    }

    fn random(&self, buffer: &mut [u8]) {
        self.environment.random(buffer);
    }

    fn tell(&self, text: &str) {
        self.environment.tell(text);
    }
}
