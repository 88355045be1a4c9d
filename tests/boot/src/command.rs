//! Commands of the host.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::Error;

/// How much of a failed command's output an error shows, in bytes.
const SHOWN: usize = 2000;

/// Runs a command to its end and returns what it printed on standard output.
pub fn run(command: &mut Command) -> Result<String, Error> {
    let words = describe(command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|source| Error::Command { command: words.clone(), output: source.to_string() })?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(text);
    }
    let all = text + &String::from_utf8_lossy(&output.stderr);
    Err(Error::Command { command: words, output: tail(all.trim(), SHOWN).to_owned() })
}

/// A command with its words.
pub fn command<S: AsRef<std::ffi::OsStr>>(words: &[S]) -> Command {
    let mut command = Command::new(words[0].as_ref());
    command.args(&words[1..]);
    command
}

/// Runs words that are all text.
pub fn words(words: &[&str]) -> Result<String, Error> {
    run(&mut command(words))
}

/// Whether a program is installed.
pub fn is_installed(program: &str) -> bool {
    ["/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/bin"]
        .iter()
        .any(|directory| Path::new(directory).join(program).exists())
}

/// The last bytes of a text, from the beginning of a line.
pub fn tail(text: &str, bytes: usize) -> &str {
    let Some(start) = text.len().checked_sub(bytes) else { return text };
    let start = (start..text.len()).find(|index| text.is_char_boundary(*index)).unwrap_or(text.len());
    text[start..].split_once('\n').map_or(&text[start..], |(_, rest)| rest)
}

fn describe(command: &Command) -> String {
    let mut words = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        let _ = write!(words, " {}", argument.to_string_lossy());
    }
    words
}
