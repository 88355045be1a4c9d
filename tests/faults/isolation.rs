//! One bad module never stops a boot.

use model::module::{Described, Listed, Report};
use model::{Context, Frequency, Module, ModuleError, Stage};
use serde::Deserialize;

use crate::machine::{Machine, image, seeded};

struct Failing;
struct Panicking;

#[derive(Debug, Default, Deserialize, schemars::JsonSchema)]
struct Nothing {}

impl Described for Failing {
    const NAME: &'static str = "failing";
    const STAGE: Stage = Stage::Config;
    const FREQUENCY: Frequency = Frequency::Instance;
    const KEYS: &'static [&'static str] = &[];
    const LISTED: Listed = Listed::Nowhere;
    const TITLE: &'static str = "A failure";
    const SUMMARY: &'static str = "Fails.";
    type Config = Nothing;
}

impl Module for Failing {
    fn run(&self, _: &Context<'_>, _: Nothing, report: &mut Report) -> Result<(), ModuleError> {
        report.warn(None, "noticed before it failed");
        Err(ModuleError::Failed("it's broken".into()))
    }
}

impl Described for Panicking {
    const NAME: &'static str = "panicking";
    const STAGE: Stage = Stage::Config;
    const FREQUENCY: Frequency = Frequency::Instance;
    const KEYS: &'static [&'static str] = &[];
    const LISTED: Listed = Listed::Nowhere;
    const TITLE: &'static str = "A panic";
    const SUMMARY: &'static str = "Panics.";
    type Config = Nothing;
}

impl Module for Panicking {
    fn run(&self, _: &Context<'_>, _: Nothing, _: &mut Report) -> Result<(), ModuleError> {
        panic!("index out of range")
    }
}

fn machine() -> Machine {
    let root = seeded(image(), "i-one", "#cloud-config\nruncmd: ['echo']\n")
        .file("/etc/cloud/cloud.cfg.d/50.cfg", "cloud_config_modules: [failing, panicking, runcmd]\n");
    let mut machine = Machine::new(root);
    machine.registry.modules.push(Box::new(Failing));
    machine.registry.modules.push(Box::new(Panicking));
    machine
}

#[test]
fn failures_and_panics_are_recorded_and_the_next_module_runs() {
    let machine = machine();
    let booted = machine.boot();
    assert!(booted.modules.iter().any(|name| name == "runcmd"), "{:?}", booted.modules);
    assert!(booted.ran("/scripts/runcmd"), "the final stage runs too");
    let status = machine.json("/run/cloud-init/status.json");
    let errors = status["v1"]["modules-config"]["errors"].as_array().expect("a list");
    // As Python prints a pair of a name and an exception; an apostrophe turns the quotes round.
    assert_eq!(errors[0], "('failing', RuntimeError(\"it's broken\"))");
    let second = errors[1].as_str().expect("text");
    assert!(second.starts_with("('panicking', ") && second.contains("index out of range"), "{second}");
    assert_eq!(errors.len(), 2, "the exit code is their number");
    for stage in ["init-local", "init", "modules-final"] {
        assert_eq!(status["v1"][stage]["errors"], serde_json::json!([]), "{stage}");
    }
    let result = machine.json("/run/cloud-init/result.json");
    assert_eq!(result["v1"]["errors"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_failed_module_has_run_for_this_instance() {
    let machine = machine();
    machine.boot();
    // The original writes the semaphore before the work, whatever becomes of it.
    for name in ["failing", "panicking", "runcmd"] {
        assert!(machine.has(&format!("/var/lib/cloud/instance/sem/config_{name}")), "{name}");
    }
    let second = machine.boot();
    assert_eq!(second.all_errors(), Vec::<&str>::new());
    assert!(!second.modules.iter().any(|name| name == "failing" || name == "panicking"));
}
