//! Commands of a machine in memory that print something or fail, for tests.

use std::path::PathBuf;
use std::sync::Arc;

use model::System;
use model::effects::{Command, CommandError, Commands, Conversation, Output};

/// What a command does: its exit code, its output and its error output.
#[derive(Clone, Debug)]
struct Answer {
    start: String,
    code: i32,
    stdout: String,
    stderr: String,
}

/// The commands of a machine, some of which have answers by the beginning of their line; the first that fits counts.
pub struct Answering {
    commands: Arc<dyn Commands>,
    answers: Vec<Answer>,
}

impl Answering {
    /// The commands of a machine, without answers yet.
    pub fn over(system: &System) -> Self {
        Self { commands: system.commands.clone(), answers: Vec::new() }
    }

    /// Commands that begin like this succeed and print the text.
    #[must_use]
    pub fn prints(mut self, start: &str, text: &str) -> Self {
        let (stdout, stderr) = (text.to_owned(), String::new());
        self.answers.push(Answer { start: start.to_owned(), code: 0, stdout, stderr });
        self
    }

    /// Commands that begin like this exit with the code, and print the message to their error output.
    #[must_use]
    pub fn exits(mut self, start: &str, code: i32, message: &str) -> Self {
        let (stdout, stderr) = (String::new(), message.to_owned());
        self.answers.push(Answer { start: start.to_owned(), code, stdout, stderr });
        self
    }
}

impl Commands for Answering {
    fn run(&self, command: &Command) -> Result<Output, CommandError> {
        let mut output = self.commands.run(command)?;
        let line = command.shown().join(" ");
        let Some(answer) = self.answers.iter().find(|answer| line.starts_with(&answer.start)) else {
            return Ok(output);
        };
        output.code = answer.code;
        output.stdout = answer.stdout.clone().into_bytes();
        output.stderr = answer.stderr.clone().into_bytes();
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
