//! A boot stage of the real program. All that it writes is below a temporary directory: the instance is known already,
//! there is no network to configure, and cloud.cfg lists the modules of the test only.
#![allow(clippy::disallowed_methods, reason = "a test of processes starts them and reads what they wrote")]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use serde_json::{Value, json};
use tempfile::TempDir;

use tests::program;

/// How long a stage may take at most: this build is not optimized, and the machine may be busy.
pub const PATIENCE: Duration = Duration::from_secs(300);

/// The directory of a machine.
pub struct Stage {
    directory: TempDir,
}

/// How a stage ended.
pub struct Ended {
    /// The exit code; none for a signal.
    pub code: Option<i32>,
    /// The largest resident set of one of its processes, in KiB.
    pub peak: u64,
}

impl Stage {
    /// A machine with an instance and its user-data; `config` is added to cloud.cfg.
    pub fn new(user_data: &[u8], config: &str) -> Self {
        let stage = Self { directory: tempfile::tempdir().expect("a directory") };
        let root = stage.directory.path().display().to_string();
        for name in ["lib/instances/i-1", "lib/data", "run"] {
            std::fs::create_dir_all(stage.path(name)).expect("made");
        }
        std::os::unix::fs::symlink(stage.path("lib/instances/i-1"), stage.path("lib/instance"))
            .expect("linked");
        let instance = json!({
            "source": "NoCloud", "class": "DataSourceNoCloud", "instance_id": "i-1",
            "metadata": {"instance-id": "i-1"},
            "user_data": base64::engine::general_purpose::STANDARD.encode(user_data),
        });
        stage.put("lib/instance/datasource.json", &instance.to_string());
        stage.put("run/.instance-id", "i-1\n");
        stage.put("run/.skip-network", "");
        stage.put("lib/data/instance-id", "i-1\n");
        stage.put(
            "cloud.cfg",
            &format!(
                "datasource_list: [NoCloud]\nnetwork: {{config: disabled}}\ndisable_network_activation: true\n\
                 preserve_hostname: true\nsyslog_fix_perms: []\ndef_log_file: {root}/log\nlog_cfgs: []\n\
                 output: {{all: '>> {root}/output'}}\n\
                 system_info: {{distro: debian, paths: {{cloud_dir: {root}/lib, run_dir: {root}/run}}}}\n{config}"
            ),
        );
        stage
    }

    /// A path below the directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes a file below the directory.
    pub fn put(&self, name: &str, content: &str) {
        std::fs::write(self.path(name), content).expect("written");
    }

    /// The text of a file below the directory; empty if there is none.
    pub fn text(&self, name: &str) -> String {
        String::from_utf8_lossy(&std::fs::read(self.path(name)).unwrap_or_default()).into_owned()
    }

    /// `v1` of status.json.
    pub fn status(&self) -> Value {
        let document: Value = serde_json::from_str(&self.text("lib/data/status.json")).unwrap_or_default();
        document["v1"].clone()
    }

    /// A command of the program on this machine.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.args(arguments).env("CLOUD_CFG", self.path("cloud.cfg")).stdin(Stdio::null());
        command
    }

    /// Runs a command to its end and watches its memory.
    pub fn run(&self, arguments: &[&str]) -> Ended {
        let mut command = self.command(arguments);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("just built");
        let begun = Instant::now();
        let mut peak = 0;
        loop {
            peak = peak.max(memory(&child));
            if let Some(status) = child.try_wait().expect("a child") {
                return Ended { code: status.code(), peak };
            }
            if begun.elapsed() > PATIENCE {
                let _ = child.kill();
                panic!("it does not end: {}", self.text("log"));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// `status --format json`, and its exit code.
    pub fn shown_status(&self) -> (Value, Option<i32>) {
        let output = self.command(&["status", "--format", "json"]).output().expect("just built");
        (serde_json::from_slice(&output.stdout).unwrap_or_default(), output.status.code())
    }
}

/// The largest resident set so far of a process and its descendants.
fn memory(child: &Child) -> u64 {
    let (mut pending, mut peak) = (vec![child.id().to_string()], 0);
    while let Some(pid) = pending.pop() {
        let process = Path::new("/proc").join(&pid);
        let status = std::fs::read_to_string(process.join("status")).unwrap_or_default();
        let own = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse().ok());
        peak = peak.max(own.unwrap_or(0));
        let children = std::fs::read_to_string(process.join("task").join(&pid).join("children"));
        pending.extend(children.unwrap_or_default().split_whitespace().map(str::to_owned));
    }
    peak
}
