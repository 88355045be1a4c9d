//! One bad module never stops a boot.

use model::module::{Absent, Described, Listed, Report};
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
    let warnings = booted.warnings();
    assert!(warnings.iter().any(|line| line.contains("noticed before it failed")), "{warnings:?}");
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

/// A build without the modules that `lacks` names.
fn trimmed(user_data: &str, cloud_cfg: &str, lacks: &[&'static str]) -> Machine {
    let mut machine =
        Machine::new(seeded(image(), "i-one", user_data).file("/etc/cloud/cloud.cfg.d/50.cfg", cloud_cfg));
    machine.registry.modules.retain(|module| !lacks.contains(&module.name()));
    let absent = modules::catalog::modules().filter(|entry| !entry.built || lacks.contains(&entry.name));
    machine.registry.absent_modules = absent
        .map(|entry| Absent { name: entry.name, aliases: entry.aliases, keys: entry.own_keys })
        .collect();
    machine
}

#[test]
fn a_key_whose_module_is_not_in_the_build_is_told_at_its_line() {
    let machine = trimmed("#cloud-config\ntimezone: UTC\nruncmd:\n- echo\n", "{}", &["runcmd"]);
    let booted = machine.boot();
    let told =
        booted.warnings().into_iter().filter(|line| line.contains("module runcmd is not in this build"));
    let told: Vec<_> = told.collect();
    assert!(matches!(told.as_slice(), [one] if one.contains(":3:1: ")), "{told:?}");
}

#[test]
fn a_stock_list_of_modules_is_no_warning_in_a_trimmed_build() {
    let lists = "cloud_init_modules: [seed_random, growpart, ca_certs]\n\
        cloud_config_modules: [locale, ubuntu-advantage, runcmd]\ncloud_final_modules: [phone-home, scripts_user]\n";
    let machine = trimmed("#cloud-config\n{}\n", lists, &["seed_random", "growpart", "locale", "phone_home"]);
    let booted = machine.boot();
    let about: Vec<_> = booted
        .warnings()
        .into_iter()
        .filter(|line| line.contains("build") || line.contains("find module"))
        .collect();
    assert!(about.is_empty(), "{about:?}");
}
