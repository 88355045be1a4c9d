//! What programs and serial ports of an example's machine answer: a plan runs no program and has no host.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use metadata::encoding::{base64, base64_lenient};
use model::System;
use model::effects::{
    Attributes, Command, CommandError, Commands, Conversation, FileError, Files, Output, Serial, SerialError,
    SerialPort,
};

/// Answers by question.
type Answers = BTreeMap<String, String>;

/// The answers of a machine; without any, it has only the programs of its root.
#[derive(Clone, Debug, Default)]
pub(super) struct Script {
    /// Outputs by arguments, for each program's path.
    pub(super) programs: BTreeMap<String, Answers>,
    /// The host's answers by request, for each port's path.
    pub(super) serial: BTreeMap<String, Answers>,
}

impl Script {
    /// Adds the programs and ports to the machine's files.
    pub(super) fn prepare(&self, files: &dyn Files) -> Result<(), FileError> {
        for path in self.programs.keys() {
            files.write(Path::new(path), b"", &Attributes::mode(0o755))?;
        }
        for path in self.serial.keys() {
            files.write(Path::new(path), b"", &Attributes::mode(0o600))?;
        }
        Ok(())
    }

    /// Makes the machine answer. Its effects are recorded as without answers.
    pub(super) fn lay_over(&self, system: &mut System) {
        if !self.programs.is_empty() {
            let programs = self.programs.clone();
            system.commands = Arc::new(Programs { inner: system.commands.clone(), programs });
        }
        if !self.serial.is_empty() {
            system.serial = Arc::new(Ports { inner: system.serial.clone(), ports: self.serial.clone() });
        }
    }
}

/// Programs with prepared outputs.
struct Programs {
    inner: Arc<dyn Commands>,
    programs: BTreeMap<String, Answers>,
}

impl Commands for Programs {
    fn run(&self, command: &Command) -> Result<Output, CommandError> {
        let output = self.inner.run(command)?;
        let prepared =
            self.programs.get(&command.program).and_then(|known| known.get(&command.args.join(" ")));
        Ok(match prepared {
            Some(text) => Output { stdout: text.clone().into_bytes(), ..output },
            None => output,
        })
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

/// Ports with prepared answers.
struct Ports {
    inner: Arc<dyn Serial>,
    ports: BTreeMap<String, Answers>,
}

impl Serial for Ports {
    fn open(&self, port: &Path, speed: Option<u32>) -> Result<Box<dyn SerialPort>, SerialError> {
        // This records the port.
        let opened = self.inner.open(port, speed);
        match (opened, port.to_str().and_then(|path| self.ports.get(path))) {
            (Err(SerialError::NotAsked(_)), Some(answers)) => {
                let (path, answers) = (port.to_owned(), answers.clone());
                Ok(Box::new(Port { path, answers, unread: Vec::new() }))
            }
            (opened, _) => opened,
        }
    }

    fn connect(&self, socket: &Path) -> Result<Box<dyn SerialPort>, SerialError> {
        self.inner.connect(socket)
    }
}

/// An open port.
struct Port {
    path: PathBuf,
    answers: Answers,
    unread: Vec<String>,
}

impl SerialPort for Port {
    fn write(&mut self, text: &str, _limit: Duration) -> Result<(), SerialError> {
        let request = text.strip_suffix('\n').unwrap_or(text);
        self.unread.extend(self.answers.get(request).cloned().or_else(|| smartos(&self.answers, request)));
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

/// The answer of SmartOS's host: "Metadata Protocol" in its documentation, version 2.
fn smartos(values: &Answers, request: &str) -> Option<String> {
    let words: Vec<&str> = request.split(' ').collect();
    let (id, value) = match words.as_slice() {
        [""] => return Some("invalid command".to_owned()),
        ["NEGOTIATE", "V2"] => return Some("V2_OK".to_owned()),
        ["V2", _, _, id, "KEYS"] => {
            (id, Some(values.keys().map(String::as_str).collect::<Vec<_>>().join("\n")))
        }
        ["V2", _, _, id, "GET", key] => {
            let key = String::from_utf8(base64_lenient(key).ok()?).ok()?;
            (id, values.get(&key).cloned())
        }
        _ => return None,
    };
    let body = match value {
        Some(value) => format!("{id} SUCCESS {}", base64(value.as_bytes())),
        None => format!("{id} NOTFOUND"),
    };
    let mut sum = flate2::Crc::new();
    sum.update(body.as_bytes());
    Some(format!("V2 {} {:08x} {body}", body.len(), sum.sum()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use system::Scratch;

    fn answers(pairs: &[(&str, &str)]) -> Answers {
        pairs.iter().map(|(question, answer)| ((*question).to_owned(), (*answer).to_owned())).collect()
    }

    #[test]
    fn the_machine_has_the_programs_and_ports_and_their_answers() {
        let script = Script {
            programs: [("/usr/bin/tool".to_owned(), answers(&[("get a", "1\n")]))].into(),
            serial: [("/dev/ttyS1".to_owned(), answers(&[("<\n\n>", "{}")]))].into(),
        };
        let (mut system, _) = Scratch::new().system();
        script.prepare(system.files.as_ref()).expect("written");
        script.lay_over(&mut system);
        let run = |line: [&str; 3]| system.commands.run(&Command::line(line)).expect("there").text();
        assert_eq!(run(["/usr/bin/tool", "get", "a"]), "1\n");
        assert_eq!(run(["/usr/bin/tool", "get", "b"]), "");
        let limit = Duration::from_secs(1);
        let mut port = system.serial.open(Path::new("/dev/ttyS1"), None).expect("there");
        port.write("<\n\n>", limit).expect("written");
        assert_eq!(port.read_line(limit).expect("an answer"), b"{}");
        assert!(matches!(port.read_line(limit), Err(SerialError::TimedOut { .. })));
        assert!(system.serial.open(Path::new("/dev/ttyS2"), None).is_err());
    }

    #[test]
    fn values_of_a_smartos_host() {
        let values = answers(&[("hostname", "box")]);
        assert_eq!(smartos(&values, "NEGOTIATE V2").as_deref(), Some("V2_OK"));
        let found = smartos(&values, "V2 0 0 0a GET aG9zdG5hbWU=").expect("an answer");
        assert!(found.starts_with("V2 15 ") && found.ends_with(" 0a SUCCESS Ym94"), "{found}");
        let missing = smartos(&values, "V2 0 0 0b GET eA==").expect("an answer");
        assert!(missing.ends_with(" 0b NOTFOUND"), "{missing}");
        assert_eq!(smartos(&values, "GET hostname"), None);
    }
}
