//! Links that appear while the machine runs.

use engine::Boot;
use engine::boot::HotplugError;
use model::effects::Request;
use model::update::Hotplug;
use model::{About, Crawl, Identified, Instance, InstanceId, NetworkConfig, Platform, SourceError};
use model::{DataSource, Stage};
use serde_json::Value;
use system::Scratch;

use crate::machine::Machine;
use crate::service::{Service, cloud};

const NETPLAN: &str = "/etc/netplan/50-cloud-init.yaml";
const NEW: &str = "fa:16:3e:00:00:02";

/// A cloud whose service describes the network.
struct Cloud;

impl DataSource for Cloud {
    fn about(&self) -> &'static About {
        const ABOUT: About = About { network: Some("DataSourceCloud"), ..About::named("Cloud") };
        &ABOUT
    }

    fn identify(&self, _platform: &Platform<'_>) -> Identified {
        Identified::Found
    }

    fn crawl(&self, crawl: &Crawl<'_>) -> Result<Option<Instance>, SourceError> {
        let read = |name: &str| crawl.system().http.send(&Request::get(format!("http://cloud/{name}")));
        let network: Value = serde_json::from_str(&read("network")?.text()).expect("JSON");
        Ok(Some(Instance {
            source: "Cloud".into(),
            class: "DataSourceCloud".into(),
            instance_id: InstanceId::new(read("id")?.text()),
            network: Some(NetworkConfig::from_json(network, "cloud")),
            network_events: vec!["boot-new-instance".into(), "hotplug".into()],
            hotplug: Hotplug { again: Some((5, 12)), ..Hotplug::default() },
            ..Instance::default()
        }))
    }

    fn still_same(&self, _platform: &Platform<'_>, _cached: &Instance) -> bool {
        true
    }
}

fn describing(id: &str, macs: &[&str]) -> Scratch {
    let links = macs.iter().enumerate().map(|(at, mac)| {
        (
            format!("eth{at}"),
            serde_json::json!({"dhcp4": true, "match": {"macaddress": mac}, "set-name": format!("eth{at}")}),
        )
    });
    let network = serde_json::json!({"version": 2, "ethernets": links.collect::<serde_json::Map<_, _>>()});
    Scratch::new().file("/id", id).file("/network", network.to_string())
}

const FIRST: &str = "fa:16:3e:00:00:01";

/// A machine that has booted, and then gets a second link.
fn plugged() -> (Machine, Service) {
    let (mut machine, service) = cloud("Cloud, None", &[], describing("i-1", &[FIRST]));
    machine.registry.sources.push(Box::new(Cloud));
    machine.boot();
    assert!(machine.text(NETPLAN).unwrap_or_default().contains(FIRST));
    for (name, value) in [("address", NEW), ("operstate", "down"), ("type", "1"), ("addr_assign_type", "0")] {
        machine.put(&format!("/sys/class/net/eth1/{name}"), &format!("{value}\n"));
    }
    (machine, service)
}

fn handle(machine: &Machine) -> Result<bool, HotplugError> {
    let system = machine.powered();
    let mut boot = Boot::new(&system, &machine.registry, Stage::Final, Vec::new(), false).expect("a machine");
    boot.handle_hotplug("/devices/pci0000:00/0000:00:05.0/virtio4/net/eth1")
}

#[test]
fn a_described_link_is_written_brought_up_and_remembered() {
    let (machine, service) = plugged();
    service.serve(Some(describing("i-1", &[FIRST, NEW])));
    assert!(handle(&machine).expect("handled"));
    assert!(machine.text(NETPLAN).unwrap_or_default().contains(NEW));
    assert!(machine.power.commands().iter().any(|line| line.contains("netplan apply")));
    let cached = machine.json("/var/lib/cloud/instance/datasource.json");
    assert_eq!(cached["network"]["ethernets"]["eth1"]["match"]["macaddress"], NEW);
    assert_eq!(cached["class"], "DataSourceCloud");
}

#[test]
fn metadata_that_never_knows_the_link_changes_nothing() {
    let (machine, _service) = plugged();
    let before = machine.text(NETPLAN);
    let error = handle(&machine).expect_err("not described");
    assert_eq!(error.to_string(), format!("Failed to detect {NEW} in updated metadata"));
    assert_eq!(machine.text(NETPLAN), before);
}

#[test]
fn another_instances_metadata_is_not_taken() {
    let (machine, service) = plugged();
    service.serve(Some(describing("i-2", &[FIRST, NEW])));
    assert!(matches!(handle(&machine), Err(HotplugError::OtherInstance { .. })));
    assert_eq!(machine.id(), "i-1");
}

#[test]
fn the_users_policy_forbids_it() {
    let (machine, service) = plugged();
    service.serve(Some(describing("i-1", &[FIRST, NEW])));
    machine.put("/etc/cloud/cloud.cfg.d/99-updates.cfg", "updates: {network: {when: [boot]}}\n");
    assert!(!handle(&machine).expect("no error"));
    assert!(!machine.text(NETPLAN).unwrap_or_default().contains(NEW));
    // What is switched on by hand counts nevertheless.
    machine.put("/var/lib/cloud/hotplug.enabled", "{\"scopes\": [\"network\"]}");
    assert!(handle(&machine).expect("no error"));
}

/// What the machine has of the second link after another boot, when the description has it.
fn after_a_boot(updates: &str) -> bool {
    let (machine, service) = plugged();
    service.serve(Some(describing("i-1", &[FIRST, NEW])));
    machine.put("/etc/cloud/cloud.cfg.d/99-updates.cfg", updates);
    let booted = machine.boot();
    assert_eq!(booted.all_errors(), Vec::<&str>::new());
    machine.text(NETPLAN).unwrap_or_default().contains(NEW)
}

#[test]
fn a_known_instances_network_is_written_anew_only_where_the_policy_says_so() {
    // doc/rtd/explanation/events.rst
    assert!(!after_a_boot("updates: {}"));
    assert!(!after_a_boot("updates: {network: {when: [boot-new-instance, hotplug]}}"));
    assert!(after_a_boot("updates: {network: {when: [boot-new-instance, boot]}}"));
    assert!(after_a_boot("updates: {network: {when: [boot-legacy]}}"));
}

#[test]
fn a_service_that_is_silent_at_a_boot_leaves_the_network() {
    let (machine, service) = plugged();
    let before = machine.text(NETPLAN);
    service.serve(None);
    machine.put("/etc/cloud/cloud.cfg.d/99-updates.cfg", "updates: {network: {when: [boot]}}");
    let booted = machine.boot();
    assert_eq!(machine.text(NETPLAN), before);
    assert_eq!(machine.id(), "i-1");
    booted.warned("Keeping the network configuration");
}

#[test]
fn it_is_switched_on_once() {
    let (machine, _service) = plugged();
    let system = machine.powered();
    let enable = || {
        let boot = Boot::new(&system, &machine.registry, Stage::Final, Vec::new(), false);
        boot.expect("a machine").enable_hotplug().expect("enabled")
    };
    assert!(enable());
    assert!(!enable());
    assert_eq!(
        machine.text("/var/lib/cloud/hotplug.enabled").as_deref(),
        Some("{\"scopes\": [\"network\"]}")
    );
    assert_eq!(machine.mode("/var/lib/cloud/hotplug.enabled"), Some(0o640));
    assert!(machine.has("/etc/udev/rules.d/90-cloud-init-hook-hotplug.rules"));
}

/// Upstream's hotplug_hook.py: the metadata may list a device late, so that it is read again after 1, 3, 5 and 10 seconds;
/// a source whose metadata is complete only later is asked for as long as it says.
#[test]
fn metadata_is_read_again_for_a_while() {
    let asked = |service: &Service| service.asked().iter().filter(|url| url.ends_with("/network")).count();
    for (macs, queries, seconds, known) in [(&[FIRST, NEW][..], 3, 10, true), (&[FIRST], 5, 19, false)] {
        let (machine, service) = plugged();
        service.serve(Some(describing("i-1", macs)));
        let (before, begun) = (asked(&service), machine.powered().clock.monotonic());
        assert_eq!(handle(&machine).is_ok(), known);
        assert_eq!(asked(&service) - before, queries);
        let passed = machine.powered().clock.monotonic() - begun;
        assert_eq!(passed.as_secs(), seconds);
    }
}

#[test]
fn what_cannot_be_handled_says_why() {
    let (machine, service) = plugged();
    service.serve(Some(describing("i-1", &[FIRST, NEW])));
    machine.remove("/sys/class/net/eth1");
    assert!(matches!(handle(&machine), Err(HotplugError::NoLink(link)) if link == "eth1"));
    service.serve(None);
    assert!(matches!(handle(&machine), Err(HotplugError::Source(_))));
    // A machine that has never booted, and one whose source this build does not have.
    let never = Machine::new(crate::machine::image());
    assert!(matches!(handle(&never), Err(HotplugError::NoInstance)));
    let (mut machine, _service) = plugged();
    machine.registry.sources.retain(|source| source.about().name != "Cloud");
    let error = handle(&machine).expect_err("no source").to_string();
    assert_eq!(error, "this build does not include Cloud, the data source of the instance");
    let (mut machine, _service) = plugged();
    machine.registry.modules.retain(|module| !module.installs_hotplug());
    let system = machine.powered();
    let boot = Boot::new(&system, &machine.registry, Stage::Final, Vec::new(), false);
    assert!(matches!(boot.expect("a machine").enable_hotplug(), Err(HotplugError::NoInstaller)));
    assert!(!machine.has("/var/lib/cloud/hotplug.enabled"));
}

#[test]
fn the_policy_is_told_on_request() {
    let (machine, _service) = plugged();
    let enabled = || {
        let system = machine.powered();
        let boot = Boot::new(&system, &machine.registry, Stage::Final, Vec::new(), false);
        boot.expect("a machine").hotplug_enabled().expect("an instance")
    };
    assert!(enabled(), "the source's own events have it");
    machine.put("/etc/cloud/cloud.cfg.d/99-updates.cfg", "updates: {network: {when: [boot]}}\n");
    assert!(!enabled());
}
