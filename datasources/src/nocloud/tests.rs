use std::sync::Arc;

use metadata_service::{Config, Fault, Node, Server};
use model::Identified;
use model::datasource::SourceStage;
use model::effects::BlockDevice;

use super::NoCloud;
use crate::testing::{self, Machine};

#[test]
fn every_machine_of_testdata() {
    testing::run_cases("nocloud", &NoCloud);
}

/// The original's `dscheck_NoCloud` of ds-identify: each piece of evidence alone is enough.
#[test]
fn evidence_of_a_seed() {
    let seed = |at: &str| [format!("{at}/meta-data"), format!("{at}/user-data")];
    let own = seed("/var/lib/cloud/seed/nocloud");
    let net = seed("/var/lib/cloud/seed/nocloud-net");
    let writable = seed("/writable/system-data/var/lib/cloud/seed/nocloud");
    let serial = "/sys/class/dmi/id/product_serial";
    let none: &[(&str, &str)] = &[];
    let of = |config: &'static str, label: &'static str| (config, label);
    for (files, (config, label), expected) in [
        (none, of("", ""), Identified::No),
        (&[("/proc/cmdline", "ro ds=nocloud")], of("", ""), Identified::Found),
        (&[("/proc/cmdline", "ro ds=openstack")], of("", ""), Identified::No),
        (&[(serial, "a ds=nocloud;i=x b\n")], of("", ""), Identified::Found),
        (&[(serial, "ds=openstack\n")], of("", ""), Identified::No),
        (&[(&own[0], ""), (&own[1], "")], of("", ""), Identified::Found),
        (&[(&own[0], "")], of("", ""), Identified::No),
        (&[(&own[1], "")], of("", ""), Identified::No),
        (&[(&net[0], ""), (&net[1], "")], of("", ""), Identified::Found),
        (&[(&own[0], ""), (&net[1], "")], of("", ""), Identified::No),
        (&[(&writable[0], ""), (&writable[1], "")], of("", ""), Identified::Found),
        (none, of("", "cidata"), Identified::Found),
        (none, of("", "CIDATA"), Identified::Found),
        (none, of("", "CiData"), Identified::No),
        (none, of("fs_label: null", "cidata"), Identified::No),
        (none, of("fs_label: Mine", "Mine"), Identified::Found),
        (none, of("fs_label: Mine", "mine"), Identified::Found),
        (none, of("fs_label: Mine", "cidata"), Identified::No),
        (none, of("user-data: x", ""), Identified::No),
        (none, of("meta-data: {}", ""), Identified::No),
        (none, of("user-data: x, meta-data: {}", ""), Identified::Found),
        (none, of("seedfrom: 'http://h/'", ""), Identified::Found),
    ] {
        let mut scratch = files.iter().fold(system::Scratch::new(), |root, (path, text)| root.file(path, text));
        if !label.is_empty() {
            let device = BlockDevice { path: "/dev/vdb".into(), label: Some(label.to_owned()), ..BlockDevice::default() };
            scratch = scratch.directory("/disk").device(device, "/disk");
        }
        let http = Arc::new(system::TreeHttp::new(Arc::new(system::Scratch::new()), None));
        let machine = Machine::with_http(scratch, http).config(&format!("datasource: {{NoCloud: {{{config}}}}}"));
        assert_eq!(machine.identify(&NoCloud), expected, "{files:?} {config} {label}");
    }
}

fn seeded(faults: &[&str]) -> (Machine, Server) {
    let mut tree = Node::directory();
    tree.insert("seed/meta-data", Node::text("instance-id: iid-http\n"));
    tree.insert("seed/user-data", Node::text("#cloud-config\n"));
    let faults = faults.iter().map(|text| Fault::parse(text).expect("a fault")).collect();
    let server =
        Server::start(Config { tree: Some(tree), faults, ..Config::default() }).expect("a free port");
    let scratch =
        system::Scratch::new().file("/proc/cmdline", format!("ro ds=nocloud;s={}/seed", server.url()));
    (Machine::with_http(scratch, Arc::new(fetch::Fetch::new())).on_time(), server)
}

#[test]
fn a_seed_at_an_address_needs_no_more_than_two_documents() {
    let (machine, server) = seeded(&[]);
    let instance = machine.crawl(&NoCloud, SourceStage::Network).expect("readable").expect("found");
    assert_eq!(instance.instance_id.as_str(), "iid-http");
    assert_eq!(server.requests().len(), 4);
}

#[test]
fn a_seed_without_user_data_is_an_error() {
    let (machine, _server) = seeded(&["404@/seed/user-data"]);
    let error = machine.crawl(&NoCloud, SourceStage::Network).expect_err("half a seed");
    assert!(error.to_string().contains("/seed/user-data"), "{error}");
}
