//! Who the machine takes itself for: a silent service is no new instance, a clone is one.

use std::sync::Arc;

use system::Scratch;

use crate::machine::{Machine, SEED, image, seeded};
use crate::service::{Service, ec2, openstack};

const USER_DATA: &str = "#cloud-config\nbootcmd: ['echo early']\nmanage_etc_hosts: true\nruncmd: ['echo']\n";

/// The modules of the test's cloud.cfg that the original runs at every boot; set_hostname is run early at each boot
/// beside its turn.
pub const AT_EVERY_BOOT: [&str; 8] = [
    "set_hostname",
    "bootcmd",
    "growpart",
    "resizefs",
    "update_hostname",
    "update_etc_hosts",
    "scripts_per_boot",
    "final_message",
];

/// Modules that ran although they run once for an instance.
pub fn once_only(modules: &[String]) -> Vec<&str> {
    modules.iter().map(String::as_str).filter(|name| !AT_EVERY_BOOT.contains(name)).collect()
}

const RUNCMD: &str = "/scripts/runcmd";

fn cloud(list: &'static str, dmi: &[(&str, &str)], documents: Scratch) -> (Machine, Service) {
    let service = Service::default();
    service.serve(Some(documents));
    let root = dmi.iter().fold(image(), |root, (name, value)| {
        root.file(&format!("/sys/class/dmi/id/{name}"), format!("{value}\n"))
    });
    let mut machine = Machine::with_http(root, Arc::new(service.clone()));
    machine.datasource_list = list;
    (machine, service)
}

fn nova(documents: Scratch) -> (Machine, Service) {
    cloud("OpenStack, None", &[("product_name", "OpenStack Nova")], documents)
}

fn amazon(documents: Scratch) -> (Machine, Service) {
    let id = "ec2f00d0-0000-4000-8000-000000000000";
    cloud("Ec2, None", &[("product_uuid", id), ("product_serial", id)], documents)
}

fn a_silent_service_keeps_the_instance((machine, service): (Machine, Service), id: &str) {
    let first = machine.boot();
    assert_eq!(first.all_errors(), Vec::<&str>::new());
    assert_eq!(machine.id(), id);
    assert!(first.ran("ssh-keygen") && first.ran("useradd") && first.ran(RUNCMD), "{:#?}", first.commands);
    machine.put("/etc/ssh/ssh_host_rsa_key", "the key of this instance\n");
    service.serve(None);
    let second = machine.boot();
    assert_eq!(machine.id(), id);
    assert_eq!(once_only(&second.modules), Vec::<&str>::new());
    for command in ["ssh-keygen", "useradd", RUNCMD] {
        assert!(!second.ran(command), "{command}: {:#?}", second.commands);
    }
    assert_eq!(machine.text("/etc/ssh/ssh_host_rsa_key").as_deref(), Some("the key of this instance\n"));
    second.warned("did not answer");
    assert_eq!(machine.json("/run/cloud-init/result.json")["v1"]["errors"], serde_json::json!([]));
    for name in ["bootcmd", "update_hostname", "scripts_per_boot", "final_message"] {
        assert!(second.modules.iter().any(|ran| ran == name), "{name}: {:?}", second.modules);
    }
}

#[test]
fn openstack_that_falls_silent() {
    a_silent_service_keeps_the_instance(nova(openstack("nova-1", USER_DATA)), "nova-1");
}

#[test]
fn ec2_that_falls_silent() {
    a_silent_service_keeps_the_instance(amazon(ec2("i-0abc", USER_DATA)), "i-0abc");
}

fn a_clone_begins_anew(machine: &Machine, rename: impl FnOnce(), id: &str) {
    let first = machine.boot();
    assert_ne!(machine.id(), id);
    machine.put("/etc/ssh/ssh_host_rsa_key", "the key of the first instance\n");
    machine.put("/etc/ssh/ssh_host_dsa_key.pub", "another key of the first instance\n");
    rename();
    let second = machine.boot();
    assert_eq!(machine.id(), id);
    let again: Vec<&String> = first.modules.iter().filter(|name| *name != "scripts_per_once").collect();
    let second_modules: Vec<&String> = second.modules.iter().collect();
    assert_eq!(
        second_modules, again,
        "a clone runs what a first boot runs, but for what is once for an image"
    );
    assert!(second.ran("ssh-keygen") && second.ran(RUNCMD), "{:#?}", second.commands);
    assert_ne!(
        machine.text("/etc/ssh/ssh_host_rsa_key").as_deref(),
        Some("the key of the first instance\n"),
        "CVE-2018-10896"
    );
    assert!(!machine.has("/etc/ssh/ssh_host_dsa_key.pub"), "CVE-2018-10896");
    assert!(machine.text("/etc/hostname").unwrap_or_default().starts_with(id));
}

#[test]
fn a_clone_of_an_openstack_instance() {
    let (machine, service) = nova(openstack("nova-1", USER_DATA));
    a_clone_begins_anew(&machine, || service.serve(Some(openstack("nova-2", USER_DATA))), "nova-2");
}

#[test]
fn a_clone_of_an_ec2_instance() {
    let (machine, service) = amazon(ec2("i-0abc", USER_DATA));
    a_clone_begins_anew(&machine, || service.serve(Some(ec2("i-0def", USER_DATA))), "i-0def");
}

#[test]
fn a_clone_of_a_nocloud_instance() {
    let machine = Machine::new(seeded(image(), "i-one", USER_DATA));
    let rename = || {
        machine.put(&format!("{SEED}/meta-data"), "instance-id: i-two\nlocal-hostname: i-two-host\n");
    };
    a_clone_begins_anew(&machine, rename, "i-two");
}

#[test]
fn a_source_that_is_gone_does_not_stick() {
    let service = Service::default();
    let root = seeded(image(), "i-one", USER_DATA);
    let mut machine = Machine::with_http(root, Arc::new(service.clone()));
    machine.datasource_list = "NoCloud, ConfigDrive, OpenStack, Ec2, None";
    machine.boot();
    assert_eq!(machine.id(), "i-one");
    machine.remove("/var/lib/cloud/seed");
    machine.put("/sys/class/dmi/id/product_name", "OpenStack Nova\n");
    service.serve(Some(openstack("nova-1", USER_DATA)));
    let second = machine.boot();
    assert_eq!(machine.id(), "nova-1");
    assert!(second.ran("ssh-keygen") && second.ran(RUNCMD));
}

#[test]
fn a_service_that_comes_back_is_the_same_instance() {
    let (machine, service) = nova(openstack("nova-1", USER_DATA));
    machine.boot();
    service.serve(None);
    machine.boot();
    service.serve(Some(openstack("nova-1", USER_DATA)));
    let third = machine.boot();
    assert_eq!(machine.id(), "nova-1");
    assert_eq!(once_only(&third.modules), Vec::<&str>::new());
}
