//! The files that the program reads back, replaced by something else: no stage panics, and the boot finishes.

use std::path::Path;

use model::Stage;

use crate::machine::{Machine, SEED, image, seeded};

const USER_DATA: &str = "#cloud-config\nruncmd: [[touch, /ran]]\n";

/// What a file becomes.
const DAMAGES: &[(&str, Option<&[u8]>)] = &[
    ("empty", Some(b"")),
    ("a list", Some(b"[]")),
    ("null", Some(b"null")),
    (
        "mappings of the wrong types",
        Some(br#"{"v1": {"init": {"errors": {}, "recoverable_errors": [], "start": "x"}}}"#),
    ),
    ("garbage", Some(b"\0\xff{[\x1b not text")),
    ("a directory", None),
];

const ON_DISK: &[&str] = &[
    "data/instance-id",
    "data/previous-instance-id",
    "data/previous-datasource",
    "data/result.json",
    "data/status.json",
    "instance/boot-finished",
    "instance/cloud-config.origins.json",
    "instance/cloud-config.txt",
    "instance/datasource",
    "instance/datasource.json",
    "instance/network-config.json",
    "instance/sem/config_ssh",
    "instance/user-data.txt",
    "instance/user-data.txt.i",
    "instance/vendor-cloud-config.txt",
    "instance/vendor-data.txt",
];

const IN_RUN: &[&str] = &[
    ".instance-id",
    ".new-instance-id",
    ".skip-network",
    "cloud-id",
    "cloud.cfg",
    "combined-cloud-config.json",
    "instance-data-sensitive.json",
    "instance-data.json",
    "network-config.json",
    "result.json",
    "status.json",
];

fn damage(machine: &Machine, path: &str, content: Option<&[u8]>) {
    let files = &machine.powered().files;
    let path = Path::new(path);
    files.remove(path).expect("removed");
    match content {
        Some(content) => files.write(path, content, &model::effects::Attributes::default()).expect("written"),
        None => {
            files.create_dir(path, None).expect("made");
            files.write(&path.join("x"), b"y", &model::effects::Attributes::default()).expect("written");
        }
    }
}

#[track_caller]
fn finishes(machine: &Machine, what: &str) {
    let booted = machine.boot();
    assert_eq!(booted.errors.len(), 4, "{what}: {:?}", booted.errors);
    let panicked = booted.log.iter().any(|(_, text)| text.contains("panic"));
    assert!(!panicked, "{what}: {:#?}", booted.warnings());
    let finished = booted.modules.iter().any(|name| name == "final_message");
    assert!(finished, "{what}: {:?} {:?}", booted.errors, booted.modules);
    assert!(
        machine.json("/var/lib/cloud/data/status.json")["v1"]["modules-final"]["finished"].is_f64(),
        "{what}"
    );
}

#[test]
fn of_the_previous_boot() {
    for file in ON_DISK {
        for (name, content) in DAMAGES {
            let machine = Machine::new(seeded(image(), "i-one", USER_DATA));
            finishes(&machine, "the first boot");
            damage(&machine, &format!("/var/lib/cloud/{file}"), *content);
            finishes(&machine, &format!("{file}: {name}"));
            assert_eq!(machine.id(), "i-one", "{file}: {name}");
        }
    }
}

#[test]
fn of_an_earlier_stage() {
    for file in IN_RUN {
        for (name, content) in DAMAGES {
            for after in [Stage::Local, Stage::Network] {
                let mut machine = Machine::new(seeded(image(), "i-one", USER_DATA));
                let content = *content;
                machine.after_stage = Box::new(move |machine, stage| {
                    if stage == after {
                        damage(machine, &format!("/run/cloud-init/{file}"), content);
                    }
                });
                finishes(&machine, &format!("{file}: {name} after {after}"));
                assert!(machine.has("/var/lib/cloud/instance/boot-finished"), "{file}: {name} after {after}");
            }
        }
    }
}

#[test]
fn a_real_stage_goes_on_without_its_instance_data() {
    for content in ["[]", "", "null", "{"] {
        let stage = crate::stage::Stage::new(b"#cloud-config\nx: 1\n", "cloud_init_modules: []\n");
        stage.put("run/instance-data.json", "{}");
        stage.put("run/instance-data-sensitive.json", content);
        assert_eq!(stage.run(&["init"]).code, Some(0), "{content}: {}", stage.text("log"));
        assert!(stage.status()["init"]["finished"].is_f64());
    }
}

#[test]
fn an_instance_id_is_a_directory_below_instances() {
    for (id, directory) in [
        ("\"..\"", "__".to_owned()),
        ("\".\"", "_".to_owned()),
        ("\"../../etc\"", ".._.._etc".to_owned()),
        ("\"a\\0b\"", "a_b".to_owned()),
    ] {
        let machine = Machine::new(seeded(image(), "i-one", USER_DATA));
        machine.put(&format!("{SEED}/meta-data"), &format!("instance-id: {id}\n"));
        finishes(&machine, id);
        assert!(machine.has(&format!("/var/lib/cloud/instances/{directory}/datasource.json")), "{id}");
        assert!(
            !machine.has("/var/lib/cloud/datasource.json") && !machine.has("/var/lib/cloud/instances/sem"),
            "{id}"
        );
        finishes(&machine, id);
    }
    let machine = Machine::new(seeded(image(), "i-one", USER_DATA));
    machine.put(&format!("{SEED}/meta-data"), &format!("instance-id: {}\n", "i".repeat(300)));
    finishes(&machine, "a long one");
    let target = machine.powered().files.read_link(Path::new("/var/lib/cloud/instance")).expect("a link");
    let name = target.file_name().expect("a name").to_string_lossy().into_owned();
    assert!(name.len() <= 255 && name.starts_with("iiii"), "{name}");
}
