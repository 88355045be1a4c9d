//! Every source with a metadata service: its instance stays when the service is silent at a later boot, and only one stage
//! waits for it.

use std::sync::Arc;
use std::sync::Mutex;

use model::datasource::{Medium, Page};
use model::{About, Instance, InstanceId, Stage};
use system::Scratch;

use crate::identity::once_only;
use crate::machine::{Booted, Machine, image};
use crate::service::Service;

/// A machine of a source's example, with its service.
fn machine(about: &'static About) -> (Machine, Service) {
    let example = Page::parse(about.page).expect("a page").example;
    let firmware = about.evidence.dmi.iter().fold(image(), |root, (name, value)| {
        root.file(&format!("/sys/class/dmi/id/{name}"), format!("{value}\n"))
    });
    let mac = "/sys/class/net/eth0/address";
    let root = firmware.file(mac, "52:54:00:12:34:56\n");
    let root = example.files.iter().fold(root, |root, (path, text)| root.file(path, text));
    // MAAS names its service in the image; the example is of a seed directory.
    let (config, base) = if about.name == "MAAS" {
        ("datasource: {MAAS: {metadata_url: 'http://maas.test'}}\n".to_owned(), "/2012-03-01")
    } else {
        (example.config, "")
    };
    let root = root.file("/etc/cloud/cloud.cfg.d/90-example.cfg", config);
    let documents = example.documents.iter();
    let tree =
        documents.fold(Scratch::new(), |tree, (path, text)| tree.file(&format!("{base}/{path}"), text));
    let service = Service::default();
    service.serve(Some(tree));
    let mut machine = Machine::with_http(root, Arc::new(service.clone()));
    machine.datasource_list = format!("{}, None", about.name).leak();
    (machine, service)
}

/// Boots; returns what happened, and the stages that asked the service.
fn boot(machine: &mut Machine, service: &Service) -> (Booted, Vec<Stage>) {
    let counts: Arc<Mutex<Vec<(Stage, usize)>>> = Arc::default();
    let (noted, asked) = (counts.clone(), service.clone());
    let mut last = service.asked().len();
    machine.after_stage = Box::new(move |_, stage| {
        noted.lock().expect("nothing panics while it is held").push((stage, asked.asked().len()));
    });
    let booted = machine.boot();
    let mut asking = Vec::new();
    for (stage, count) in counts.lock().expect("nothing panics while it is held").iter() {
        if *count > last {
            asking.push(*stage);
        }
        last = *count;
    }
    (booted, asking)
}

/// Whether a source has a metadata service; MAAS has one beside its seed directory.
fn has_service(about: &About) -> bool {
    about.evidence.medium == Medium::Service || about.name == "MAAS"
}

#[test]
fn a_silent_service_of_each_keeps_the_instance() {
    let mut tried = 0;
    for source in datasources::all() {
        let about = source.about();
        if !has_service(about) {
            continue;
        }
        tried += 1;
        let name = about.name;
        let (mut machine, service) = machine(about);
        let first = machine.boot();
        let id = machine.id();
        assert!(!id.is_empty() && id != "iid-datasource-none", "{name}: {:#?}", first.warnings());
        let again: &[&str] = if name == "Exoscale" { &["set_passwords"] } else { &[] };
        machine.put("/etc/ssh/ssh_host_rsa_key", "the key of this instance\n");
        service.serve(None);
        for _ in 0..2 {
            let (booted, stages) = boot(&mut machine, &service);
            assert_eq!(machine.id(), id, "{name}");
            // Each source of a cloud waits for minutes: the first stage's answer is the boot's.
            assert!(stages.len() <= 1, "{name}: {stages:?}");
            let queries = ["did not answer", "Keeping the network"];
            let mut failed = booted.warnings();
            failed.retain(|line| queries.iter().any(|words| line.contains(words)));
            assert!(failed.len() <= 1, "{name} was asked again: {failed:?}");
            assert_eq!(once_only(&booted.modules), again, "{name}");
            let key = machine.text("/etc/ssh/ssh_host_rsa_key");
            assert_eq!(key.as_deref(), Some("the key of this instance\n"), "{name}");
        }
    }
    assert!(tried >= 18, "{tried}");
}

/// A source that answers again is asked again: the mark is of one boot.
#[test]
fn a_service_that_is_back_is_asked_at_the_next_boot() {
    let source = datasources::all().into_iter().find(|source| source.about().name == "GCE").expect("built");
    let (mut machine, service) = machine(source.about());
    machine.boot();
    service.serve(None);
    boot(&mut machine, &service);
    let mark = "/run/cloud-init/.silent-source";
    assert_eq!(machine.text(mark).as_deref(), Some("4711471147114711\n"));
    let example = Page::parse(source.about().page).expect("a page").example;
    let documents = example.documents.iter();
    let tree = documents.fold(Scratch::new(), |tree, (path, text)| tree.file(&format!("/{path}"), text));
    service.serve(Some(tree));
    let (booted, _) = boot(&mut machine, &service);
    assert!(!machine.has(mark));
    assert!(booted.log.iter().any(|(_, line)| line.contains("Applying network configuration from")));
}

/// VMware's host takes the files of a customization away: without them the instance stays, and the machine is not degraded,
/// as in the original (`check_if_fallback_is_allowed`). Nobody is waited for in a second stage.
#[test]
fn a_customization_is_given_once() {
    let known = Instance {
        source: "VMware".into(),
        class: "DataSourceVMware".into(),
        detail: " [seed=imc]".into(),
        instance_id: InstanceId::new("i-imc"),
        metadata: serde_json::json!({"instance-id": "i-imc"}),
        network_events: vec!["boot-new-instance".into(), "boot".into()],
        ..Instance::default()
    };
    let cached = serde_json::to_string(&known).expect("JSON");
    let root = image()
        .file("/sys/class/dmi/id/product_name", "VMware Virtual Platform\n")
        .file("/var/lib/cloud/data/instance-id", "i-imc\n")
        .file("/var/lib/cloud/instances/i-imc/datasource.json", cached)
        .link("/var/lib/cloud/instance", "/var/lib/cloud/instances/i-imc");
    let mut machine = Machine::new(root);
    machine.datasource_list = "VMware, None";
    let booted = machine.boot();
    assert_eq!(machine.id(), "i-imc", "{:#?}", booted.warnings());
    assert!(
        booted.warnings().iter().all(|line| !line.contains("did not answer")),
        "{:#?}",
        booted.warnings()
    );
    let looked = booted.log.iter().filter(|(_, line)| line.contains("data from DataSourceVMware")).count();
    assert_eq!(looked, 1, "one search");
}
