//! The real program: where the output of a stage goes, what its welcome line says, and modules run by hand.
#![allow(clippy::disallowed_methods, reason = "a test of processes starts them and reads what they wrote")]

use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use tests::program;

/// What a stage and one of its commands write.
const COMMANDS: &str = "bootcmd: ['echo to-out', 'echo to-err >&2']\n";

/// A directory with a configuration, in which `ROOT` is the directory.
fn configured(more: &str) -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let config = format!(
        "cloud_config_modules: [bootcmd]\ndef_log_file: ROOT/log\nlog_cfgs: []\n\
         system_info: {{paths: {{cloud_dir: ROOT/lib, run_dir: ROOT/run}}}}\n{more}\n"
    );
    let config = config.replace("ROOT", &directory.path().display().to_string());
    std::fs::write(directory.path().join("cloud.cfg"), config).expect("written");
    directory
}

fn run(directory: &Path, arguments: &[&str], zone: &str) -> Output {
    Command::new(program())
        .args(arguments)
        .env("CLOUD_CFG", directory.join("cloud.cfg"))
        .env("TZ", zone)
        .output()
        .expect("the program was just built")
}

/// A run of the config stage: its own standard output and error, and the files `out` and `err`, which held `before`.
struct Stage {
    standard: [String; 2],
    directory: TempDir,
}

impl Stage {
    fn run(output: &str) -> Self {
        let directory = configured(&format!("{COMMANDS}output: {output}"));
        for name in ["out", "err"] {
            std::fs::write(directory.path().join(name), "before\n").expect("written");
        }
        let ran = run(directory.path(), &["--force", "modules", "--mode", "config"], "UTC");
        let standard = [&ran.stdout, &ran.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        Self { standard, directory }
    }

    /// Fails unless a file holds what is expected, and of these words no other. A command of `output:` may end after
    /// the program.
    #[track_caller]
    fn holds(&self, name: &str, expected: &[&str]) {
        let words = ["before", "to-out", "to-err"];
        let begun = Instant::now();
        loop {
            let text = match name {
                "stdout" => self.standard[0].clone(),
                "stderr" => self.standard[1].clone(),
                _ => std::fs::read_to_string(self.directory.path().join(name)).expect("readable"),
            };
            let found: Vec<&str> =
                words.into_iter().filter(|word| text.lines().any(|line| line == *word)).collect();
            if found == expected {
                return;
            }
            assert!(
                begun.elapsed() < Duration::from_secs(10),
                "{name}: {found:?} instead of {expected:?}: {text}"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// The docstring of the original's `get_output_cfg` (cloudinit/util.py): a string is both streams, a list and a mapping
/// name each; `&1` is where the output goes; a file without an operator is appended to.
#[test]
fn output_goes_to_files() {
    let stage = Stage::run("{all: '>> ROOT/out'}");
    stage.holds("out", &["before", "to-out", "to-err"]);
    stage.holds("stdout", &[]);
    stage.holds("stderr", &[]);
    Stage::run("{all: '> ROOT/out'}").holds("out", &["to-out", "to-err"]);
    Stage::run("{all: ROOT/out}").holds("out", &["before", "to-out", "to-err"]);
    Stage::run("{config: ['> ROOT/out', '&1'], all: '> ROOT/err'}").holds("out", &["to-out", "to-err"]);
    let stage = Stage::run("{config: ['> ROOT/out', '>> ROOT/err']}");
    stage.holds("out", &["to-out"]);
    stage.holds("err", &["before", "to-err"]);
}

/// The same: `error` on its own, and the stage that `output:` does not name.
#[test]
fn each_stream_has_its_own_place() {
    let stage = Stage::run("{config: {output: '> ROOT/out', error: '> ROOT/err'}}");
    stage.holds("out", &["to-out"]);
    stage.holds("err", &["to-err"]);
    let stage = Stage::run("{config: {error: '>> ROOT/err'}}");
    stage.holds("stdout", &["to-out"]);
    stage.holds("err", &["before", "to-err"]);
    let stage = Stage::run("{final: '> ROOT/out'}");
    stage.holds("out", &["before"]);
    stage.holds("stdout", &["to-out"]);
    stage.holds("stderr", &["to-err"]);
}

/// The same: after `|` stands a command of the shell, which gets both streams.
#[test]
fn output_goes_through_a_command() {
    let stage = Stage::run("{all: '| tee -a ROOT/out'}");
    stage.holds("out", &["before", "to-out", "to-err"]);
    let stage = Stage::run("{config: {output: '| sed s/to-out/before/ > ROOT/out', error: '> ROOT/err'}}");
    stage.holds("out", &["before"]);
    stage.holds("err", &["to-err"]);
}

/// The welcome line's time is the machine's own, with its offset (the original: `strftime("%z")` of the local time).
/// POSIX's TZ counts hours west of Greenwich.
#[test]
fn the_welcome_line_has_the_offset_of_the_time_zone() {
    for (zone, offset) in [("XYZ-5:30", "+0530"), ("XYZ3:30", "-0330"), ("UTC", "+0000")] {
        let directory = configured(COMMANDS);
        let ran = run(directory.path(), &["--force", "modules", "--mode", "config"], zone);
        let said = String::from_utf8_lossy(&ran.stderr).into_owned();
        let welcome = said.lines().find(|line| line.starts_with("Cloud-init v. ")).expect("a welcome line");
        assert!(welcome.contains(&format!(" {offset}. Up ")), "{zone}: {welcome}");
    }
}

/// The original's page of the command line: `single` runs one module, `--frequency` overrides how often it runs, and
/// without a data source it runs only with `--force`.
#[test]
fn a_single_module_runs_as_often_as_is_asked() {
    let directory = configured("write_files: [{path: ROOT/marker, content: x}]");
    let marker = directory.path().join("marker");
    let single = |arguments: &[&str]| {
        let _ = std::fs::remove_file(&marker);
        let code = run(directory.path(), arguments, "UTC").status.code();
        (code, marker.exists())
    };
    assert_eq!(single(&["single", "--name", "write_files"]), (Some(1), false));
    assert_eq!(single(&["--force", "single", "--name", "write_files"]), (Some(0), true));
    assert_eq!(
        single(&["--force", "single", "--name", "write_files"]),
        (Some(0), false),
        "once per instance"
    );
    let always = ["--force", "single", "--name", "write_files", "--frequency", "always"];
    assert_eq!(single(&always), (Some(0), true));
    assert_eq!(single(&["--force", "single", "--name", "no_such_module"]), (Some(1), false));
}
