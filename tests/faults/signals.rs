//! The real program and real signals: what a stage that is ended leaves.
#![allow(clippy::disallowed_methods, reason = "a test of processes starts them and reads what they wrote")]

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use tests::program;

/// How long a step may take at most: a disk that is busy holds up a program that syncs its files.
const PATIENCE: Duration = Duration::from_secs(180);

/// Everything that the program writes is below this directory.
struct Stage {
    directory: TempDir,
    child: Child,
}

impl Stage {
    /// Begins a stage whose only module runs a command that takes very long.
    fn begin(mode: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let root = directory.path().display().to_string();
        let config = format!(
            "cloud_{mode}_modules: [bootcmd, timezone]\n\
             bootcmd:\n- 'echo $$ > {root}/pid; sleep 300 & echo $! > {root}/grandchild; wait'\n\
             def_log_file: {root}/log\nlog_cfgs: []\noutput: {{all: '>> {root}/output'}}\n\
             system_info: {{paths: {{cloud_dir: {root}/lib, run_dir: {root}/run}}}}\n"
        );
        std::fs::write(directory.path().join("cloud.cfg"), config).expect("written");
        let child = Command::new(program())
            .args(["--force", "modules", "--mode", mode])
            .env("CLOUD_CFG", directory.path().join("cloud.cfg"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program was just built");
        let stage = Self { directory, child };
        stage.wait_for("grandchild");
        stage
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.directory.path().join(name)).unwrap_or_default()
    }

    fn json(&self, name: &str) -> Value {
        serde_json::from_str(&self.text(name)).unwrap_or_default()
    }

    fn wait_for(&self, name: &str) {
        let begun = Instant::now();
        while self.text(name).trim().is_empty() {
            assert!(begun.elapsed() < PATIENCE, "no {name}: {}", self.text("log"));
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Sends a signal and waits for the end; gives the exit code.
    fn end(&mut self, signal: &str) -> Option<i32> {
        let sent = Command::new("kill").args(["-s", signal, &self.child.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return status.code();
            }
            assert!(begun.elapsed() < PATIENCE, "it does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn runs(&self, name: &str) -> bool {
        let pid = self.text(name).trim().to_owned();
        // One that has ended and that nobody waited for is no longer running.
        let status = std::fs::read_to_string(Path::new("/proc").join(pid).join("stat")).unwrap_or_default();
        status.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with('Z'))
    }
}

/// Whether this process, and so what it starts, ignores SIGHUP (proc_pid_status(5)).
fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").expect("/proc is there");
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).expect("a line of signals");
    u64::from_str_radix(mask.trim(), 16).expect("a mask") & 1 != 0
}

#[test]
fn a_signal_closes_the_stage_and_ends_its_commands() {
    // One that is ignored where the tests were started, as by nohup(1), stays ignored.
    let heard = ["TERM", "INT", "ABRT"].into_iter().chain((!ignores_hangup()).then_some("HUP"));
    for signal in heard {
        let mut stage = Stage::begin("config");
        assert_eq!(stage.end(signal), Some(0), "as the original's handler exits");
        let log = stage.text("log");
        let said: Vec<&str> = log.lines().filter(|line| line.contains("resulting in exit")).collect();
        assert_eq!(said.len(), 1, "{log}");
        assert!(said[0].contains(&format!("[INFO]: Received signal SIG{signal} resulting in exit. Cause: ")));
        assert!(said[0].contains("module bootcmd of stage modules-config"), "{}", said[0]);
        assert!(!log.contains("Running module timezone"), "nothing follows");
        let status = &stage.json("lib/data/status.json")["v1"];
        assert!(status["stage"].is_null() && status["modules-config"]["finished"].is_f64(), "{status}");
        let error = status["modules-config"]["errors"][0].as_str().unwrap_or_default();
        assert!(error.contains(&format!("SIG{signal}")), "{status}");
        assert!(!stage.runs("pid") && !stage.runs("grandchild"), "the command goes on");
    }
}

#[test]
fn a_signal_in_the_final_stage_writes_the_result() {
    let mut stage = Stage::begin("final");
    assert_eq!(stage.end("TERM"), Some(0));
    let result = &stage.json("lib/data/result.json")["v1"];
    assert!(result["errors"][0].as_str().is_some_and(|error| error.contains("SIGTERM")), "{result}");
}
