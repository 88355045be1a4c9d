//! Test programs as cargo builds them.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use serde_json::Value;

use crate::Error;
use crate::needs::{self, Machine};
use crate::total::{Skipped, Total};

/// A test program.
#[derive(Debug)]
pub struct Binary {
    /// Its package and target, for people.
    name: String,
    program: PathBuf,
    /// The package's folder, in which cargo runs it.
    folder: PathBuf,
}

impl Binary {
    /// Builds the test programs of the workspace, or of some of its packages.
    pub fn build(packages: &[String]) -> Result<Vec<Self>, Error> {
        let mut command = cargo(packages);
        command.args(["--no-run", "--message-format=json-render-diagnostics"]);
        let mut child = command.stdout(Stdio::piped()).spawn().map_err(start("cargo"))?;
        let mut binaries = Vec::new();
        for line in child.stdout.take().map(BufReader::new).into_iter().flat_map(BufReader::lines) {
            let line = line.map_err(start("cargo"))?;
            let message = serde_json::from_str(&line).map_err(Error::Report)?;
            binaries.extend(Self::of_message(&message));
        }
        let status = child.wait().map_err(start("cargo"))?;
        if !status.success() {
            return Err(Error::Build(status));
        }
        binaries.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(binaries)
    }

    /// The test program that a message of cargo's reports.
    fn of_message(message: &Value) -> Option<Self> {
        let program = message["executable"].as_str().filter(|_| message["profile"]["test"] == true)?;
        let folder = Path::new(message["manifest_path"].as_str()?).parent()?.to_owned();
        // `path+file:///tree/core/model#cloud-init-model@0.1.0`, or without the name where the folder has it.
        let id = message["package_id"].as_str()?.rsplit('#').next()?;
        let package = match id.split_once('@') {
            Some((name, _)) => name.to_owned(),
            None => folder.file_name()?.to_str()?.to_owned(),
        };
        let (kind, target) = (message["target"]["kind"][0].as_str()?, message["target"]["name"].as_str()?);
        let target = if kind == "lib" { "unit tests".to_owned() } else { format!("{kind} {target}") };
        Some(Self { name: format!("{package}, {target}"), program: program.into(), folder })
    }

    /// Runs its tests: those that need nothing, then those whose needs are met.
    pub fn run(&self, machine: &Machine, total: &mut Total) -> Result<(), Error> {
        let first = self.pass(&[], total)?;
        let (mut runnable, mut skipped) = (Vec::new(), 0);
        for (test, reason) in first.ignored {
            if needs::is_part_of(&reason).is_some() {
                continue;
            }
            let needs = needs::named(&reason);
            let missing = machine.missing(&needs);
            if needs.is_empty() || !missing.is_empty() {
                skipped += 1;
                let why = if needs.is_empty() {
                    Skipped::Ignored(reason)
                } else {
                    Skipped::Missing(missing.into_iter().map(str::to_owned).collect())
                };
                total.skipped.push((format!("{}: {test}", self.name), why));
            } else {
                runnable.push(test);
            }
        }
        let mut passed = first.passed;
        if !runnable.is_empty() {
            let words = [&["--ignored".to_owned(), "--exact".to_owned()], &runnable[..]].concat();
            passed += self.pass(&words, total)?.passed;
        }
        if passed + skipped > 0 {
            println!("{}: {passed} passed, {skipped} skipped", self.name);
        }
        Ok(())
    }

    fn pass(&self, words: &[String], total: &mut Total) -> Result<Pass, Error> {
        let mut command = Command::new(&self.program);
        command.args(words).current_dir(&self.folder).env("CARGO_MANIFEST_DIR", &self.folder);
        command.env("PATH", needs::path());
        let (pass, status) = Pass::of(&mut command)?;
        total.add(&self.name, &pass, status);
        Ok(pass)
    }
}

/// Runs the examples of the documentation.
pub fn documentation(packages: &[String], total: &mut Total) -> Result<(), Error> {
    let (pass, status) = Pass::of(cargo(packages).args(["--doc", "--quiet", "--", "--format=pretty"]))?;
    total.add("examples of the documentation", &pass, status);
    println!("examples of the documentation: {} passed", pass.passed);
    Ok(())
}

/// What one run of libtest printed.
#[derive(Debug, Default, PartialEq, Eq)]
struct Pass {
    passed: usize,
    failed: Vec<String>,
    /// Names and reasons.
    ignored: Vec<(String, String)>,
}

impl Pass {
    /// Runs a command; its output is shown where something fails.
    fn of(command: &mut Command) -> Result<(Self, ExitStatus), Error> {
        let name = command.get_program().to_string_lossy().into_owned();
        let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output().map_err(start(&name))?;
        let text = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() {
            print!("{text}");
        }
        Ok((Self::read(&text), output.status))
    }

    fn read(text: &str) -> Self {
        let mut pass = Self::default();
        for line in text.lines() {
            let Some(line) = line.strip_prefix("test ") else { continue };
            let Some((test, outcome)) = line.split_once(" ... ") else { continue };
            let test = test.trim_end_matches(" - should panic").to_owned();
            match outcome.split_once(", ").unwrap_or((outcome, "no reason given")) {
                ("ignored", reason) => pass.ignored.push((test, reason.to_owned())),
                ("ok", _) => pass.passed += 1,
                _ => pass.failed.push(test),
            }
        }
        pass
    }
}

impl Total {
    fn add(&mut self, program: &str, pass: &Pass, status: ExitStatus) {
        self.passed += pass.passed;
        self.failed.extend(pass.failed.iter().map(|test| format!("{program}: {test}")));
        // A program that was killed printed no verdict of its own.
        if pass.failed.is_empty() && !status.success() {
            self.failed.push(format!("{program}: ended with {status}"));
        }
    }
}

fn cargo(packages: &[String]) -> Command {
    let mut command = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
    // Build scripts that look at what cargo says of this package would run again, and all that rests on them.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command.arg("test");
    match packages {
        [] => _ = command.arg("--workspace"),
        some => some.iter().for_each(|package| _ = command.args(["--package", package])),
    }
    command
}

fn start(program: &str) -> impl FnOnce(std::io::Error) -> Error + use<> {
    let program = program.to_owned();
    move |source| Error::Start { program, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_libtest_prints() {
        let text = "\nrunning 4 tests\ntest a::one ... ok\ntest two ... ignored, needs root, dnsmasq\n\
                    test three - should panic ... ok\ntest four ... FAILED\ntest five ... ignored\n\
                    test result: FAILED. 2 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out\n";
        let expected = Pass {
            passed: 2,
            failed: vec!["four".into()],
            ignored: vec![
                ("two".into(), "needs root, dnsmasq".into()),
                ("five".into(), "no reason given".into()),
            ],
        };
        assert_eq!(Pass::read(text), expected);
    }

    #[test]
    fn reads_what_cargo_reports() {
        let message = serde_json::json!({
            "reason": "compiler-artifact", "profile": {"test": true}, "executable": "/t/deps/model-1",
            "manifest_path": "/tree/core/model/Cargo.toml", "target": {"kind": ["lib"], "name": "model"},
            "package_id": "path+file:///tree/core/model#cloud-init-model@0.1.0",
        });
        let binary = Binary::of_message(&message).expect("a test program");
        assert_eq!(
            (binary.name.as_str(), binary.folder.as_path()),
            ("cloud-init-model, unit tests", Path::new("/tree/core/model"))
        );
        let mut library = message;
        library["profile"]["test"] = false.into();
        assert!(Binary::of_message(&library).is_none());
    }
}
