//! A stage whose process is killed: status.json, result.json and `status` tell.

#![allow(clippy::disallowed_methods, reason = "a test of processes waits for them")]

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

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

/// What the interrupted command has started: in the foreground, in the background, and in a process group of its own.
const STARTED: &[&str] = &["command", "foreground", "background", "group"];

/// A stage with a script that leaves a service in the background and ends, and a command that goes on for long.
fn busy(more: &str) -> Stage {
    let stage = Stage::new(b"", "");
    let root = stage.path("").display().to_string();
    let started = |name: &str| format!("sh -c 'echo $$ > {root}/{name}; exec sleep 300'");
    let script = stage.path("lib/scripts/per-boot/script");
    std::fs::create_dir_all(script.parent().expect("has one")).expect("made");
    std::fs::write(&script, format!("#!/bin/sh\nnohup {} > /dev/null 2>&1 &\n", started("service")))
        .expect("written");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).expect("set");
    let config = format!(
        "cloud_config_modules: [scripts_per_boot, bootcmd]\nbootcmd:\n\
         - \"echo $$ > {root}/command; {} & timeout 300 {} & {}; :\"\n{more}\n",
        started("background"),
        started("group"),
        started("foreground"),
    );
    stage.put("cloud.cfg", &(stage.text("cloud.cfg") + &config));
    stage
}

fn wait_until(stage: &Stage, what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < PATIENCE, "{what}: {}", stage.text("log"));
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn pid(stage: &Stage, name: &str) -> String {
    stage.text(name).trim().to_owned()
}

/// Whether a process is running, and not only waiting for its parent to notice its end.
fn runs(pid: &str) -> bool {
    let stat = std::fs::read_to_string(Path::new("/proc").join(pid).join("stat"));
    stat.is_ok_and(|stat| !stat.rsplit(") ").next().unwrap_or_default().starts_with('Z'))
}

fn end_service(stage: &Stage) {
    let service = pid(stage, "service");
    assert!(runs(&service), "what a command that has ended left in the background goes on");
    std::process::Command::new("kill").arg(service).status().expect("kill runs");
}

/// Whatever ends a stage: nothing of the interrupted command goes on, and nothing else is ended.
#[test]
fn all_that_an_interrupted_command_has_started_ends_with_the_stage() {
    for (process, signal) in
        [("own", "KILL"), ("supervisor", "KILL"), ("own", "TERM"), ("supervisor", "TERM")]
    {
        let stage = busy("");
        let mut child =
            stage.command(&["--force", "modules", "--mode", "config"]).spawn().expect("just built");
        wait_until(&stage, "started", || {
            STARTED.iter().chain(&["service"]).all(|name| !pid(&stage, name).is_empty())
        });
        let supervisor = child.id().to_string();
        let children = std::fs::read_to_string(format!("/proc/{supervisor}/task/{supervisor}/children"));
        let children = children.expect("procfs");
        let is_parent = |pid: &&str| {
            let found =
                std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
            found.split_whitespace().any(|child| child == stage.text("command").trim())
        };
        let own = children.split_whitespace().find(is_parent).expect("the stage's process").to_owned();
        let target = if process == "own" { own } else { supervisor };
        let sent = std::process::Command::new("kill").args(["-s", signal, &target]).status();
        assert!(sent.expect("kill runs").success());
        child.wait().expect("a child");
        for name in STARTED {
            wait_until(&stage, &format!("{name} goes on after SIG{signal} of {process}"), || {
                !runs(&pid(&stage, name))
            });
        }
        end_service(&stage);
    }
}

/// The same at a time limit, of the command and of the stage.
#[test]
fn all_that_a_command_has_started_ends_at_a_time_limit() {
    for limit in ["timeouts: {commands: {script: 2}}", "timeouts: {stages: {modules-config: 2}}"] {
        let stage = busy(limit);
        assert_eq!(stage.run(&["--force", "modules", "--mode", "config"]).code, Some(1), "{limit}");
        for name in STARTED {
            assert!(!runs(&pid(&stage, name)), "{name} goes on: {limit}");
        }
        end_service(&stage);
    }
}

/// What users rely on: a stage that ends does not end what it has started.
#[test]
fn what_runs_in_the_background_outlives_a_stage_that_finishes() {
    let stage = busy("");
    stage.put("cloud.cfg", &stage.text("cloud.cfg").replace("exec sleep 300'; :", "true'; :"));
    assert_eq!(stage.run(&["--force", "modules", "--mode", "config"]).code, Some(0), "{}", stage.text("log"));
    for name in ["background", "group"] {
        let pid = pid(&stage, name);
        assert!(runs(&pid), "{name}");
        std::process::Command::new("kill").arg(pid).status().expect("kill runs");
    }
    end_service(&stage);
}
