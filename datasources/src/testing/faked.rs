//! Parts of a machine that a case scripts: commands, variables and serial ports.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use model::System;
use model::effects::{
    Command, CommandError, Commands, Conversation, Output, Serial, SerialError, SerialPort,
};
use system::Given;

/// The answer to each text that is written, without its line feed; others are not answered.
pub(super) type Lines = BTreeMap<String, String>;

/// The command lines that ran, in order.
pub(super) type Ran = Arc<Mutex<Vec<String>>>;

/// Puts what the case scripts in the place of the machine's own.
pub(super) fn lay_over(
    system: &mut System,
    commands: BTreeMap<String, String>,
    variables: BTreeMap<String, String>,
    serial: BTreeMap<String, Lines>,
) -> Ran {
    let ran = Ran::default();
    system.commands =
        Arc::new(Scripted { inner: system.commands.clone(), outputs: commands, ran: ran.clone() });
    system.environment = Arc::new(Given::over(system).variables(variables));
    if !serial.is_empty() {
        system.serial = Arc::new(Ports(serial));
    }
    ran
}

/// Outputs by command line; `!CODE TEXT` is a failure.
struct Scripted {
    inner: Arc<dyn Commands>,
    outputs: BTreeMap<String, String>,
    ran: Ran,
}

impl Commands for Scripted {
    fn run(&self, command: &Command) -> Result<Output, CommandError> {
        let shown = command.shown().join(" ");
        let words: Vec<&str> =
            std::iter::once(&command.program).chain(&command.args).map(String::as_str).collect();
        self.ran.lock().expect("no panic").push(words.join(" "));
        match self.outputs.get(&words.join(" ")).map(String::as_str) {
            None => self.inner.run(command),
            Some(output) => match output.strip_prefix('!').and_then(|rest| rest.split_once(' ')) {
                Some((code, stderr)) => {
                    let code = code.parse().expect("an exit code");
                    let output = Output { code, stdout: Vec::new(), stderr: stderr.into() };
                    Err(CommandError::Failed { command: shown, output })
                }
                None => Ok(Output { stdout: output.into(), ..Output::default() }),
            },
        }
    }

    fn which(&self, program: &str) -> Option<PathBuf> {
        self.inner.which(program)
    }

    fn spawn_detached(&self, command: &Command) -> Result<(), CommandError> {
        self.inner.spawn_detached(command)
    }

    fn converse(&self, command: &Command) -> Result<Option<Box<dyn Conversation>>, CommandError> {
        self.inner.converse(command)
    }
}

/// Ports and sockets by path.
struct Ports(BTreeMap<String, Lines>);

impl Serial for Ports {
    fn open(&self, port: &Path, _speed: Option<u32>) -> Result<Box<dyn SerialPort>, SerialError> {
        let missing = || SerialError::Io { port: port.into(), source: std::io::ErrorKind::NotFound.into() };
        let lines = self.0.get(port.to_str().expect("UTF-8")).ok_or_else(missing)?.clone();
        Ok(Box::new(Port { path: port.into(), lines, unread: Vec::new() }))
    }
}

struct Port {
    path: PathBuf,
    lines: Lines,
    unread: Vec<String>,
}

impl SerialPort for Port {
    fn write(&mut self, text: &str, _limit: Duration) -> Result<(), SerialError> {
        self.unread.extend(self.lines.get(text.trim_end_matches('\n')).cloned());
        Ok(())
    }

    fn read_line(&mut self, limit: Duration) -> Result<Vec<u8>, SerialError> {
        if self.unread.is_empty() {
            return Err(SerialError::TimedOut { port: self.path.clone(), limit });
        }
        Ok(self.unread.remove(0).into_bytes())
    }

    fn discard(&mut self) -> Result<(), SerialError> {
        self.unread.clear();
        Ok(())
    }
}
