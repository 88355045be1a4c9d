//! Vultr: its metadata service, queried in the local stage over the first device with a lease.
//!
//! Source: "Metadata", Vultr API documentation.

use std::path::Path;

use metadata::hold::{self, How, Way};
use metadata::single::Single;
use metadata::{detection, links, standard, vendor_data};
use model::datasource::{Evidence, Medium, SourceError};
use model::effects::Command;
use model::instance::Bytes;
use model::{About, Crawl, DataSource, Identified, Instance, NetworkConfig, Platform};
use serde_json::{Map, Value, json};

const NAME: &str = "Vultr";
const VENDOR: &str = "Vultr";
const URL: &str = "http://169.254.169.254";
/// Where Vultr's images say which devices to try.
const NIC_SCRIPT: &str = "/opt/vultr/find_candidate_nics.sh";
const NAME_SERVERS: [&str; 2] = ["108.61.10.10", "2001:19f0:300:1704::6"];

const ABOUT: About = About {
    local: Some("DataSourceVultr"),
    evidence: Evidence { dmi: &[("sys_vendor", VENDOR)], medium: Medium::Service, tree: &["v1.json"] },
    page: include_str!("../pages/vultr.yaml"),
    ..About::named(NAME)
};

/// The data source.
pub(crate) struct Vultr;

fn has_vendor(platform: &Platform<'_>) -> bool {
    detection::is_vendor(platform, VENDOR)
}

/// Bare metal has another vendor, and a word on the kernel command line.
fn is_vultr(platform: &Platform<'_>) -> bool {
    has_vendor(platform) || platform.cmdline.split_ascii_whitespace().any(|word| word == "vultr")
}

impl DataSource for Vultr {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn identify(&self, platform: &Platform<'_>) -> Identified {
        // The file is ds-identify's evidence only: with nothing else, the stages do not query the service.
        let marked = platform.files().is_file(Path::new("/etc/vultr"));
        Identified::when(marked || is_vultr(platform))
    }

    fn crawl(&self, crawl: &Crawl<'_>) -> Result<Option<Instance>, SourceError> {
        if !is_vultr(crawl.platform) {
            return Ok(None);
        }
        let config = crawl.config(NAME);
        let mut service = Single::read(&config, "url", URL, 10, 30, 5);
        let base = service.url.clone();
        service.url = metadata::service::join(&base, "v1.json");
        let agent = config.get("user-agent").and_then(model::Node::as_str).map_or_else(|| agent(crawl), str::to_owned);
        service.headers = vec![("Metadata-Token", "cloudinit".to_owned()), ("User-Agent", agent)];
        let mut last = None;
        for link in candidates(crawl)? {
            let ways = How::FirstOf(&[Way::Dhcp]);
            match hold::asking(crawl, &link, ways, |_| service.fetch(crawl.system())) {
                Ok(document) => return instance(crawl, document, &service.url).map(Some),
                Err(error) => {
                    tracing::error!("DHCP Exception: {error}");
                    last = Some(error);
                }
            }
        }
        Err(last.unwrap_or_else(|| SourceError::Broken {
            place: "the network devices".to_owned(),
            reason: "none is usable for querying the metadata service".to_owned(),
        }))
    }

    /// Bare metal has no ID without the service.
    fn still_same(&self, platform: &Platform<'_>, cached: &Instance) -> bool {
        // Upstream compares the serial number with the machine's UUID, which the serial number is not.
        has_vendor(platform)
            && platform.dmi("product_serial").is_some_and(|serial| {
                serial.eq_ignore_ascii_case(cached.instance_id.as_str())
                    || platform.dmi("product_uuid").is_some_and(|uuid| uuid.eq_ignore_ascii_case(&serial))
            })
    }
}

/// The service makes vendor-data for this system.
fn agent(crawl: &Crawl<'_>) -> String {
    let system = crawl.system().environment.uname().system;
    format!("Cloud-Init/{} - OS: {system} Variant: {}", crawl.version, (crawl.variant)())
}

/// The devices to try.
fn candidates(crawl: &Crawl<'_>) -> Result<Vec<String>, SourceError> {
    let system = crawl.system();
    if system.files.is_file(Path::new(NIC_SCRIPT)) {
        match system.commands.run(&Command::shell(NIC_SCRIPT)) {
            Ok(output) => {
                let text = output.text();
                let names: Vec<String> =
                    text.lines().map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
                if !names.is_empty() {
                    return Ok(names);
                }
            }
            Err(error) => tracing::error!("find_candidate_nics script exception: {error}"),
        }
    }
    let links = system.links.links()?;
    let candidates = netconfig::fallback::candidates(&links).into_iter().map(|link| link.name.clone());
    Ok(candidates.filter(|name| !name.contains("dummy")).collect())
}

fn instance(crawl: &Crawl<'_>, mut metadata: Map<String, Value>, url: &str) -> Result<Instance, SourceError> {
    let broken = |reason: String| SourceError::Broken { place: url.to_owned(), reason };
    let needed = |metadata: &Map<String, Value>, key: &str| {
        metadata.get(key).cloned().ok_or_else(|| broken(format!("no {key}")))
    };
    let id = needed(&metadata, "instance-v2-id")?;
    let hostname = needed(&metadata, "hostname")?;
    let region = needed(&metadata, "region")?;
    let code = region.get("countrycode").or_else(|| region.get("regioncode")).and_then(Value::as_str);
    let code = code.ok_or_else(|| broken("no region.regioncode".to_owned()))?.to_lowercase();
    let hostname = if hostname.as_str() == Some("") { "guest".into() } else { hostname };
    metadata.insert("instance-id".to_owned(), id);
    metadata.insert("local-hostname".to_owned(), hostname);
    metadata.insert("region".to_owned(), code.into());
    let network = network(crawl, &metadata, url)?;
    let user_data = needed(&metadata, "user-data")?;
    let user_data = user_data.as_str().filter(|text| !text.is_empty());
    let vendor = needed(&metadata, "vendor-data")?;
    Ok(Instance {
        user_data: user_data.map(|text| Bytes(text.as_bytes().to_vec())),
        vendor_data: vendor_data::read("vendor-data", Some(&vendor)),
        network: Some(network),
        launch_index: None,
        sensitive: vec!["startup-script".to_owned()],
        ..standard::instance(&ABOUT, crawl.stage, metadata)
    })
}

/// The configuration of the service with the names of this machine, or one for each of its interfaces.
fn network(
    crawl: &Crawl<'_>,
    metadata: &Map<String, Value>,
    url: &str,
) -> Result<NetworkConfig, SourceError> {
    let named = links::by_mac(crawl.system(), url)?;
    let name = |entry: &Value, key: &str| {
        links::name(&named, entry.get(key).and_then(Value::as_str).unwrap_or_default(), url)
    };
    if let Some(ready) = metadata.get("cloud_interfaces") {
        let mut ready = ready.clone();
        for entry in ready.get_mut("config").and_then(Value::as_array_mut).into_iter().flatten() {
            if entry.get("type").and_then(Value::as_str) == Some("physical") {
                entry["name"] = name(entry, "mac_address")?.into();
            }
        }
        return Ok(NetworkConfig::from_json(ready, "Vultr metadata cloud_interfaces"));
    }
    let mut config = vec![json!({"type": "nameserver", "address": NAME_SERVERS})];
    let interfaces = metadata.get("interfaces").and_then(Value::as_array);
    for (number, interface) in interfaces.into_iter().flatten().enumerate() {
        let unconfigured = interface.get("unconfigured").is_some_and(|value| {
            !matches!(value, Value::Null | Value::Bool(false)) && *value != json!(0) && *value != json!("")
        });
        if number == 0 || !unconfigured {
            config.push(device(interface, name(interface, "mac")?, number == 0));
        }
    }
    Ok(NetworkConfig::from_json(json!({"version": 1, "config": config}), "Vultr metadata interfaces"))
}

fn device(interface: &Value, name: &str, primary: bool) -> Value {
    let mut device = json!({"name": name, "type": "physical", "mac_address": interface.get("mac")});
    let given = |family: &str, key: &str| interface.pointer(&format!("/{family}/{key}")).cloned().unwrap_or_default();
    let mut subnets = if primary {
        device["accept-ra"] = 1.into();
        vec![json!({"type": "dhcp", "control": "auto"}), json!({"type": "ipv6_slaac", "control": "auto"})]
    } else {
        vec![json!({
            "type": "static",
            "control": "auto",
            "address": given("ipv4", "address"),
            "netmask": given("ipv4", "netmask"),
        })]
    };
    for key in ["mtu", "accept-ra"] {
        if let Some(value) = interface.get(key) {
            device[key] = value.clone();
        }
    }
    if let Some(routes) = interface.get("routes") {
        subnets[0]["routes"] = routes.clone();
    }
    for (family, kind) in [("ipv4", "static"), ("ipv6", "static6")] {
        for additional in given(family, "additional").as_array().into_iter().flatten() {
            let mut subnet = json!({"type": kind, "control": "auto"});
            if family == "ipv4" {
                subnet["address"] = additional.get("address").cloned().unwrap_or_default();
                subnet["netmask"] = additional.get("netmask").cloned().unwrap_or_default();
            } else {
                let part = |key: &str| additional.get(key).and_then(standard::text).unwrap_or_default();
                subnet["address"] = format!("{}/{}", part("network"), part("prefix")).into();
            }
            if let Some(routes) = additional.get("routes") {
                subnet["routes"] = routes.clone();
            }
            subnets.push(subnet);
        }
    }
    device["subnets"] = subnets.into();
    device
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use model::datasource::SourceStage;
    use system::{Answering, Scratch};

    use super::*;
    use crate::testing::{Machine, Scripted};

    #[test]
    fn cases() {
        crate::testing::run_cases("vultr", &Vultr);
    }

    fn machine(scratch: Scratch, devices: &[(&str, &str)]) -> Machine {
        let scratch = devices.iter().zip(2..).fold(scratch, |scratch, ((name, mac), index)| {
            let file = |scratch: Scratch, attribute: &str, text: &str| {
                scratch.file(&format!("/sys/class/net/{name}/{attribute}"), format!("{text}\n"))
            };
            let scratch = file(scratch, "address", mac);
            let scratch = file(scratch, "type", "1");
            let scratch = file(scratch, "carrier", "1");
            let scratch = file(scratch, "operstate", "up");
            file(file(scratch, "ifindex", &index.to_string()), "device/vendor", "")
        });
        Machine::with_http(scratch, Arc::new(Scripted::new(&[])))
    }

    const DEVICES: &[(&str, &str)] =
        &[("dummy0", "52:54:00:00:00:01"), ("eth0", "52:54:00:00:00:02"), ("eth1", "52:54:00:00:00:03")];

    /// The original's `get_interface_list`: what the image's script prints, else the usual candidates without dummies.
    #[test]
    fn devices_to_try() {
        let tried = |output: Option<&str>| {
            let scratch = Scratch::new().program("/bin/sh");
            let scratch = if output.is_some() { scratch.file(NIC_SCRIPT, "") } else { scratch };
            let mut machine = machine(scratch, DEVICES);
            let answering = Answering::over(&machine.system).prints("/bin/sh", output.unwrap_or("eth9\n"));
            machine.system.commands = Arc::new(answering);
            machine.with_crawl(SourceStage::Local, None, candidates).expect("no error")
        };
        assert_eq!(tried(None), ["eth0", "eth1"]);
        assert_eq!(tried(Some("\n  eth1\n\neth7 \n")), ["eth1", "eth7"]);
        assert_eq!(tried(Some(" \n")), ["eth0", "eth1"]);
        let mut failing = machine(Scratch::new().program("/bin/sh").file(NIC_SCRIPT, ""), DEVICES);
        failing.system.commands = Arc::new(Answering::over(&failing.system).exits("/bin/sh", 1, "no"));
        let tried = failing.with_crawl(SourceStage::Local, None, candidates).expect("no error");
        assert_eq!(tried, ["eth0", "eth1"]);
    }

    /// The original's `generate_network_config`: all but the first device are left out where they are unconfigured.
    #[test]
    fn unconfigured_devices_are_left_out() {
        let names = |first: Value, second: Value| {
            let interface = |mac: &str, unconfigured: Value| {
                json!({"mac": mac, "unconfigured": unconfigured, "ipv4": {"address": "192.0.2.2", "netmask": "255.255.255.0"}})
            };
            let all = json!({"interfaces": [interface("52:54:00:00:00:02", first), interface("52:54:00:00:00:03", second)]});
            let machine = machine(Scratch::new(), DEVICES);
            let metadata = all.as_object().expect("a mapping").clone();
            let config = machine.with_crawl(SourceStage::Local, None, |crawl| network(crawl, &metadata, URL));
            let config = serde_json::to_value(config.expect("no error")).expect("JSON");
            let devices = config["config"].as_array().expect("a list").iter();
            devices.filter_map(|device| device["name"].as_str().map(str::to_owned)).collect::<Vec<_>>()
        };
        for used in [Value::Null, json!(false), json!(0), json!("")] {
            assert_eq!(names(json!(true), used.clone()), ["eth0", "eth1"], "{used}");
        }
        for unused in [json!(true), json!(1), json!("yes")] {
            assert_eq!(names(json!(true), unused.clone()), ["eth0"], "{unused}");
        }
    }

    /// Two signs of the same machine: its serial number is the instance's ID, or the machine's UUID.
    #[test]
    fn the_serial_number_tells_whether_it_is_the_same() {
        let same = |vendor: &str, serial: &str, uuid: &str| {
            let scratch = Scratch::new()
                .file("/sys/class/dmi/id/sys_vendor", format!("{vendor}\n"))
                .file("/sys/class/dmi/id/product_serial", format!("{serial}\n"))
                .file("/sys/class/dmi/id/product_uuid", format!("{uuid}\n"));
            let machine = machine(scratch, DEVICES);
            let cached = Instance { instance_id: model::instance::InstanceId::new("abc"), ..Instance::default() };
            Vultr.still_same(&machine.platform(), &cached)
        };
        assert!(same("Vultr", "ABC", "other"));
        assert!(same("Vultr", "d", "D"));
        assert!(!same("Vultr", "d", "e"));
        assert!(!same("Supermicro", "abc", "abc"));
    }
}
