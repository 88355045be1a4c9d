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
        match system.commands.run(&Command::line(["/bin/sh", "-c", NIC_SCRIPT])) {
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
    #[test]
    fn cases() {
        crate::testing::run_cases("vultr", &super::Vultr);
    }
}
