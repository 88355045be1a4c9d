use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::datasource::SourceStage;
use model::effects::{Serial, SerialError, SerialPort};
use model::{Identified, Instance};
use serde_json::json;
use system::Scratch;

use super::SmartOs;
use crate::testing::{self, Machine};

/// A host with these values; the first `damaged` answers have a wrong checksum.
#[derive(Clone, Default)]
struct Host {
    values: BTreeMap<String, String>,
    damaged: Arc<Mutex<usize>>,
    log: Arc<Mutex<Vec<String>>>,
}

impl Host {
    fn new(values: &[(&str, &str)]) -> Self {
        let values = values.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        Self { values: values.collect(), ..Self::default() }
    }

    fn answer(&self, line: &str) -> String {
        let words: Vec<&str> = line.split(' ').collect();
        match words.as_slice() {
            ["NEGOTIATE", "V2"] => "V2_OK".to_owned(),
            ["V2", _, _, id, rest @ ..] => self.message(id, rest),
            _ => "invalid command".to_owned(),
        }
    }

    fn message(&self, id: &str, request: &[&str]) -> String {
        let value = match request {
            ["KEYS"] => Some(self.values.keys().map(String::as_str).collect::<Vec<_>>().join("\n")),
            ["GET", key] => {
                let key = String::from_utf8(STANDARD.decode(key).expect("base64")).expect("UTF-8");
                self.log.lock().expect("no panic").push(key.clone());
                self.values.get(&key).cloned()
            }
            _ => None,
        };
        let body = match value {
            Some(value) => format!("{id} SUCCESS {}", STANDARD.encode(value)),
            None => format!("{id} NOTFOUND"),
        };
        let mut crc = flate2::Crc::new();
        crc.update(body.as_bytes());
        let mut damaged = self.damaged.lock().expect("no panic");
        let sum = if *damaged > 0 { crc.sum() ^ 1 } else { crc.sum() };
        *damaged = damaged.saturating_sub(1);
        format!("V2 {} {sum:08x} {body}", body.len())
    }
}

impl Serial for Host {
    fn open(&self, _port: &Path, _speed: Option<u32>) -> Result<Box<dyn SerialPort>, SerialError> {
        Ok(Box::new(Port { host: self.clone(), unread: vec!["rest of an old answer".to_owned()] }))
    }

    fn connect(&self, _socket: &Path) -> Result<Box<dyn SerialPort>, SerialError> {
        Ok(Box::new(Port { host: self.clone(), unread: Vec::new() }))
    }
}

struct Port {
    host: Host,
    unread: Vec<String>,
}

impl SerialPort for Port {
    fn write(&mut self, text: &str, _limit: Duration) -> Result<(), SerialError> {
        self.unread.push(self.host.answer(text.trim_end_matches('\n')));
        Ok(())
    }

    fn read_line(&mut self, limit: Duration) -> Result<Vec<u8>, SerialError> {
        if self.unread.is_empty() {
            return Err(SerialError::TimedOut { port: "/dev/ttyS1".into(), limit });
        }
        Ok(self.unread.remove(0).into_bytes())
    }

    fn discard(&mut self) -> Result<(), SerialError> {
        self.unread.clear();
        Ok(())
    }
}

fn machine(host: Host) -> Machine {
    let scratch = Scratch::new().file("/sys/class/dmi/id/product_name", "SmartDC HVM\n").node("/dev/ttyS1");
    let mut machine = Machine::with_http(
        scratch.file("/var/svc/provisioning", ""),
        Arc::new(system::TreeHttp::new(Arc::new(Scratch::new()), None)),
    );
    machine.system.serial = Arc::new(host);
    machine
}

fn crawl(machine: &Machine) -> Instance {
    assert_eq!(machine.identify(&SmartOs), Identified::Found);
    machine.crawl(&SmartOs, SourceStage::Local).expect("readable").expect("found")
}

const VALUES: &[(&str, &str)] = &[
    ("sdc:uuid", "7b2a-1\n"),
    ("hostname", "box\n"),
    ("root_authorized_keys", "ssh-rsa AAAA one\nssh-rsa BBBB two\n"),
    ("user-script", "echo script\n"),
    ("user-data", "for the script\n"),
    ("cloud-init:user-data", "#cloud-config\n{}\n"),
    ("sdc:datacenter_name", "us-west-1\n"),
    ("sdc:nics", r#"[{"interface": "net0", "ips": ["dhcp"]}]"#),
    ("sdc:resolvers", r#"["192.0.2.53"]"#),
];

#[test]
fn every_value_of_a_machine() {
    let machine = machine(Host::new(VALUES));
    let instance = crawl(&machine);
    assert_eq!(
        testing::described(&instance),
        "DataSourceSmartOS [client=JoyentMetadataLegacySerialClient(device=/dev/ttyS1, timeout=60)]"
    );
    assert_eq!(instance.instance_id.as_str(), "7b2a-1");
    assert_eq!(instance.hostname.as_deref(), Some("box"));
    assert_eq!(instance.public_keys, ["ssh-rsa AAAA one", "ssh-rsa BBBB two"]);
    assert_eq!(instance.availability_zone.as_deref(), Some("us-west-1"));
    assert_eq!(instance.platform, "joyent");
    assert_eq!(instance.user_data.as_ref().map(|data| data.0.as_slice()), Some(&b"#cloud-config\n{}\n"[..]));
    assert_eq!(instance.disk_aliases["ephemeral0"], "/dev/vdb");
    assert_eq!(instance.metadata["dns_servers"], json!(["192.0.2.53"]));
    let files = &machine.system.files;
    let script = "/var/lib/cloud/instances/7b2a-1/data/user-script";
    assert_eq!(files.text(Path::new("/var/db/user-script")).as_deref(), Some("#!/bin/bash\necho script\n"));
    assert_eq!(files.read_link(Path::new("/var/db/user-script")).expect("a link"), Path::new(script));
    assert_eq!(files.text(Path::new("/var/db/mdata-user-data")).as_deref(), Some("for the script\n"));
    assert!(files.exists(Path::new("/var/svc/provision_success")));
    let Some(model::instance::VendorData::One(vendor)) = &instance.vendor_data else { panic!("vendor-data") };
    let vendor = String::from_utf8_lossy(&vendor.0);
    assert!(vendor.starts_with("#cloud-boothook\n") && vendor.contains(script), "{vendor}");
}

#[test]
fn a_damaged_answer_is_asked_for_again() {
    let host = Host::new(VALUES);
    *host.damaged.lock().expect("no panic") = 2;
    assert_eq!(crawl(&machine(host)).instance_id.as_str(), "7b2a-1");
    let host = Host::new(VALUES);
    *host.damaged.lock().expect("no panic") = 3;
    let machine = machine(host);
    let error = machine.crawl(&SmartOs, SourceStage::Local).expect_err("never right").to_string();
    assert_eq!(error, "/dev/ttyS1: the answer has a wrong checksum");
}

#[test]
fn values_with_an_encoding_of_version_1() {
    let mut values = VALUES.to_vec();
    values.retain(|(key, _)| *key != "cloud-init:user-data");
    let encoded = STANDARD.encode("#!/bin/sh\n");
    values.extend([("base64_keys", "cloud-init:user-data, hostname"), ("b64-hostname", "no")]);
    values.push(("cloud-init:user-data", &encoded));
    let instance = crawl(&machine(Host::new(&values)));
    assert_eq!(instance.hostname.as_deref(), Some("box"));
    assert_eq!(instance.user_data.map(|data| data.0), Some(b"#!/bin/sh\n".to_vec()));
}

#[test]
fn each_value_is_asked_for_once() {
    let host = Host::new(VALUES);
    let log = host.log.clone();
    crawl(&machine(host));
    assert_eq!(log.lock().expect("no panic").len(), super::TEXTS.len() + super::DOCUMENTS.len());
}

#[test]
fn other_machines_have_no_host() {
    let scratch = Scratch::new().file("/sys/class/dmi/id/product_name", "KVM\n").node("/dev/ttyS1");
    let mut machine =
        Machine::with_http(scratch, Arc::new(system::TreeHttp::new(Arc::new(Scratch::new()), None)));
    machine.system.serial = Arc::new(Host::new(VALUES));
    assert_eq!(machine.identify(&SmartOs), Identified::No);
    assert!(machine.crawl(&SmartOs, SourceStage::Local).expect("no error").is_none());
}
