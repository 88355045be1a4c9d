//! Commands of a machine in memory that print something or fail, for tests.

use std::path::PathBuf;
use std::sync::Arc;

use model::System;
use model::effects::{Command, CommandError, Commands, Conversation, Output};

/// The commands of a machine, some of which have answers by the beginning of their line; the first that fits counts.
pub struct Answering {
    commands: Arc<dyn Commands>,
    answers: Vec<(String, Output)>,
}

impl Answering {
    /// The commands of a machine, without answers yet.
    pub fn over(system: &System) -> Self {
        Self { commands: system.commands.clone(), answers: Vec::new() }
    }

    /// Commands that begin like this end with this output.
    #[must_use]
    pub fn ends(mut self, start: &str, output: Output) -> Self {
        self.answers.push((start.to_owned(), output));
        self
    }

    /// Commands that begin like this succeed and print the text.
    #[must_use]
    pub fn prints(self, start: &str, text: &str) -> Self {
        self.ends(start, Output { stdout: text.into(), ..Output::default() })
    }

    /// Commands that begin like this exit with the code, and print the message to their error output.
    #[must_use]
    pub fn exits(self, start: &str, code: i32, message: &str) -> Self {
        self.ends(start, Output { code, stderr: message.into(), ..Output::default() })
    }
}

impl Commands for Answering {
    fn run(&self, command: &Command) -> Result<Output, CommandError> {
        let line = command.shown().join(" ");
        let answer = self.answers.iter().find(|(start, _)| line.starts_with(start));
        match (self.commands.run(command), answer) {
            // Also of what a machine in memory answers itself, such as getent.
            (Ok(_) | Err(CommandError::Failed { .. }), Some((_, answer))) => command.result(answer.clone()),
            (outcome, _) => outcome,
        }
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
