//! VMware: variables of the hypervisor or of the environment, or a customization specification.
//!
//! Source: "VMware" in the documentation of VMware's tools and of Cloud Foundation, and open-vm-tools.

mod document;
mod host_info;
mod imc;
#[cfg(test)]
mod tests;
mod transport;

use model::Order as _;
use model::datasource::{Evidence, Medium, SourceError};
use model::instance::{Bytes, VendorData};
use model::update::{Event, Hotplug, Policy};
use model::{About, Crawl, DataSource, Identified, Instance, NetworkConfig, Platform, Settled};
use serde_json::{Map, Value};

use metadata::guestinfo::Tool;
use metadata::{standard, user_keys};
use transport::{Found, Transport};

const NAME: &str = "VMware";
/// The detail of an instance that a customization describes.
const SEED_IMC: &str = " [seed=imc]";
/// The drivers of the hypervisor's network devices; those of others are not its business.
const DRIVERS: &[&str] = &["e1000", "e1000e", "vlance", "vmxnet2", "vmxnet3", "vrdma"];
/// Names of the public keys in the metadata.
const KEYS: &[&str] = &["public-keys-data", "public_keys_data", "public-keys", "public_keys"];
/// Where the addresses and events are told to the hypervisor.
const LOCAL: [&str; 2] = ["local-ipv4", "local-ipv6"];
const SUPPORTED: &str = "cloudinit.updates.supported";
const ENABLED: &str = "cloudinit.updates.enabled";
/// The events that the hypervisor is told of.
const EVENTS: &[Event] = &[Event::Boot, Event::BootNewInstance, Event::Hotplug];

const ABOUT: About = About {
    local: Some("DataSourceVMware"),
    network: Some("DataSourceVMware"),
    events: &[Event::BootNewInstance, Event::Hotplug],
    evidence: Evidence {
        dmi: &[("product_name", "VMware Virtual Platform")],
        medium: Medium::Configuration,
        tree: &[],
    },
    page: include_str!("../pages/vmware.yaml"),
    ..About::named(NAME)
};

/// The data source.
pub(crate) struct VMware;

impl DataSource for VMware {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn identify(&self, platform: &Platform<'_>) -> Identified {
        if transport::is_in_environment(platform.system) {
            return Identified::Found;
        }
        if platform.virtualization() != "vmware" || Tool::installed(platform.system).is_empty() {
            return Identified::No;
        }
        if transport::is_in_guestinfo(platform.system) {
            return Identified::Found;
        }
        match imc::may_come(platform) {
            imc::Customization::Enabled => Identified::Found,
            // Upstream's stages wait for it too, but its detection does not accept it.
            imc::Customization::RawOnly => Identified::Maybe,
            imc::Customization::Disabled => Identified::No,
        }
    }

    fn crawl(&self, crawl: &Crawl<'_>) -> Result<Option<Instance>, SourceError> {
        match find(crawl)? {
            Some(found) => instance(crawl, found),
            None => {
                tracing::debug!("failed to find a valid data access method");
                Ok(None)
            }
        }
    }

    /// The hypervisor may have given the machine another ID.
    fn still_same(&self, _platform: &Platform<'_>, _cached: &Instance) -> bool {
        false
    }

    /// The host takes the files of a customization away.
    fn is_given_once(&self, platform: &Platform<'_>, cached: &Instance) -> bool {
        cached.detail == SEED_IMC && is_vmware(platform)
    }

    fn complete(&self, settled: &Settled<'_>) -> Result<Option<Instance>, SourceError> {
        let info = host_info::wait_for(settled.platform.system, &settled.instance.metadata)?;
        let shown = Value::Object(info.clone());
        tracing::info!("got host-info: {shown}");
        for name in LOCAL {
            if let Some(address) = info.get(name).and_then(Value::as_str) {
                tell(settled, name, address);
            }
        }
        let mut instance = settled.instance.clone();
        if let Value::Object(metadata) = &mut instance.metadata {
            let network = instance.network.as_ref().map(|network| network.node().to_json());
            if let (Some(network), false) = (network, metadata.contains_key("network")) {
                metadata.insert("network".to_owned(), serde_json::json!({"config": network}));
            }
            metadata::seed::complete(metadata, info);
        }
        Ok(Some(instance))
    }

    fn activate(&self, settled: &Settled<'_>) -> Result<(), SourceError> {
        let own: Vec<Event> = ABOUT.events.to_vec();
        let enabled = Policy::read(settled.platform.config).events.unwrap_or(own);
        tell(settled, SUPPORTED, &events_text(EVENTS));
        tell(settled, ENABLED, &events_text(&enabled));
        Ok(())
    }
}

fn is_vmware(platform: &Platform<'_>) -> bool {
    platform.dmi("product_name").is_some_and(|product| product.to_lowercase().contains("vmware"))
}

/// The data of the first transport that has any.
fn find(crawl: &Crawl<'_>) -> Result<Option<Found>, SourceError> {
    if let Some(found) = transport::environment(crawl.system())? {
        return Ok(Some(found));
    }
    if !is_vmware(crawl.platform) {
        tracing::debug!("Not a VMware platform");
        return Ok(None);
    }
    match transport::guestinfo(crawl.system())? {
        Some(found) => Ok(Some(found)),
        None => imc::customization(crawl),
    }
}

fn instance(crawl: &Crawl<'_>, found: Found) -> Result<Option<Instance>, SourceError> {
    let Found { transport, metadata, user_data, vendor_data, config } = found;
    let mut metadata = document::with_network(metadata)?;
    redact(crawl, transport, &metadata);
    if metadata.is_empty() && user_data.is_none() && vendor_data.is_none() {
        return Ok(None);
    }
    if !metadata.contains_key("instance-id") {
        let uuid = metadata::detection::required(crawl.platform, "product_uuid", NAME, "UUID")?;
        metadata.insert("instance-id".to_owned(), uuid.to_lowercase().into());
    }
    let keys = KEYS.iter().find_map(|name| metadata.get(*name));
    let network = match metadata.get("network").and_then(|network| network.get("config")) {
        Some(config) => Some(NetworkConfig::from_json(config.clone(), "VMware's metadata")),
        None => fallback(crawl)?,
    };
    Ok(Some(Instance {
        detail: format!(" [seed={}]", transport.name()),
        subplatform: format!("{} ({})", transport.name(), transport.place()),
        user_data: user_data.map(Bytes),
        vendor_data: vendor_data.map(|bytes| VendorData::One(Bytes(bytes))),
        network,
        public_keys: user_keys::normalise(keys),
        config: Some(Value::Object(config)),
        hotplug: Hotplug { udev_rules: udev_rules(&metadata), ..Hotplug::default() },
        ..standard::instance(&ABOUT, crawl.stage, metadata)
    }))
}

/// Without a configuration the source's own is the fallback, which then takes precedence over nothing.
fn fallback(crawl: &Crawl<'_>) -> Result<Option<NetworkConfig>, SourceError> {
    tracing::debug!("using fallback network config");
    Ok(netconfig::fallback::config(&crawl.system().links.links()?, None, &crawl.platform.cmdline))
}

/// The rule that skips devices with other drivers.
fn udev_rules(metadata: &Map<String, Value>) -> Option<String> {
    let named = metadata.get("network-drivers").and_then(Value::as_array);
    let drivers: Vec<&str> = match named {
        Some(list) => list.iter().filter_map(Value::as_str).map(|name| name.trim_matches(' ')).collect(),
        None => DRIVERS.to_vec(),
    };
    let drivers = if drivers.is_empty() { DRIVERS.to_vec() } else { drivers };
    Some(format!(
        "\nENV{{ID_NET_DRIVER}}==\"{}\", GOTO=\"cloudinit_hook\"\nGOTO=\"cloudinit_end\"\n",
        drivers.join("|")
    ))
}

/// Overwrites the variables that the metadata names: they may contain passwords, and stay readable in the machine.
fn redact(crawl: &Crawl<'_>, transport: Transport, metadata: &Map<String, Value>) {
    let Transport::GuestInfo = transport else { return };
    let names = match metadata.get("redact").or_else(|| metadata.get("cleanup-guestinfo")) {
        Some(Value::Array(names)) => names.iter().filter_map(standard::text).collect(),
        Some(name) => standard::text(name).into_iter().collect(),
        None => Vec::new(),
    };
    for name in names {
        tracing::info!("clearing guestinfo.{name}");
        set(crawl.system(), &name, transport::EMPTY);
        set(crawl.system(), &format!("{name}.encoding"), "");
    }
}

/// Sets a variable with the first program that succeeds.
fn set(system: &model::System, name: &str, value: &str) {
    let mut last = None;
    for tool in Tool::installed(system) {
        match tool.set(system, name, value) {
            Ok(()) => return,
            Err(error) => last = Some(error),
        }
    }
    if let Some(error) = last {
        tracing::warn!("Failed to set guestinfo.{name}: {error}");
    }
}

/// Tells the hypervisor; a machine that got its data from the environment may have none.
fn tell(settled: &Settled<'_>, name: &str, value: &str) {
    if settled.instance.subplatform.starts_with(Transport::Environment.name()) {
        return;
    }
    set(settled.platform.system, name, value);
    tracing::info!("advertised {name} in guestinfo: {value}");
}

/// Events in the hypervisor's notation.
fn events_text(events: &[Event]) -> String {
    let mut names: Vec<&str> = events.iter().map(|event| event.name()).collect();
    names.order();
    format!("network={}", names.join(";"))
}
