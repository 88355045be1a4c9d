//! Processes.

mod class;

use std::path::PathBuf;
use std::time::Duration;

use crate::Secret;

pub use class::Class;

/// The destination of a command's standard output and error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sink {
    /// Into [`Output`].
    #[default]
    Capture,
    /// This process's own, which the stage may have redirected to cloud-init-output.log.
    Inherit,
}

/// A command to run. The program is looked up in PATH unless it contains a `/`.
#[derive(Clone, Debug, Default)]
pub struct Command {
    /// The program.
    pub program: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// Variables in addition to the inherited environment.
    pub env: Vec<(String, String)>,
    /// Bytes for its standard input, never logged; `None` means /dev/null.
    pub stdin: Option<Secret<Vec<u8>>>,
    /// The working directory; inside `root` if that is set.
    pub directory: Option<PathBuf>,
    /// The root directory to run in (chroot(2), which requires root): program, paths and working directory are resolved
    /// there.
    pub root: Option<PathBuf>,
    /// The command and its children are ended after this time; `None` for the limit of its class.
    pub timeout: Option<Duration>,
    /// What it is for, if its program does not tell: it determines the time limit.
    pub class: Option<Class>,
    /// The destination of its output.
    pub sink: Sink,
    /// Whether it runs in the foreground: it inherits standard input, and gets the terminal's signals.
    pub foreground: bool,
    /// Indexes into `args` of secrets: shown as REDACTED in logs and plans.
    pub secret_args: Vec<usize>,
    /// Indexes into `args` of `KEY=VALUE` with a secret value, which is shown as REDACTED.
    pub secret_values: Vec<usize>,
    /// Whether the last argument is a line for the shell, which is what the log names.
    pub is_shell: bool,
    /// Exit codes for success; empty means 0 only.
    pub accept: Vec<i32>,
}

impl Command {
    /// A program without arguments.
    pub fn new(program: impl Into<String>) -> Self {
        Self { program: program.into(), ..Self::default() }
    }

    /// A complete command line, starting with the program.
    pub fn line<I: IntoIterator<Item = S>, S: Into<String>>(words: I) -> Self {
        let mut words = words.into_iter().map(Into::into);
        Self { program: words.next().unwrap_or_default(), args: words.collect(), ..Self::default() }
    }

    /// A line for the shell.
    pub fn shell(line: impl Into<String>) -> Self {
        Self { is_shell: true, ..Self::line(["/bin/sh".to_owned(), "-c".to_owned(), line.into()]) }
    }

    /// Adds an argument.
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Adds a secret argument.
    pub fn secret_arg(mut self, arg: impl Into<String>) -> Self {
        self.secret_args.push(self.args.len());
        self.args.push(arg.into());
        self
    }

    /// Adds the argument `KEY=VALUE` with a secret value.
    pub fn secret_value(mut self, key: &str, value: &str) -> Self {
        self.secret_values.push(self.args.len());
        self.args.push(format!("{key}={value}"));
        self
    }

    /// Adds arguments.
    pub fn args<I: IntoIterator<Item = S>, S: Into<String>>(mut self, args: I) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets an environment variable.
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Sets the standard input.
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = Some(Secret::new(bytes.into()));
        self
    }

    /// Sets the root directory to run in.
    pub fn in_root(mut self, root: impl Into<PathBuf>) -> Self {
        self.root = Some(root.into());
        self
    }

    /// Sets the time limit.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// Sets the exit codes for success.
    pub fn accept(mut self, codes: &[i32]) -> Self {
        self.accept = codes.to_vec();
        self
    }

    /// Inherits this process's standard output and error.
    pub fn inherit_output(mut self) -> Self {
        self.sink = Sink::Inherit;
        self
    }

    /// Runs it in the foreground: with this process's input and output, and the terminal's signals.
    pub fn in_foreground(mut self) -> Self {
        self.foreground = true;
        self.inherit_output()
    }

    /// The result of a command that ended with this output.
    ///
    /// # Errors
    ///
    /// If the exit code does not mean success.
    pub fn result(&self, output: Output) -> Result<Output, CommandError> {
        let accepted =
            if self.accept.is_empty() { output.code == 0 } else { self.accept.contains(&output.code) };
        if accepted {
            Ok(output)
        } else {
            Err(CommandError::Failed { command: self.shown().join(" "), output })
        }
    }

    /// The command line for display, with secrets replaced.
    pub fn shown(&self) -> Vec<String> {
        let args = self.args.iter().enumerate().map(|(index, arg)| {
            match arg.split_once('=').filter(|_| self.secret_values.contains(&index)) {
                Some((key, _)) => format!("{key}=REDACTED"),
                None if self.secret_args.contains(&index) => "REDACTED".to_owned(),
                None => arg.clone(),
            }
        });
        std::iter::once(self.program.clone()).chain(args).collect()
    }

    /// The log message at its start, in upstream's words, which its acceptance tests and log readers match.
    pub fn announcement(&self) -> String {
        let accept = if self.accept.is_empty() { &[0][..] } else { &self.accept };
        let capture = if self.sink == Sink::Capture { "True" } else { "False" };
        let (words, shell) = match self.args.last().filter(|_| self.is_shell) {
            Some(line) => (line.clone(), "True"),
            None => (python_list(&self.shown()), "False"),
        };
        format!(
            "Running command {words} with allowed return codes {accept:?} (shell={shell}, capture={capture})"
        )
    }
}

/// Words as Python prints a list of them.
pub fn python_list(words: &[String]) -> String {
    format!("[{}]", words.iter().map(|word| python_text(word)).collect::<Vec<_>>().join(", "))
}

/// A text in the format of Python's `repr()`, except for unprintable non-ASCII characters.
fn python_text(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::from(quote);
    for letter in text.chars() {
        match letter {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            letter if letter == quote => out.extend(['\\', letter]),
            letter if letter.is_ascii_control() => out.push_str(&format!("\\x{:02x}", u32::from(letter))),
            letter => out.push(letter),
        }
    }
    out.push(quote);
    out
}

/// The result of a finished command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// The exit code; 128 plus the signal number if killed by a signal.
    pub code: i32,
    /// Standard output, if captured.
    pub stdout: Vec<u8>,
    /// Standard error, if captured.
    pub stderr: Vec<u8>,
}

impl Output {
    /// Standard output as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }
}

/// A command that failed.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The program does not exist.
    #[error("command '{0}' not found; install the package that provides it")]
    NotFound(String),
    /// It exited with an error.
    #[error("'{command}' failed with exit code {}{}", output.code, tail(output))]
    Failed {
        /// The command line, secrets replaced.
        command: String,
        /// Its output.
        output: Output,
    },
    /// It exceeded the time limit and was killed.
    #[error("'{command}' timed out after {} s and was ended; see timeouts.commands in cloud.cfg", limit.as_secs_f32())]
    TimedOut {
        /// The command line, secrets replaced.
        command: String,
        /// The limit.
        limit: Duration,
    },
    /// It could not be started or waited for.
    #[error("cannot run '{command}': {source}")]
    Io {
        /// The command line, secrets replaced.
        command: String,
        /// The reason.
        source: std::io::Error,
    },
}

/// The line of standard error for the message: the last one, or the one above a quoted line with a marker (netplan,
/// visudo, nft).
fn tail(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = text.trim_end().lines().collect();
    let is_mark = |line: &&str| line.contains('^') && line.chars().all(|letter| " \t~^-".contains(letter));
    let said = match lines.as_slice() {
        [.., cause, _quoted, mark] if is_mark(mark) => cause,
        [.., last] => last,
        [] => return String::new(),
    };
    format!(": {}", said.trim())
}

/// Running programs.
pub trait Commands: Send + Sync {
    /// Runs it and waits. Exit codes outside [`Command::accept`] are errors.
    fn run(&self, command: &Command) -> Result<Output, CommandError>;

    /// Runs commands that do not depend on each other, side by side where that is possible. The results have their order.
    fn run_all(&self, commands: &[Command]) -> Vec<Result<Output, CommandError>> {
        commands.iter().map(|command| self.run(command)).collect()
    }

    /// Whether [`Commands::start`] has an effect.
    fn can_start(&self) -> bool {
        false
    }

    /// Starts a command whose result a later [`Commands::run`] of the same command returns, if this is possible.
    fn start(&self, command: &Command) {
        let _ = command;
    }

    /// Whether the command was started and its result has not been returned yet.
    fn is_started(&self, command: &Command) -> bool {
        let _ = command;
        false
    }

    /// The path of a program in PATH on the machine itself; system directories are always searched.
    fn which(&self, program: &str) -> Option<PathBuf>;

    /// Starts a command that outlives this process (own session, output to /dev/null).
    fn spawn_detached(&self, command: &Command) -> Result<(), CommandError>;

    /// Starts a command with a dialog over its standard input and output; standard error is inherited. `None` if
    /// commands are only recorded.
    fn converse(&self, command: &Command) -> Result<Option<Box<dyn Conversation>>, CommandError> {
        let _ = command;
        Ok(None)
    }
}

/// A running command with a dialog. Dropping it waits for its exit.
pub trait Conversation: Send {
    /// Sends a line, and returns the line of the answer.
    fn ask(&mut self, line: &str) -> Result<String, std::io::Error>;
}

#[cfg(test)]
mod announcements {
    use super::*;

    /// Expectations: `print(['it\'s', 'a"b', "'\"", 'c\\d\n', '\x1b'])` of Python 3.
    #[test]
    fn a_command_is_announced_as_python_prints_it() {
        let command = Command::line(["it's", "a\"b", "'\"", "c\\d\n", "\u{1b}"]).secret_arg("hunter2");
        assert_eq!(
            command.announcement(),
            r#"Running command ["it's", 'a"b', '\'"', 'c\\d\n', '\x1b', 'REDACTED'] with allowed return codes [0] (shell=False, capture=True)"#
        );
        let other = Command::new("true").accept(&[0, 3]).inherit_output().announcement();
        assert!(other.ends_with("['true'] with allowed return codes [0, 3] (shell=False, capture=False)"));
        let line = Command::shell("lsmod | grep 'x'").announcement();
        assert!(
            line.ends_with(" lsmod | grep 'x' with allowed return codes [0] (shell=True, capture=True)"),
            "{line}"
        );
        let secret = Command::line(["pro", "config", "set"]).secret_value("proxy", "http://u:p@h/?a=b");
        assert_eq!(secret.shown(), ["pro", "config", "set", "proxy=REDACTED"]);
        assert_eq!(secret.args[2], "proxy=http://u:p@h/?a=b");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_shows_the_cause_and_not_the_mark_below_it() {
        let failed = |stderr: &str| {
            let output = Output { code: 1, stderr: stderr.into(), ..Output::default() };
            CommandError::Failed { command: "netplan generate".to_owned(), output }.to_string()
        };
        // netplan 1.1.2 for a configuration with `dhcp4: badval`.
        let netplan = "/etc/netplan/50-cloud-init.yaml:5:20: Error in network definition: invalid boolean value \
                       'badval'\n            dhcp4: badval\n                   ^\n";
        let begin = "'netplan generate' failed with exit code 1";
        assert_eq!(
            failed(netplan),
            format!(
                "{begin}: /etc/netplan/50-cloud-init.yaml:5:20: Error in network definition: invalid boolean value \
                 'badval'"
            )
        );
        assert_eq!(failed("first\nlast\n\n"), format!("{begin}: last"));
        assert_eq!(failed(" ^\n"), format!("{begin}: ^"));
        assert_eq!(failed(""), begin);
    }
}
