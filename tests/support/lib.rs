//! What the black-box tests share: the workspace and the program under test.
#![allow(clippy::disallowed_methods, reason = "black-box tests read files and run programs")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// The root of the workspace.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_owned).unwrap_or_default()
}

/// `cargo metadata` of the workspace, its own packages only.
pub fn metadata() -> serde_json::Value {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version=1", "--no-deps"])
        .current_dir(workspace())
        .output()
        .expect("cargo runs, since it runs this test");
    serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON")
}

/// The program under test, built once when it is not there yet: a test of another package cannot ask cargo for it.
pub fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(build)
}

fn build() -> PathBuf {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let mut build = Command::new(cargo);
    // Build scripts that look at what cargo says of this test's package would run again, and all that rests on them.
    for (name, _) in std::env::vars_os().filter(|(name, _)| {
        let name = name.to_string_lossy();
        name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
    }) {
        build.env_remove(name);
    }
    let built = build
        .args(["build", "--quiet", "--package", "cloud-init", "--message-format=json"])
        .current_dir(workspace())
        .output()
        .expect("cargo runs, since it runs this test");
    assert!(built.status.success(), "the program does not build: {}", String::from_utf8_lossy(&built.stderr));
    String::from_utf8_lossy(&built.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["target"]["name"] == "cloud-init")
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .expect("cargo names the executable that it built")
}

/// Runs the program with these arguments.
pub fn run(program: &Path, arguments: &[&str]) -> Output {
    Command::new(program).args(arguments).output().expect("the program was just built")
}
