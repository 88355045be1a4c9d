//! The program itself, where a test needs a process and not only its stages.
#![allow(clippy::disallowed_methods, reason = "a test of the program starts it and writes what it reads")]

use std::process::Command;

use tests::program;

#[test]
fn state_is_looked_for_where_the_merged_configuration_puts_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let root = directory.path();
    let config =
        format!("system_info: {{paths: {{cloud_dir: {0}/lib, run_dir: {0}/run}}}}\n", root.display());
    std::fs::write(root.join("cloud.cfg"), config).expect("written");
    std::fs::create_dir_all(root.join("run")).expect("made");
    let stage = r#"{"errors": [], "recoverable_errors": {}, "start": 1.5, "finished": 2.5}"#;
    let status = format!(
        r#"{{"v1": {{"datasource": "DataSourceMarker", "stage": null,
            "init-local": {stage}, "init": {stage}, "modules-config": {stage}, "modules-final": {stage}}}}}"#
    );
    std::fs::write(root.join("run/status.json"), status).expect("written");
    std::fs::write(root.join("run/result.json"), "{}").expect("written");
    std::fs::write(root.join("run/instance-data.json"), r#"{"v1": {"cloud_name": "marker"}}"#)
        .expect("written");
    let run = |arguments: &[&str]| {
        let output = Command::new(program())
            .args(arguments)
            .env("CLOUD_CFG", root.join("cloud.cfg"))
            .output()
            .expect("the program was just built");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let shown = run(&["status", "--format", "json"]);
    assert!(shown.contains("DataSourceMarker"), "{shown}");
    assert_eq!(run(&["query", "v1.cloud_name"]).trim(), "marker");
}

#[test]
fn a_query_over_a_list_is_an_error() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data.json");
    std::fs::write(&data, "[1, 2]").expect("written");
    let arguments = ["query", "--instance-data", &data.display().to_string(), "--all"];
    let output = Command::new(program()).args(arguments).output().expect("the program was just built");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("expected a mapping of instance data, found a list"), "{said}");
}
