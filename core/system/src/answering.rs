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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Scratch;

    #[test]
    fn the_first_answer_that_fits_counts() {
        let (system, recording) =
            Scratch::new().program("/bin/tool").file("/etc/passwd", "a:x:1:1:::\n").system();
        let commands = Answering::over(&system)
            .prints("tool show", "shown\n")
            .exits("tool fail", 3, "it failed")
            .prints("tool", "other\n")
            .prints("missing", "never");
        let run = |line: &str| commands.run(&Command::line(line.split(' ')));
        assert_eq!(run("tool show x").expect("answered").text(), "shown\n");
        assert_eq!(run("tool more").expect("answered").text(), "other\n");
        let error = run("tool fail").expect_err("exit code 3").to_string();
        assert!(error.contains("exit code 3") && error.contains("it failed"), "{error}");
        assert!(matches!(run("missing"), Err(CommandError::NotFound(name)) if name == "missing"));
        assert_eq!(commands.which("tool"), Some(PathBuf::from("/bin/tool")));
        commands.spawn_detached(&Command::line(["tool", "later"])).expect("recorded");
        assert!(commands.converse(&Command::line(["tool", "talk"])).expect("recorded").is_none());
        let expected = ["tool show x", "tool more", "tool fail", "missing", "tool later", "tool talk"];
        assert_eq!(recording.commands(), expected);
    }
}
