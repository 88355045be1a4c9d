//! What a data source is called for after its instance is known: when, with what, and that its failure stops nothing.

use std::sync::{Arc, Mutex};

use model::datasource::{HostKey, Settled, SourceError};
use model::instance::Bytes;
use model::{About, Crawl, DataSource, Identified, Instance, InstanceId, Platform};

use crate::machine::{Machine, image};

const USER_DATA: &[u8] = b"#cloud-config\nbootcmd: ['echo early']\n";

/// Notes its calls, with what the machine shows at that time.
#[derive(Clone, Default)]
struct Observed {
    calls: Arc<Mutex<Vec<String>>>,
    /// Each call fails.
    fails: bool,
    /// Each call panics.
    panics: bool,
}

impl Observed {
    fn note(&self, name: &str, settled: &Settled<'_>, more: &str) -> Result<(), SourceError> {
        let Settled { platform, instance, new } = settled;
        let shows = |path: &str| {
            platform.system.files.exists(&platform.paths.instance_dir(&instance.instance_id).join(path))
        };
        let age = if *new { "new " } else { "" };
        let mut text = format!("{name} of {age}{}", instance.instance_id);
        for (path, word) in [
            ("datasource", "kept"),
            ("cloud-config.txt", "consumed"),
            ("sem/config_bootcmd", "modules begun"),
            ("boot-finished", "finished"),
        ] {
            if shows(path) {
                text += &format!(", {word}");
            }
        }
        self.calls.lock().expect("nothing panics while it is held").push(text + more);
        assert!(!self.panics, "a fault of the source");
        if self.fails {
            return Err(SourceError::Broken {
                place: name.to_owned(),
                reason: "the platform says no".into(),
            });
        }
        Ok(())
    }

    fn taken(&self) -> Vec<String> {
        std::mem::take(&mut *self.calls.lock().expect("nothing panics while it is held"))
    }

    fn machine(&self) -> Machine {
        let mut machine = Machine::new(image());
        machine.datasource_list = "Observed, None";
        machine.registry.sources.push(Box::new(self.clone()));
        machine
    }
}

impl DataSource for Observed {
    fn about(&self) -> &'static About {
        const ABOUT: About = About { local: Some("DataSourceObserved"), ..About::named("Observed") };
        &ABOUT
    }

    fn identify(&self, _platform: &Platform<'_>) -> Identified {
        Identified::Found
    }

    fn crawl(&self, _crawl: &Crawl<'_>) -> Result<Option<Instance>, SourceError> {
        Ok(Some(Instance {
            source: "Observed".into(),
            class: "DataSourceObserved".into(),
            metadata: serde_json::json!({"instance-id": "seen"}),
            instance_id: InstanceId::new("seen"),
            user_data: Some(Bytes(USER_DATA.to_vec())),
            network_events: vec!["boot-new-instance".into()],
            ..Instance::default()
        }))
    }

    fn still_same(&self, _platform: &Platform<'_>, _cached: &Instance) -> bool {
        true
    }

    fn set_up(&self, settled: &Settled<'_>) -> Result<(), SourceError> {
        self.note("set_up", settled, "")
    }

    fn activate(&self, settled: &Settled<'_>) -> Result<(), SourceError> {
        self.note("activate", settled, "")
    }

    fn publish_host_keys(&self, settled: &Settled<'_>, keys: &[HostKey]) -> Result<(), SourceError> {
        // The key pair of a plan: see the model of ssh-keygen.
        assert!(keys.iter().all(|key| key.key == "PLANNED"), "{keys:?}");
        let kinds: Vec<&str> = keys.iter().map(|key| key.kind.as_str()).collect();
        self.note("publish_host_keys", settled, &format!(": {}", kinds.join(" ")))
    }

    fn report_ready(&self, settled: &Settled<'_>, errors: &[String]) -> Result<(), SourceError> {
        self.note("report_ready", settled, &format!(": {errors:?}"))
    }
}

/// The call of a name in a boot, if there was exactly one.
fn only(calls: &[String], name: &str) -> String {
    let of_name: Vec<&String> = calls.iter().filter(|call| call.starts_with(name)).collect();
    assert_eq!(of_name.len(), 1, "{calls:#?}");
    of_name[0].clone()
}

fn first_boot() -> Vec<String> {
    let observed = Observed::default();
    let booted = observed.machine().boot();
    assert_eq!(booted.all_errors(), Vec::<&str>::new());
    observed.taken()
}

#[test]
fn set_up_is_called_when_the_instance_is_kept_and_nothing_is_read() {
    assert_eq!(only(&first_boot(), "set_up"), "set_up of new seen, kept");
}

#[test]
fn activate_is_called_between_the_data_and_the_first_module() {
    assert_eq!(only(&first_boot(), "activate"), "activate of new seen, kept, consumed");
}

#[test]
fn host_keys_are_published_once_they_are_made() {
    let call = only(&first_boot(), "publish_host_keys");
    assert!(call.starts_with("publish_host_keys of new seen, kept, consumed"), "{call}");
    assert!(!call.contains("finished") && call.contains("ssh-ed25519"), "{call}");
}

#[test]
fn ready_is_reported_at_the_very_end() {
    let calls = first_boot();
    let call = only(&calls, "report_ready");
    assert!(call.starts_with("report_ready of new seen"), "{call}");
    assert!(call.contains("finished") && call.ends_with(": []"), "{call}");
    assert_eq!(calls.last(), Some(&call));
}

#[test]
fn a_later_boot_publishes_no_keys_again() {
    let observed = Observed::default();
    let machine = observed.machine();
    machine.boot();
    observed.taken();
    machine.boot();
    let calls = observed.taken();
    let names: Vec<&str> = calls.iter().filter_map(|call| call.split(' ').next()).collect();
    assert_eq!(names, ["set_up", "activate", "report_ready"], "{calls:#?}");
    assert!(calls.iter().all(|call| !call.contains(" of new ")), "{calls:#?}");
}

#[test]
fn a_source_that_fails_or_panics_stops_nothing() {
    for (fails, panics, warning) in
        [(true, false, "the platform says no"), (false, true, "internal error (panic)")]
    {
        let observed = Observed { fails, panics, ..Observed::default() };
        let machine = observed.machine();
        let booted = machine.boot();
        booted.warned(&format!("Observed: {}", if fails { "set_up: " } else { "" }));
        let warned = booted.warnings().iter().filter(|line| line.contains(warning)).count();
        assert_eq!(warned, 4, "each call's: {:#?}", booted.warnings());
        assert_eq!(observed.taken().len(), 4);
        assert_eq!(booted.all_errors(), Vec::<&str>::new());
        assert!(machine.has("/var/lib/cloud/instance/boot-finished"));
    }
}
