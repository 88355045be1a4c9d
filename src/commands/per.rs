//! `cloud-init-per`: runs a command once, once per instance, or at every boot. For scripts and bootcmd.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use model::System;
use model::effects::{Attributes, Command, CommandError};

use crate::output;

const USAGE: &str = "\
Usage: cloud-init-per FREQUENCY NAME COMMAND [ARGUMENT...]

Runs a command at the given frequency, even from a script that runs at every boot, such as bootcmd.

  once      once per machine, even if it becomes another instance
  instance  once per instance
  always    at every call

NAME identifies the command in /var/lib/cloud, where its run and exit code are recorded.";

/// The request.
struct Job {
    semaphore: PathBuf,
    always: bool,
    command: Vec<String>,
}

/// Runs the command; returns its exit code, 0 if it has already run, 1 on any other failure.
pub(crate) fn run(program: &str, words: &[OsString]) -> u8 {
    let mut words: Vec<String> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    // The name of this helper before 0.7.
    if program == "cloud-init-run-module" {
        if words.len() > 2 && words[2] != "execute" {
            return failed("legacy cloud-init-run-module only supported with module 'execute'");
        }
        output::error("Warning: cloud-init-run-module is deprecated. Please use cloud-init-per.");
        if words.len() > 2 {
            words.remove(2);
        }
    }
    if matches!(words.first().map(String::as_str), Some("-h" | "--help")) {
        output::line(USAGE);
        return 0;
    }
    let system = super::host();
    match job(&system, words) {
        Ok(job) => work(&system, &job),
        Err(message) => failed(&message),
    }
}

fn failed(message: &str) -> u8 {
    output::error(message);
    1
}

fn job(system: &System, words: Vec<String>) -> Result<Job, String> {
    let mut words = words.into_iter();
    let (Some(frequency), Some(name)) = (words.next(), words.next()) else { return Err(USAGE.into()) };
    let command: Vec<String> = words.collect();
    if command.is_empty() {
        return Err(USAGE.into());
    }
    if name.contains('/') {
        return Err("name cannot contain a /".into());
    }
    if system.environment.uid() != 0 {
        return Err("must be root".into());
    }
    let below = match frequency.as_str() {
        "once" | "always" => "/var/lib/cloud/sem",
        "instance" => "/var/lib/cloud/instance/sem",
        _ => return Err(format!("{USAGE}\ninvalid frequency: {frequency}")),
    };
    let file = format!("bootper.{}.{frequency}", name.replace('-', "_"));
    Ok(Job { semaphore: Path::new(below).join(file), always: frequency == "always", command })
}

fn work(system: &System, job: &Job) -> u8 {
    // Names were once recorded with `-` instead of `_`.
    let legacy = PathBuf::from(job.semaphore.to_string_lossy().replace('_', "-"));
    if legacy != job.semaphore && system.files.exists(&legacy) && !system.files.exists(&job.semaphore) {
        let _ = system.files.rename(&legacy, &job.semaphore);
    }
    if !job.always && system.files.exists(&job.semaphore) {
        return 0;
    }
    let command = Command::line(job.command.iter().cloned()).in_foreground().of_user();
    let code = match system.commands.run(&command) {
        Ok(output) | Err(CommandError::Failed { output, .. }) => output.code,
        // The exit codes of a shell.
        Err(error) => {
            output::error(&error.to_string());
            let forbidden = matches!(&error, CommandError::Io { source, .. }
                if source.kind() == std::io::ErrorKind::PermissionDenied);
            if forbidden { 126 } else { 127 }
        }
    };
    let note = format!("{code}\t{}\n", system.clock.now().0.as_secs());
    match system.files.write(&job.semaphore, note.as_bytes(), &Attributes::mode(0o644)) {
        Ok(()) => u8::try_from(code).unwrap_or(1),
        Err(error) => failed(&format!("failed to write to {}: {error}", job.semaphore.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn it_runs_once_and_notes_the_exit_code() {
        let (system, _) = system::Scratch::new()
            .program("/usr/bin/true")
            .file("/var/lib/cloud/sem/bootper.my-job.once", "0\t1\n")
            .system();
        let seen = job(&system, words("once my-job true")).expect("a job");
        assert_eq!(seen.semaphore, Path::new("/var/lib/cloud/sem/bootper.my_job.once"));
        assert_eq!(work(&system, &seen), 0);
        // A record of an older release counts, under the new name.
        assert_eq!(system.files.text(&seen.semaphore).as_deref(), Some("0\t1\n"));
        let fresh = job(&system, words("instance other true x")).expect("a job");
        assert_eq!(work(&system, &fresh), 0);
        let note = system.files.text(Path::new("/var/lib/cloud/instance/sem/bootper.other.instance"));
        assert!(note.is_some_and(|note| note.starts_with("0\t")), "noted");
    }

    #[test]
    fn what_cannot_be_done_is_said() {
        let (system, _) = system::scratch();
        for (line, message) in [
            ("once a/b true", "name cannot contain a /"),
            ("monthly a true", "invalid frequency: monthly"),
            ("once a", "Usage: "),
        ] {
            let error = job(&system, words(line)).err().unwrap_or_default();
            assert!(error.contains(message), "{line}: {error}");
        }
    }
}
