//! A stage whose process is killed: status.json, result.json and `status` tell.

#![allow(clippy::disallowed_methods, reason = "a test of processes waits for them")]

use std::time::Instant;

use crate::stage::{PATIENCE, Stage};

/// The stage's own process runs the command, its parent supervises it.
const OWN: &str = "$PPID";
const SUPERVISOR: &str = "$(sed -n 's/^PPid:.//p' /proc/$PPID/status)";

fn attacked(mode: &str, command: &str) -> Stage {
    let config = format!("cloud_{mode}_modules: [bootcmd, timezone]\nbootcmd:\n- \"{command}; sleep 60\"\n");
    Stage::new(b"", &config)
}

#[test]
fn a_stage_that_kills_itself_is_closed_with_an_error() {
    let stage = attacked("init", &format!("kill -KILL {OWN}"));
    let ended = stage.run(&["--force", "modules", "--mode", "init"]);
    assert_eq!(ended.code, Some(1), "the number of errors");
    let status = stage.status();
    let init = &status["init"];
    assert!(init["finished"].is_f64() && status["stage"].is_null(), "{status}");
    let error = init["errors"][0].as_str().unwrap_or_default();
    let expected = "The process of stage init was ended by SIGKILL during module bootcmd of stage init";
    assert!(error.starts_with(expected), "{status}");
    assert!(stage.text("log").contains(expected), "{}", stage.text("log"));
    let (shown, code) = stage.shown_status();
    assert_eq!((shown["status"].as_str(), code), (Some("error"), Some(1)), "{shown}");
    let keys =
        |stage: &serde_json::Value| stage.as_object().map(|map| map.keys().cloned().collect::<Vec<_>>());
    assert_eq!(keys(init), keys(&status["init-local"]), "the shape is upstream's");
}

#[test]
fn a_final_stage_that_is_killed_has_a_result() {
    let stage = attacked("final", &format!("kill -KILL {OWN}"));
    stage.run(&["--force", "modules", "--mode", "final"]);
    let result = stage.text("lib/data/result.json");
    assert!(result.contains("SIGKILL"), "{result}");
    let (shown, code) = stage.shown_status();
    assert_eq!((shown["extended_status"].as_str(), code), (Some("error - done"), Some(1)), "{shown}");
}

#[test]
fn an_abort_is_closed_as_other_signals_are() {
    let stage = attacked("config", &format!("kill -ABRT {OWN}"));
    let ended = stage.run(&["--force", "modules", "--mode", "config"]);
    assert_eq!(ended.code, Some(0));
    let error = stage.status()["modules-config"]["errors"][0].to_string();
    assert!(error.contains("SIGABRT") && error.contains("module bootcmd"), "{error}");
}

#[test]
fn a_stage_whose_supervisor_is_killed_has_died() {
    let stage = attacked("init", &format!("kill -KILL {SUPERVISOR}"));
    let ended = stage.run(&["--force", "modules", "--mode", "init"]);
    assert_eq!(ended.code, None, "nobody is left to say so");
    assert!(stage.status()["init"]["finished"].is_null());
    let (shown, code) = stage.shown_status();
    assert_eq!((shown["extended_status"].as_str(), code), (Some("error - running"), Some(1)), "{shown}");
    assert!(shown["errors"][0].as_str().is_some_and(|error| error.contains("stage init ended")), "{shown}");
    // The next stage closes it, so that the result of the boot contains it.
    stage.put("cloud.cfg", &stage.text("cloud.cfg").replace("bootcmd:\n", "other:\n"));
    stage.run(&["--force", "modules", "--mode", "final"]);
    let status = stage.status();
    assert!(status["init"]["finished"].is_f64(), "{status}");
    assert!(
        stage.text("lib/data/result.json").contains("stage init ended"),
        "{}",
        stage.text("lib/data/result.json")
    );
    let (shown, code) = stage.shown_status();
    assert_eq!((shown["extended_status"].as_str(), code), (Some("error - done"), Some(1)), "{shown}");
}

#[test]
fn a_running_stage_is_no_error() {
    let stage = attacked("config", "true");
    let mut child = stage.command(&["--force", "modules", "--mode", "config"]).spawn().expect("just built");
    let begun = Instant::now();
    while stage.status()["modules-config"]["start"].is_null() {
        assert!(begun.elapsed() < PATIENCE, "{}", stage.text("log"));
        std::thread::yield_now();
    }
    let (shown, code) = stage.shown_status();
    assert_eq!(shown["errors"], serde_json::json!([]), "{shown}");
    assert_ne!(code, Some(1));
    child.kill().expect("killed");
    child.wait().expect("waited for");
    // The kernel ends the stage's own process a moment later.
    let begun = Instant::now();
    let (mut shown, mut code) = stage.shown_status();
    while code != Some(1) && begun.elapsed() < PATIENCE {
        (shown, code) = stage.shown_status();
    }
    assert_eq!((shown["errors"].as_array().map(Vec::len), code), (Some(1), Some(1)), "{shown}");
}
