//! Ec2: Amazon's metadata service, and compatible ones of other clouds.

mod imds;
mod network;
mod platform;
#[cfg(test)]
mod tests;

use std::path::Path;

use metadata::hold::{self, How};
use metadata::{detection, encoding, standard};
use model::Order as _;
use model::datasource::{Evidence, Medium, SourceError, SourceStage};
use model::instance::Bytes;
use model::update::{Event, Hotplug};
use model::{About, Crawl, DataSource, Identified, Instance, InstanceId, Node, Platform};
use serde_json::{Map, Value, json};

use imds::{Contents, Imds};
use platform::Cloud;

const NAME: &str = "Ec2";
/// Drivers of Amazon's network adapters: the service is reached through one of these.
const ELASTIC: &[&str] = &["ena", "efa"];

/// Only devices with drivers of EC2's adapters are configured on hotplug, not those of containers.
const HOTPLUG_RULES: &str = r#"
ENV{ID_NET_DRIVER}=="vif|ena|ixgbevf", GOTO="cloudinit_hook"
GOTO="cloudinit_end"
"#;

const ABOUT: About = About {
    local: Some("DataSourceEc2Local"),
    network: Some("DataSourceEc2"),
    events: &[Event::BootNewInstance, Event::Hotplug],
    evidence: Evidence {
        // A UUID that starts with ec2, in SMBIOS's two byte orders.
        dmi: &[
            ("product_uuid", "ec2f00d0-0000-4000-8000-000000000000"),
            ("product_serial", "ec2f00d0-0000-4000-8000-000000000000"),
        ],
        medium: Medium::Service,
        tree: &["latest"],
    },
    page: include_str!("../pages/ec2.yaml"),
    ..About::named(NAME)
};

/// The data source.
pub(crate) struct Ec2;

/// What to do on an unidentified machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Strict {
    /// Do not query the service.
    Yes,
    /// Query it; with a warning if `warn`.
    No,
}

/// `strict_id`: true, false, or `warn` optionally with `,SECONDS`. `None` if the value is unknown.
fn strictness(node: Option<&Node>) -> Option<Strict> {
    let text = node?.scalar_text()?;
    match text.split(',').next().unwrap_or_default() {
        "True" | "true" => Some(Strict::Yes),
        "False" | "false" | "warn" => Some(Strict::No),
        other => {
            tracing::warn!(
                "Invalid mode '{other}' in strict_id setting: expected one of 'true', 'false', 'warn'."
            );
            None
        }
    }
}

/// `strict_id` from the kernel command line, the configuration or ds-identify's, in this order.
fn setting(platform: &Platform<'_>) -> Option<Node> {
    const KEY: &str = "ci.datasource.ec2.strict_id";
    if let Some(word) = platform.cmdline_value(KEY) {
        let origin = model::config::Origin::whole("kernel command line");
        return Some(Node::new(model::config::Value::Str(word.to_owned()), origin));
    }
    let configured = platform.source_config(NAME).and_then(|config| config.get("strict_id"));
    configured.cloned().or_else(|| {
        let path = "/etc/cloud/ds-identify.cfg";
        let bytes = platform.files().read(Path::new(path)).ok()?;
        Node::from_yaml(path, &bytes).ok().flatten()?.get(KEY).cloned()
    })
}

impl DataSource for Ec2 {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn identify(&self, platform: &Platform<'_>) -> Identified {
        if detection::has_files(platform, &platform.paths.seed("ec2"), &["meta-data", "user-data"]) {
            return Identified::Found;
        }
        if platform.container {
            return Identified::No;
        }
        match platform::identify(platform) {
            Cloud::Elsewhere => Identified::No,
            Cloud::Unknown => {
                let setting = setting(platform);
                match strictness(setting.as_ref()) {
                    Some(Strict::No) => Identified::Maybe,
                    Some(Strict::Yes) | None => Identified::No,
                }
            }
            _ => Identified::Found,
        }
    }

    fn crawl(&self, crawl: &Crawl<'_>) -> Result<Option<Instance>, SourceError> {
        let config = crawl.config(NAME);
        let cloud = platform::identify(crawl.platform);
        let asked_for = crawl.platform.is_named(NAME)
            || strictness(config.get("strict_id")) == Some(Strict::No)
            || self.identify(crawl.platform) == Identified::Maybe;
        let excluded = match cloud {
            Cloud::Elsewhere => true,
            Cloud::Unknown => !asked_for || strictness(config.get("strict_id")) == Some(Strict::Yes),
            _ => false,
        };
        if excluded {
            tracing::debug!("Ec2: unidentified machine, not querying the metadata service");
            return Ok(None);
        }
        match crawl.stage {
            SourceStage::Local if !matches!(cloud, Cloud::Aws | Cloud::Outscale) => {
                tracing::debug!("Local Ec2 mode only supported on aws and outscale, not {}", cloud.name());
                Ok(None)
            }
            SourceStage::Local => local(crawl, &config, cloud),
            SourceStage::Network => {
                let contents = Imds::new(crawl.system(), cloud, &config).crawl()?;
                let link = crawl.fallback_link.clone();
                instance(crawl, &config, cloud, contents, link.as_deref()).map(Some)
            }
        }
    }

    /// How strict detection was, which the stages have to know.
    fn detected(&self, platform: &Platform<'_>) -> Option<String> {
        let strict = setting(platform)?.scalar_text()?.to_lowercase();
        Some(format!("datasource: {{Ec2: {{strict_id: \"{strict}\"}}}}"))
    }

    /// Only the metadata has the ID: it is read again.
    fn still_same(&self, _platform: &Platform<'_>, _cached: &Instance) -> bool {
        false
    }
}

/// Queries over each eligible device, Amazon's adapters first.
fn local(crawl: &Crawl<'_>, config: &Node, cloud: Cloud) -> Result<Option<Instance>, SourceError> {
    let links = crawl.system().links.links()?;
    let mut candidates = netconfig::fallback::candidates(&links);
    candidates.order_by_key(|link| !link.driver.as_deref().is_some_and(|driver| ELASTIC.contains(&driver)));
    let mut names: Vec<&str> = candidates.iter().map(|link| link.name.as_str()).collect();
    if let (true, Some(link)) = (names.is_empty(), crawl.fallback_link.as_deref()) {
        names.push(link);
    }
    if names.is_empty() {
        tracing::error!("The instance must have at least one eligible NIC");
        return Ok(None);
    }
    let mut last = None;
    for link in names {
        // The configuration is built while the address is held, because it may need more queries.
        let outcome = hold::asking(crawl, link, How::BothFamilies, |_| {
            let contents = Imds::new(crawl.system(), cloud, config).crawl()?;
            tracing::debug!("Crawled metadata service over {link}");
            Ok(instance(crawl, config, cloud, contents, Some(link)))
        });
        match outcome {
            Ok(found) => return found.map(Some),
            Err(error) => {
                tracing::debug!("No metadata over {link}: {error}");
                last = Some(error);
            }
        }
    }
    last.map_or(Ok(None), Err)
}

fn instance(
    crawl: &Crawl<'_>,
    config: &Node,
    cloud: Cloud,
    contents: Contents,
    link: Option<&str>,
) -> Result<Instance, SourceError> {
    let Contents { metadata, user_data, identity, version, address } = contents;
    let document = identity.get("document").cloned().unwrap_or_default();
    let identified =
        |key: &str| (cloud == Cloud::Aws).then(|| document.get(key)?.as_str().map(str::to_owned)).flatten();
    let id = identified("instanceId")
        .or_else(|| metadata.get("instance-id").and_then(standard::text))
        .ok_or_else(|| SourceError::Broken {
            place: format!("{address}/{version}/meta-data"),
            reason: "no instance-id".into(),
        })?;
    let placed = metadata.get("placement").and_then(|placement| placement.get("availability-zone"));
    let zone = placed.and_then(standard::text).map(|placed| identified("availabilityZone").unwrap_or(placed));
    let from_zone = || {
        let zone = zone.as_deref()?;
        // A zone is its region and a letter.
        Some(zone.char_indices().next_back().map_or("", |(end, _)| &zone[..end]).to_owned())
    };
    let region = identified("region").or_else(from_zone);
    let network = match metadata.get("network") {
        Some(network @ Value::Object(_)) => network::convert(crawl, config, network, link)?,
        other => {
            tracing::warn!("Metadata 'network' key not valid: {other:?}.");
            None
        }
    };
    let mut events = ABOUT.event_names();
    if is_classic(&metadata) {
        // Its MAC changes from boot to boot.
        events.extend([Event::Boot, Event::BootLegacy].map(|event| event.name().to_owned()));
    }
    let mut extra = Map::new();
    extra.insert("meta-data".to_owned(), Value::Object(metadata.clone()));
    if cloud == Cloud::Aws {
        extra.insert("dynamic".to_owned(), json!({"instance-identity": identity}));
    }
    extra.insert("_metadata_api_version".to_owned(), version.into());
    let launch_index = metadata.get("ami-launch-index").and_then(standard::integer);
    let named = metadata.get("cloud-name").and_then(Value::as_str).is_some_and(|name| !name.is_empty());
    let mut found = Instance {
        instance_id: InstanceId::new(id),
        subplatform: format!("metadata ({address})"),
        user_data: Some(Bytes(encoding::base64_at_most(user_data))),
        network,
        availability_zone: zone,
        region,
        launch_index,
        network_events: events,
        hotplug: Hotplug {
            udev_rules: Some(HOTPLUG_RULES.to_owned()),
            again: Some((5, 30)),
            ..Hotplug::default()
        },
        extra,
        ..standard::instance(&ABOUT, crawl.stage, metadata)
    };
    if !named {
        cloud.name().clone_into(&mut found.cloud_name);
    }
    Ok(found)
}

/// Whether no device is in a VPC: the first generation of the service.
fn is_classic(metadata: &Map<String, Value>) -> bool {
    let links = metadata
        .get("network")
        .and_then(|network| network.pointer("/interfaces/macs"))
        .and_then(Value::as_object);
    !links.into_iter().flat_map(Map::values).any(|link| link.get("vpc-id").is_some())
}
