//! Lines of the log that other programs and the original's own acceptance tests read, and warnings that name a file.

use std::sync::Arc;

use system::Scratch;

use crate::machine::{Booted, Machine, SEED, image, seeded};
use crate::service::Service;

fn logged(booted: &Booted, text: &str) {
    assert!(
        booted.log.iter().any(|(_, line)| line.contains(text)),
        "not logged: {text:?}: {:#?}",
        booted.log.iter().map(|(_, line)| line).collect::<Vec<_>>()
    );
}

#[test]
fn lines_are_the_originals() {
    let user_data =
        "#cloud-config\nno_ssh_fingerprints: true\npower_state: {mode: reboot, condition: false}\n";
    let machine = Machine::new(seeded(image(), "i-one", user_data));
    let first = machine.boot();
    for line in [
        "Detected DataSourceNoCloud",
        "Skipping module named ssh_authkey_fingerprints, logging of SSH fingerprints disabled",
        "Condition was false. Will not perform state change",
        "start: init-network: searching for network datasources",
        "finish: init-network/config-users_groups: SUCCESS",
        "start: modules-final/config-final_message",
    ] {
        logged(&first, line);
    }
    assert!(!first.log.iter().any(|(_, line)| line.contains("start: init/")));
    logged(&machine.boot(), "Event Denied: scopes=['network'] EventType=boot");
}

/// What receives the reports pairs beginnings with ends.
#[test]
fn stages_and_steps_that_begin_end() {
    let first = Machine::new(seeded(image(), "i-one", "#cloud-config\n{}\n")).boot();
    let names = |verb: &str| {
        let lines = first.log.iter().filter_map(|(_, line)| line.strip_prefix(verb)?.split(": ").next());
        let mut names: Vec<&str> = lines.collect();
        names.sort_unstable();
        names
    };
    assert_eq!(names("start: "), names("finish: "));
    for step in [
        "init-local",
        "init-network/setup-datasource",
        "init-network/activate-datasource",
        "init-network/consume-vendor-data",
        "init-network/consume-vendor-data2",
    ] {
        logged(&first, &format!("finish: {step}: SUCCESS"));
    }
}

#[test]
fn an_event_that_is_allowed_is_logged() {
    let user_data = "#cloud-config\nupdates: {network: {when: [boot-new-instance, boot]}}\n";
    let machine = Machine::new(seeded(image(), "i-one", user_data));
    machine.boot();
    logged(&machine.boot(), "Event Allowed: scope=network EventType=boot");
}

#[test]
fn a_template_in_the_configuration_waits_for_instance_data_without_a_word() {
    let template = "## template: jinja\nno_ssh_fingerprints: true\nmarker: '{{ v1.instance_id }}'\n";
    let machine = Machine::new(
        seeded(image(), "i-one", "#cloud-config\ntimezone: Europe/Berlin\n")
            .file("/etc/cloud/cloud.cfg.d/90.cfg", template),
    );
    let first = machine.boot();
    // The module runs once for an instance.
    logged(&first, "logging of SSH fingerprints disabled");
    for booted in [first, machine.boot()] {
        assert!(booted.warnings().is_empty(), "{:#?}", booted.warnings());
    }
    let combined = machine.json("/run/cloud-init/combined-cloud-config.json");
    assert_eq!(combined["marker"], "i-one");
}

#[test]
fn a_seed_without_metadata_is_named() {
    let machine = Machine::new(image().file(&format!("{SEED}/user-data"), "#cloud-config\n"));
    machine.boot().warned(&format!("{SEED}: ignoring this seed: it has user-data but no meta-data"));
}

#[test]
fn what_is_written_in_python_is_named() {
    let module = "/usr/lib/python3/dist-packages/cloudinit/config/cc_mine.py";
    let source = "/usr/lib/python3/dist-packages/ours/DataSourceOurs.py";
    let config = "cloud_config_modules: [mine]\ndatasource_pkg_list: ['', cloudinit.sources, ours]\n";
    let root = seeded(image(), "i-one", "#cloud-config\n")
        .file(module, "")
        .file(source, "")
        .file("/etc/cloud/cloud.cfg.d/90.cfg", config);
    let mut machine = Machine::new(root);
    machine.datasource_list = "Ours, NoCloud, None";
    let booted = machine.boot();
    booted.warned(&format!("Module mine is written in Python ({module})"));
    booted.warned("/etc/cloud/cloud.cfg.d/90.cfg:2:");
    booted.warned(&format!("data source Ours is written in Python ({source})"));
}

#[test]
fn an_include_is_asked_for_once() {
    let service = Service::default();
    service.serve(Some(Scratch::new().file("/one.cfg", "#cloud-config\nmarker: 1\n")));
    let root = seeded(image(), "i-one", "#include\nhttp://files/one.cfg\n");
    let machine = Machine::with_http(root, Arc::new(service.clone()));
    machine.boot();
    assert_eq!(machine.json("/run/cloud-init/combined-cloud-config.json")["marker"], 1);
    assert_eq!(service.asked().iter().filter(|url| url.ends_with("/one.cfg")).count(), 1);
}
