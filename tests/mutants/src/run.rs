//! Which tests reach a change, and whether one of them fails when it is switched on.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde_json::Value;

use crate::viable::Copy;
use crate::{Error, file};

/// The longest that a test may take without a change. The first one of the program's builds it.
const LONGEST: Duration = Duration::from_secs(300);
/// How much of other tests may come between two starts of a program.
const BATCH: Duration = Duration::from_secs(4);
/// How long the tests of one change may take together.
const BUDGET: Duration = Duration::from_secs(60);
/// Bytes of the map of what is reached, as in `switched.rs`.
const MAP: usize = 1 << 17;
/// Starts a test with a limit of 8 GiB of memory: a change can make a loop endless.
const LIMITED: &str = "ulimit -v 8388608 && exec \"$@\"";
/// Keeps a changed program of root away from this machine.
const ISOLATED: &str = include_str!("isolated.sh");

/// A test program.
#[derive(Debug)]
struct Program {
    file: PathBuf,
    /// The package's folder, in which cargo runs it.
    folder: PathBuf,
}

/// A test that passes, and what it reaches.
#[derive(Debug)]
struct Test {
    program: usize,
    name: String,
    took: Duration,
    reaches: Vec<u32>,
}

/// The end of the tests of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// A test failed.
    Caught,
    /// A test did not end.
    Endless,
    /// All tests that reach it pass.
    Survived,
    /// No test reaches it.
    Unreached,
}

/// All tests.
pub struct Tests<'c> {
    copy: &'c Copy,
    programs: Vec<Program>,
    passing: Vec<Test>,
}

/// Does something with each item, several at once.
fn side_by_side<T: Sync, R: Send>(items: &[T], act: impl Fn(usize, &T) -> R + Sync) -> Vec<R> {
    let next = Mutex::new(0..items.len());
    let results = Mutex::new(Vec::new());
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for worker in 0..workers {
            let (next, results, act) = (&next, &results, &act);
            scope.spawn(move || {
                while let Some(index) = next.lock().ok().and_then(|mut next| next.next()) {
                    let result = act(worker, &items[index]);
                    if let Ok(mut results) = results.lock() {
                        results.push((index, result));
                    }
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_default();
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

impl<'c> Tests<'c> {
    /// Builds the tests, and runs each alone to see what it reaches.
    ///
    /// # Errors
    ///
    /// If they do not build.
    pub fn build(copy: &'c Copy) -> Result<Self, Error> {
        let output = copy
            .cargo(&["test", "--quiet", "--workspace", "--no-run", "--message-format=json"])
            .output()
            .map_err(file("cargo test"))?;
        if !output.status.success() {
            return Err(Error::Failed(
                "cargo test --no-run",
                String::from_utf8_lossy(&output.stderr).into_owned(),
            ));
        }
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let programs: Vec<Program> = text.lines().filter_map(program).collect();
        let mut this = Self { copy, programs, passing: Vec::new() };
        let mut names = Vec::new();
        for (index, program) in this.programs.iter().enumerate() {
            let mut list = this.command(0, program);
            let output =
                list.args(["--list", "--format", "terse"]).output().map_err(file("a test program"))?;
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            names.extend(
                text.lines().filter_map(|line| Some((index, line.strip_suffix(": test")?.to_owned()))),
            );
        }
        println!("{} tests of {} programs, each alone", names.len(), this.programs.len());
        let tests = side_by_side(&names, |worker, (program, name)| this.trace(worker, *program, name));
        let (passed, failed): (Vec<_>, Vec<_>) = tests.into_iter().partition(Result::is_ok);
        for name in failed.into_iter().filter_map(Result::err) {
            println!("does not pass here: {name}");
        }
        this.passing = passed.into_iter().filter_map(Result::ok).collect();
        this.passing.sort_by_key(|test| test.took);
        Ok(this)
    }

    fn command(&self, worker: usize, program: &Program) -> Command {
        let mut command = Command::new("sh");
        if nix::unistd::geteuid().is_root() {
            command = Command::new("unshare");
            command.args(["--mount", "--pid", "--net", "--ipc", "--uts", "--fork", "--kill-child"]);
            command.args(["sh", "-c", ISOLATED, "sh"]).arg(self.copy.place.join(format!("scratch-{worker}")));
            command.arg(&self.copy.target).arg("sh");
        }
        command.args(["-c", LIMITED, "sh"]).arg(&program.file);
        command.current_dir(&program.folder).stdin(Stdio::null());
        command.env("CARGO_MANIFEST_DIR", &program.folder).env("CARGO_TARGET_DIR", &self.copy.target);
        command.env("CARGO_INCREMENTAL", "0").env("RUST_TEST_THREADS", "1").env("RUST_BACKTRACE", "0");
        command.env_remove("MUTANT").env_remove("MUTANTS_REACHED");
        command
    }

    /// Runs tests of a program: whether they pass, `None` if they do not end.
    fn run(
        &self,
        worker: usize,
        program: usize,
        names: &[&str],
        limit: Duration,
        variable: (&str, &str),
    ) -> Option<bool> {
        let mut command = self.command(worker, &self.programs[program]);
        command.args(["--include-ignored", "--exact", "--quiet"]).args(names);
        command.env(variable.0, variable.1).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let Ok(mut child) = command.spawn() else { return Some(false) };
        let begun = Instant::now();
        let mut pause = Duration::from_millis(1);
        loop {
            match child.try_wait() {
                Ok(None) if begun.elapsed() > limit => {
                    kill(&mut child);
                    return None;
                }
                Ok(None) => thread::sleep(pause),
                Ok(Some(status)) => return Some(status.success()),
                Err(_) => return Some(false),
            }
            pause = (pause * 2).min(Duration::from_millis(50));
        }
    }

    fn trace(&self, worker: usize, program: usize, name: &str) -> Result<Test, String> {
        let map = self.copy.target.join(format!("reached-{worker}"));
        let path = map.display().to_string();
        fs::write(&map, vec![0; MAP]).map_err(|error| format!("{path}: {error}"))?;
        let begun = Instant::now();
        let passed = self.run(worker, program, &[name], LONGEST, ("MUTANTS_REACHED", &path));
        if passed != Some(true) {
            return Err(format!("{name} of {}", self.programs[program].file.display()));
        }
        let took = begun.elapsed();
        let bytes = fs::read(&map).map_err(|error| format!("{path}: {error}"))?;
        let reaches = (0..).zip(&bytes).filter(|(_, byte)| **byte != 0).map(|(id, _)| id).collect();
        Ok(Test { program, name: name.to_owned(), took, reaches })
    }

    /// Tries each of the changes, which are in these files.
    pub fn judge(&self, changes: &[(u32, &str)], told: impl Fn(u32, Verdict) + Sync) -> Vec<Verdict> {
        side_by_side(changes, |worker, (id, source)| {
            let verdict = self.tried(worker, *id, source);
            told(*id, verdict);
            verdict
        })
    }

    fn tried(&self, worker: usize, id: u32, source: &str) -> Verdict {
        let begun = Instant::now();
        let folder = source.split("/src/").next().unwrap_or_default();
        let folder =
            if source.starts_with("src/") { &self.copy.switched } else { &self.copy.switched.join(folder) };
        let reaching: Vec<&Test> =
            self.passing.iter().filter(|test| test.reaches.binary_search(&id).is_ok()).collect();
        if reaching.is_empty() {
            return Verdict::Unreached;
        }
        // Its own crate's first, since most changes are caught by them.
        let (own, other): (Vec<&Test>, Vec<&Test>) =
            reaching.into_iter().partition(|test| &self.programs[test.program].folder == folder);
        let id = id.to_string();
        for batch in batches(&own).into_iter().chain(batches(&other)) {
            if begun.elapsed() > BUDGET {
                break;
            }
            let took: Duration = batch.iter().map(|test| test.took).sum();
            let names: Vec<&str> = batch.iter().map(|test| test.name.as_str()).collect();
            match self.run(
                worker,
                batch[0].program,
                &names,
                Duration::from_secs(20) + 4 * took,
                ("MUTANT", &id),
            ) {
                Some(true) => {}
                Some(false) => return Verdict::Caught,
                None => return Verdict::Endless,
            }
        }
        Verdict::Survived
    }
}

/// Groups tests of the same program, the quickest groups first.
fn batches<'t>(tests: &[&'t Test]) -> Vec<Vec<&'t Test>> {
    let mut programs: BTreeMap<usize, Vec<&Test>> = BTreeMap::new();
    for test in tests {
        programs.entry(test.program).or_default().push(test);
    }
    let mut batches = Vec::new();
    for tests in programs.into_values() {
        let (mut batch, mut took) = (Vec::new(), Duration::ZERO);
        for test in tests {
            if !batch.is_empty() && took + test.took > BATCH {
                batches.push((took, std::mem::take(&mut batch)));
                took = Duration::ZERO;
            }
            took += test.took;
            batch.push(test);
        }
        batches.push((took, batch));
    }
    batches.sort_by_key(|(took, _)| *took);
    batches.into_iter().map(|(_, batch)| batch).collect()
}

/// The test program that a message of cargo's reports.
fn program(line: &str) -> Option<Program> {
    let message: Value = serde_json::from_str(line).ok()?;
    let file = message["executable"].as_str().filter(|_| message["profile"]["test"] == true)?;
    let folder = Path::new(message["manifest_path"].as_str()?).parent()?;
    Some(Program { file: file.into(), folder: folder.to_owned() })
}

fn kill(child: &mut Child) {
    if let Ok(group) = i32::try_from(child.id()) {
        let _ = killpg(Pid::from_raw(group), Signal::SIGKILL);
    }
    let _ = child.wait();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_run_in_groups_of_a_program() {
        let test = |program: usize, seconds: u64| Test {
            program,
            name: format!("{program}-{seconds}"),
            took: Duration::from_secs(seconds),
            reaches: Vec::new(),
        };
        let tests = [test(1, 1), test(2, 1), test(1, 2), test(1, 3), test(2, 9)];
        let found: Vec<Vec<String>> = batches(&tests.iter().collect::<Vec<_>>())
            .into_iter()
            .map(|batch| batch.into_iter().map(|test| test.name.clone()).collect())
            .collect();
        assert_eq!(found, [vec!["2-1"], vec!["1-1", "1-2"], vec!["1-3"], vec!["2-9"]]);
    }
}
