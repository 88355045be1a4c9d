//! The real program on this machine's own root in a mount namespace: a file system may be full, read-only or in the way,
//! and nothing of it remains. State and configuration are below a temporary directory.
#![allow(clippy::disallowed_methods, reason = "a test of the program starts it and reads what it wrote")]

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use tests::program;

/// A namespace to come: its directory, and what is configured.
pub struct Namespace {
    directory: TempDir,
}

impl Namespace {
    /// `config` are further keys of cloud.cfg, in which `ROOT` is the directory; `user_data` is NoCloud's.
    pub fn new(config: &str, user_data: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let space = Self { directory };
        // As on a machine: nobody else can create anything on the way.
        std::fs::set_permissions(space.path(""), std::fs::Permissions::from_mode(0o755)).expect("set");
        space.put(
            "cloud.cfg",
            &format!(
                "datasource_list: [NoCloud]\nnetwork: {{config: disabled}}\npreserve_hostname: true\n\
                 def_log_file: ROOT/log\nlog_cfgs: []\noutput: {{all: '>> ROOT/output'}}\n\
                 system_info: {{distro: debian, paths: {{cloud_dir: ROOT/lib, run_dir: ROOT/run}}}}\n{config}"
            ),
        );
        space.put("lib/seed/nocloud/meta-data", "instance-id: i-one\n");
        space.put("lib/seed/nocloud/user-data", user_data);
        std::fs::create_dir(space.path("run")).expect("made");
        space
    }

    /// A path below the directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes a file in which `ROOT` stands for the directory.
    pub fn put(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("below the directory")).expect("made");
        let root = self.directory.path().display().to_string();
        std::fs::write(path, text.replace("ROOT", &root)).expect("written");
    }

    /// A file's text; empty if it is missing.
    pub fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// Whether something is there.
    pub fn has(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    /// A JSON document.
    pub fn json(&self, name: &str) -> Value {
        serde_json::from_str(&self.text(name)).unwrap_or_default()
    }

    /// Runs a script in a mount namespace of its own, in which `$CI` is the program and `stage NAME…` runs it, and notes
    /// its exit code in `codes`.
    pub fn run(&self, script: &str) -> Output {
        let prelude = "set -u\nstage() { timeout 100 \"$CI\" \"$@\"; echo \"$1 $?\" >>\"$0\"; }\n";
        let codes = self.path("run/codes");
        let output = Command::new("unshare")
            .args(["--mount", "--propagation", "private", "sh", "-c"])
            .arg(format!("{prelude}{script}"))
            .arg(&codes)
            .env("CI", program())
            .env("CLOUD_CFG", self.path("cloud.cfg"))
            .current_dir(self.directory.path())
            .output()
            .expect("unshare is of util-linux");
        assert!(Path::new(&codes).exists(), "{}", String::from_utf8_lossy(&output.stderr));
        output
    }
}
