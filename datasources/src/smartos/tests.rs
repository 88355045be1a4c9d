use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::datasource::SourceStage;
use model::effects::{Environment, Serial, SerialError, SerialPort, Uname};
use model::{DataSource as _, Identified, Instance};
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
    /// The answers to the first empty lines; `None` is none.
    flushes: Arc<Mutex<VecDeque<Option<&'static str>>>>,
    /// How many empty lines there were.
    empty: Arc<Mutex<usize>>,
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
        let line = text.trim_end_matches('\n');
        if line.is_empty() {
            *self.host.empty.lock().expect("no panic") += 1;
            if let Some(answer) = self.host.flushes.lock().expect("no panic").pop_front() {
                self.unread.extend(answer.map(str::to_owned));
                return Ok(());
            }
        }
        self.unread.push(self.host.answer(line));
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
    assert_eq!((instance.cloud_name.as_str(), instance.platform.as_str()), ("joyent", "joyent"));
    assert_eq!(instance.subplatform, "serial (/dev/ttyS1)");
    assert_eq!(instance.sensitive, ["legacy-user-data", "user-script", "operator-script"]);
    let disk = json!({
        "disk_setup": {"ephemeral0": {"table_type": "mbr", "layout": false, "overwrite": false}},
        "fs_setup": [{"label": "ephemeral0", "filesystem": "ext4", "device": "ephemeral0"}],
    });
    assert_eq!(instance.config, Some(disk));
    assert!(!SmartOs.still_same(&machine.platform(), &instance), "only the host knows");
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

/// A machine whose kernel is that of a zone.
struct InZone(Arc<dyn Environment>);

impl Environment for InZone {
    fn var(&self, name: &str) -> Option<String> {
        self.0.var(name)
    }
    fn pid(&self) -> u32 {
        self.0.pid()
    }
    fn uid(&self) -> u32 {
        self.0.uid()
    }
    fn uname(&self) -> Uname {
        Uname { version: super::ZONE.to_owned(), ..self.0.uname() }
    }
    fn random(&self, buffer: &mut [u8]) {
        self.0.random(buffer);
    }
    fn tell(&self, text: &str) {
        self.0.tell(text);
    }
}

/// The original's `JoyentMetadataSocketClient`: values have no further encoding, and nothing is synchronized.
#[test]
fn a_zone_has_a_socket() {
    let mut values = VALUES.to_vec();
    values.push(("base64_all", "true"));
    let zone = |socket: &str| {
        let scratch = Scratch::new().node(socket);
        let http = Arc::new(system::TreeHttp::new(Arc::new(Scratch::new()), None));
        let mut machine = Machine::with_http(scratch, http);
        let host = Host::new(&values);
        machine.system.serial = Arc::new(host.clone());
        machine.system.environment = Arc::new(InZone(machine.system.environment.clone()));
        (machine, host)
    };
    let (machine, host) = zone(super::SOCKET);
    let instance = crawl(&machine);
    assert_eq!(
        testing::described(&instance),
        "DataSourceSmartOS [client=JoyentMetadataSocketClient(socketpath=/native/.zonecontrol/metadata.sock)]"
    );
    assert_eq!(instance.hostname.as_deref(), Some("box"));
    assert_eq!(instance.config, Some(json!({})), "a zone has no disk of its own");
    assert_eq!(*host.empty.lock().expect("no panic"), 0);
    let (machine, _) = zone("/native/other.sock");
    assert_eq!(machine.identify(&SmartOs), Identified::No);
    assert!(machine.crawl(&SmartOs, SourceStage::Local).expect("no error").is_none());
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

/// The original's `_flush`: it sends empty lines until the host calls one an invalid command. This program gives up
/// after ten minutes (docs/differences.md).
#[test]
fn a_port_is_synchronized() {
    let host = Host::new(VALUES);
    host.flushes.lock().expect("no panic").extend([Some("FAILURE"), None, Some("junk"), Some("")]);
    let empty = host.empty.clone();
    crawl(&machine(host));
    assert_eq!(*empty.lock().expect("no panic"), 5);
    // Without an answer, each line waits for 5 s; after an answer, 0.1 s.
    for (answer, lines) in [(None, 120), (Some("FAILURE"), 6000)] {
        let host = Host::new(VALUES);
        host.flushes.lock().expect("no panic").extend(std::iter::repeat_n(answer, 7000));
        let empty = host.empty.clone();
        let error = machine(host).crawl(&SmartOs, SourceStage::Local).expect_err("no answer").to_string();
        assert_eq!(error, "/dev/ttyS1: the host did not answer within 600 s");
        assert_eq!(*empty.lock().expect("no panic"), lines, "{answer:?}");
    }
}

/// The original's documentation: with `base64_all`, all values but those that are never encoded.
#[test]
fn all_values_may_be_encoded() {
    let plain = ["root_authorized_keys", "user-script", "sdc:datacenter_name"];
    let encode = |(key, value): &(&str, &str)| {
        let value = if plain.contains(key) { (*value).to_owned() } else { STANDARD.encode(value) };
        ((*key).to_owned(), value)
    };
    for (word, decoded) in [("true", true), ("TRUE", true), ("1", true), ("on", true), ("yes", true), ("no", false)] {
        let mut values: Vec<(String, String)> = VALUES.iter().map(encode).collect();
        // The other lists have no effect then.
        values.extend([("base64_all", word), ("b64-hostname", "false")].map(|(key, value)| (key.into(), value.into())));
        let values: Vec<(&str, &str)> = values.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let mut host = Host::new(&values);
        if !decoded {
            // What is not encoded would not be a document.
            host.values.retain(|key, _| !["sdc:nics", "sdc:resolvers"].contains(&key.as_str()));
        }
        let instance = crawl(&machine(host));
        let shown = |text: &str| if decoded { text.trim().to_owned() } else { STANDARD.encode(text) };
        assert_eq!(instance.hostname.as_deref(), Some(shown("box\n").as_str()), "{word}");
        assert_eq!(instance.availability_zone.as_deref(), Some("us-west-1"), "{word}");
        assert_eq!(instance.public_keys.len(), 2, "{word}");
    }
}

/// The original's settings, under the name of the source or Joyent's.
#[test]
fn settings_of_the_source() {
    let encoded = STANDARD.encode("box\n");
    let mut values = VALUES.to_vec();
    values.retain(|(key, _)| *key != "hostname");
    values.push(("hostname", &encoded));
    for (config, timeout, decoded, aliases) in [
        ("", 60, false, json!({"ephemeral0": "/dev/vdb"})),
        ("base64_keys: [hostname]", 60, true, json!({"ephemeral0": "/dev/vdb"})),
        ("base64_keys: [hostname], no_base64_decode: [hostname]", 60, false, json!({"ephemeral0": "/dev/vdb"})),
        ("serial_timeout: 1, disk_aliases: {data: /dev/vdc}", 1, false, json!({"data": "/dev/vdc"})),
        ("serial_timeout: 0", 60, false, json!({"ephemeral0": "/dev/vdb"})),
        ("serial_timeout: -1", 60, false, json!({"ephemeral0": "/dev/vdb"})),
        ("serial_timeout: soon", 60, false, json!({"ephemeral0": "/dev/vdb"})),
    ] {
        for name in ["SmartOS", "Joyent"] {
            let machine = machine(Host::new(&values)).config(&format!("datasource: {{{name}: {{{config}}}}}"));
            let instance = crawl(&machine);
            let end = format!(", timeout={timeout})]");
            assert!(instance.detail.ends_with(&end), "{name} {config}: {}", instance.detail);
            assert_eq!(instance.hostname.as_deref() == Some("box"), decoded, "{name} {config}");
            assert_eq!(serde_json::Value::Object(instance.disk_aliases), aliases, "{name} {config}");
        }
    }
}

/// The original's `write_boot_content`: what the host no longer has is removed.
#[test]
fn scripts_come_and_go() {
    let mut values = VALUES.to_vec();
    values.push(("sdc:operator-script", "echo operator\n"));
    let mut machine = machine(Host::new(&values));
    crawl(&machine);
    let data = Path::new("/var/lib/cloud/instances/7b2a-1/data");
    let places = [
        (data.join("user-script"), 0o700),
        (data.join("operator-script"), 0o700),
        (Path::new("/var/db/mdata-user-data").to_owned(), 0o400),
    ];
    for (path, mode) in &places {
        let found = machine.system.files.stat(path).expect("no error").expect("a file");
        assert_eq!((found.mode, found.uid), (*mode, 0), "{}", path.display());
    }
    values.retain(|(key, _)| !["user-script", "sdc:operator-script", "user-data"].contains(key));
    machine.system.serial = Arc::new(Host::new(&values));
    crawl(&machine);
    for (path, _) in &places {
        assert!(!machine.system.files.exists(path), "{}", path.display());
    }
    assert!(machine.system.files.read_link(Path::new("/var/db/user-script")).is_err());
}
