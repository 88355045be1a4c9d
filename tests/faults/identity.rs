//! Who the machine takes itself for: a silent service is no new instance, a clone is one.

use std::sync::Arc;

use model::datasource::SourceError;
use model::effects::Request;
use model::{About, Crawl, DataSource, Identified, Instance, InstanceId, Platform};
use system::Scratch;

use crate::machine::{Machine, SEED, image, seeded};
use crate::service::{Service, cloud, ec2, openstack};

const USER_DATA: &str = "#cloud-config\nbootcmd: ['echo early']\nmanage_etc_hosts: true\nruncmd: ['echo']\n";

/// The modules of the test's cloud.cfg that the original runs at every boot; set_hostname is run early at each boot
/// beside its turn.
pub const AT_EVERY_BOOT: &[&str] = &[
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

const NETPLAN: &str = "/etc/netplan/50-cloud-init.yaml";
const RUNCMD: &str = "/scripts/runcmd";

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
    machine.put(NETPLAN, "# changed by the administrator\n");
    service.serve(None);
    let second = machine.boot();
    assert_eq!(machine.id(), id);
    assert_eq!(once_only(&second.modules), Vec::<&str>::new());
    for command in ["ssh-keygen", "useradd", RUNCMD] {
        assert!(!second.ran(command), "{command}: {:#?}", second.commands);
    }
    assert_eq!(machine.text("/etc/ssh/ssh_host_rsa_key").as_deref(), Some("the key of this instance\n"));
    let network = machine.text(NETPLAN);
    assert_eq!(network.as_deref(), Some("# changed by the administrator\n"));
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

#[test]
fn a_service_that_is_silent_at_first_is_found_later() {
    let (machine, service) = nova(openstack("nova-1", USER_DATA));
    service.serve(None);
    let first = machine.boot();
    assert_eq!(
        machine.id(),
        "iid-datasource-none",
        "a machine that knows nothing still gets a user and keys"
    );
    assert!(first.ran("ssh-keygen"));
    service.serve(Some(openstack("nova-1", USER_DATA)));
    let second = machine.boot();
    assert_eq!(machine.id(), "nova-1");
    assert!(second.ran("ssh-keygen") && second.ran(RUNCMD));
    let third = machine.boot();
    assert_eq!(once_only(&third.modules), Vec::<&str>::new());
}

#[test]
fn nobody_is_asked_on_a_platform_that_nothing_names() {
    // CVE-2024-6174: whoever held the link-local address could give itself out as the metadata service.
    for (name, value) in [("product_name", "Standard PC (Q35 + ICH9, 2009)"), ("sys_vendor", "QEMU")] {
        let (mut machine, service) = cloud("", &[(name, value)], openstack("evil", USER_DATA));
        machine.datasource_list = "NoCloud, ConfigDrive, OpenStack, Ec2, None";
        machine.boot();
        assert_eq!(service.asked(), Vec::<String>::new(), "{name}");
        assert_eq!(machine.id(), "iid-datasource-none");
    }
}

#[test]
fn an_instance_that_a_cut_left_halfway_stays_itself_while_the_service_is_silent() {
    for cut in [45, 60, 75, 90, 105] {
        let (machine, service) = nova(openstack("nova-1", USER_DATA));
        assert!(machine.boot_with(Some(cut)).is_err(), "{cut}");
        service.serve(None);
        let second = machine.boot();
        assert_eq!(machine.id(), "nova-1", "cut after {cut}");
        assert_eq!(second.all_errors(), Vec::<&str>::new(), "cut after {cut}");
        assert!(machine.has("/var/lib/cloud/instance/boot-finished"), "cut after {cut}");
        assert!(machine.has(NETPLAN), "cut after {cut}");
        let third = machine.boot();
        assert_eq!(once_only(&third.modules), Vec::<&str>::new(), "cut after {cut}");
    }
}

/// A source that is only asked when there is a network.
struct Late;

impl DataSource for Late {
    fn about(&self) -> &'static About {
        const ABOUT: About = About { network: Some("DataSourceLate"), ..About::named("Late") };
        &ABOUT
    }

    fn identify(&self, _platform: &Platform<'_>) -> Identified {
        Identified::Found
    }

    fn crawl(&self, crawl: &Crawl<'_>) -> Result<Option<Instance>, SourceError> {
        let id = crawl.system().http.send(&Request::get("http://late/id"))?.text();
        Ok(Some(Instance {
            source: "Late".into(),
            class: "DataSourceLate".into(),
            metadata: serde_json::json!({"instance-id": id}),
            instance_id: InstanceId::new(id),
            network_events: vec!["boot-new-instance".into()],
            ..Instance::default()
        }))
    }

    fn still_same(&self, _platform: &Platform<'_>, _cached: &Instance) -> bool {
        false
    }
}

fn late() -> (Machine, Service) {
    let (mut machine, service) = cloud("Late, None", &[], Scratch::new().file("/id", "late-1"));
    machine.registry.sources.push(Box::new(Late));
    (machine, service)
}

#[test]
fn the_network_stays_while_its_source_has_not_been_asked() {
    let (machine, service) = late();
    machine.boot();
    assert_eq!(machine.id(), "late-1");
    assert!(machine.text(NETPLAN).unwrap_or_default().contains("fa:16:3e:00:00:01"));
    machine.put(NETPLAN, "# changed by the administrator\n");
    for documents in [Some(Scratch::new().file("/id", "late-1")), None] {
        service.serve(documents);
        let booted = machine.boot();
        assert_eq!(machine.id(), "late-1");
        assert_eq!(once_only(&booted.modules), Vec::<&str>::new());
        assert_eq!(machine.text(NETPLAN).as_deref(), Some("# changed by the administrator\n"));
    }
}

#[test]
fn a_clone_whose_source_is_asked_late_gets_the_fallback_network() {
    let (machine, service) = late();
    machine.boot();
    // Another machine has another link, and needs an address before it can ask who it is.
    machine.put("/sys/class/net/eth0/address", "fa:16:3e:00:00:99\n");
    service.serve(Some(Scratch::new().file("/id", "late-2")));
    let booted = machine.boot();
    let network = machine.text(NETPLAN).unwrap_or_default();
    assert!(network.contains("fa:16:3e:00:00:99") && network.contains("dhcp4: true"), "{network}");
    assert_eq!(machine.id(), "late-2");
    assert!(booted.ran("ssh-keygen"));
}
