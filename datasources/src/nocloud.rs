//! NoCloud: a seed in a directory, on a device labelled `cidata`, on the kernel command line, in the SMBIOS serial
//! number or OEM strings, in QEMU's fw_cfg, in the system configuration, or at a URL in one of these.

mod cmdline;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use metadata::seed::{self, Documents, Seed};
use metadata::firmware::{self, Oem};
use metadata::{detection, network_forms, standard};
use model::Order as _;
use model::datasource::{Evidence, Medium, SourceError, SourceStage};
use model::effects::{BlockDevice, Url};
use model::instance::{Bytes, DsMode, VendorData};
use model::{About, Crawl, DataSource, Identified, Instance, Node, Platform};
use serde_json::Value;

const NAME: &str = "NoCloud";
/// The default label of a device with a seed.
const LABEL: &str = "cidata";
/// Seed directories in order.
const DIRECTORIES: &[&str] = &["nocloud", "nocloud-net"];
/// The ID of a seed without one.
const DEFAULT_ID: &str = "nocloud";

const ABOUT: About = About {
    local: Some("DataSourceNoCloud"),
    network: Some("DataSourceNoCloudNet"),
    evidence: Evidence {
        dmi: &[],
        medium: Medium::Seed(DIRECTORIES[0]),
        tree: &["meta-data", "user-data"],
    },
    page: include_str!("../pages/nocloud.yaml"),
    ..About::named(NAME)
};

/// The data source.
pub(crate) struct NoCloud;

/// The label to look for; `None` if the configuration has `fs_label: null`.
fn label(platform: &Platform<'_>) -> Option<String> {
    match platform.source_config(NAME).and_then(|config| config.get("fs_label")) {
        None => Some(LABEL.to_owned()),
        Some(node) if node.is_null() => None,
        Some(node) => node.scalar_text(),
    }
}

/// Devices with a seed's label, whatever their file system.
fn labelled<'p>(platform: &'p Platform<'_>, label: &str) -> impl Iterator<Item = &'p BlockDevice> {
    let forms = [label.to_owned(), label.to_uppercase(), label.to_lowercase()];
    platform.devices.iter().filter(move |device| device.label.as_ref().is_some_and(|found| forms.contains(found)))
}

/// Devices with a seed, the last one first.
fn devices<'p>(platform: &'p Platform<'_>, label: &str) -> Vec<&'p BlockDevice> {
    let mut found: Vec<&BlockDevice> = labelled(platform, label)
        .filter(|device| matches!(device.filesystem.as_deref(), Some("vfat" | "iso9660")))
        .collect();
    found.order_by(|a, b| b.path.cmp(&a.path));
    found
}

fn directories(platform: &Platform<'_>) -> Vec<PathBuf> {
    DIRECTORIES.iter().map(|name| platform.paths.seed(name)).collect()
}

impl DataSource for NoCloud {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn identify(&self, platform: &Platform<'_>) -> Identified {
        let needed = ["meta-data", "user-data"];
        let serial = platform.dmi("product_serial").unwrap_or_default();
        // Ubuntu Core mounts its writable directory over the default one, possibly later.
        let writable = |directory: &Path| {
            Path::new("/writable/system-data").join(directory.strip_prefix("/").unwrap_or(directory))
        };
        let config = platform.source_config(NAME);
        let configured = |key: &str| config.and_then(|config| config.get(key)).is_some();
        let found = cmdline::read(&platform.cmdline).is_some()
            || serial.split_ascii_whitespace().any(|word| word.starts_with("ds=nocloud"))
            || is_in_firmware(platform)
            || directories(platform).iter().any(|directory| {
                detection::has_files(platform, directory, &needed)
                    || detection::has_files(platform, &writable(directory), &needed)
            })
            || label(platform).is_some_and(|label| labelled(platform, &label).next().is_some())
            || (configured("user-data") && configured("meta-data"))
            || configured("seedfrom");
        Identified::when(found)
    }

    fn crawl(&self, crawl: &Crawl<'_>) -> Result<Option<Instance>, SourceError> {
        let platform = crawl.platform;
        let config = crawl.config(NAME);
        let mut found = Vec::new();
        let mut seed = gather(platform, &config, &mut found)?;
        let mut secret_address = false;
        if found.is_empty() {
            return Ok(None);
        }
        if let Some(address) = seed.metadata.get("seedfrom").and_then(standard::text) {
            let usable = match crawl.stage {
                SourceStage::Local => seed::is_local(&address),
                SourceStage::Network => seed::is_remote(&address),
            };
            if !usable {
                unusable(crawl.stage, &address);
                return Ok(None);
            }
            let address = seed::with_dmi(platform, &address);
            seed.add_from(platform, &address)?;
            let shown = Url::new(&*address).to_string();
            secret_address = shown != address;
            tracing::debug!("Using seeded cache data from {shown}");
            found.push(shown);
        }
        Ok(instance(platform, crawl.stage, seed, &found.join(",")).map(|mut instance| {
            if secret_address {
                instance.sensitive.push("seedfrom".to_owned());
            }
            instance
        }))
    }

    fn still_same(&self, platform: &Platform<'_>, cached: &Instance) -> bool {
        quick_id(platform).is_some_and(|id| id == cached.instance_id.as_str())
    }
}

/// Whether the host gives a seed, or the place of one, in the firmware.
fn is_in_firmware(platform: &Platform<'_>) -> bool {
    let oem = Oem::read(platform);
    oem.has_seed()
        || oem.lines.iter().any(|line| cmdline::read(line).is_some())
        || firmware::fw_cfg_has_seed(platform)
}

/// Reads everything that needs no URL; `found` collects the places. Of metadata, the first value is used, of the other
/// documents the last one: a device that is attached to one machine overrides everything.
fn gather(platform: &Platform<'_>, config: &Node, found: &mut Vec<String>) -> Result<Seed, SourceError> {
    let mut seed = Seed::default();
    let serial = platform.dmi("product_serial").unwrap_or_default();
    let oem = Oem::read(platform);
    let oem_lines = oem.lines.iter().map(|line| ("oem", line.as_str()));
    let lines = std::iter::once(("dmi", serial.as_str())).chain(oem_lines);
    for (name, line) in lines.chain([("cmdline", platform.cmdline.as_str())]) {
        if let Some(metadata) = cmdline::read(line) {
            found.push(name.to_owned());
            seed::complete(&mut seed.metadata, metadata);
        }
    }
    for directory in directories(platform) {
        if let Some(documents) = Documents::of_directory(platform, &directory)? {
            let place = directory.display().to_string();
            tracing::debug!("Using seeded data from {place}");
            seed.add(&place, documents);
            found.push(place);
            break;
        }
    }
    if let Some(address) = config.get("seedfrom").filter(|node| node.is_truthy()).and_then(Node::scalar_text)
    {
        found.push("ds_config_seedfrom".to_owned());
        seed.metadata.insert("seedfrom".to_owned(), address.into());
    }
    if config.get("user-data").is_some() && config.get("meta-data").is_some() {
        seed.add_config(config);
        found.push("ds_config".to_owned());
    }
    add_firmware(platform, &oem, &mut seed, found)?;
    if let Some(label) = label(platform) {
        add_device(platform, &label, &mut seed, found)?;
    }
    Ok(seed)
}

/// Adds the documents that the host gives in the firmware. Without an ID of its own, such a seed belongs to the machine
/// with this UUID.
fn add_firmware(
    platform: &Platform<'_>,
    oem: &Oem,
    seed: &mut Seed,
    found: &mut Vec<String>,
) -> Result<(), SourceError> {
    let places = [
        ("oem", Documents::of_any(|name| Ok(oem.get(name)))?),
        ("fw_cfg", Documents::of_any(|name| firmware::fw_cfg(platform, name))?),
    ];
    let mut is_given = false;
    for (place, documents) in places {
        let Some(documents) = documents else { continue };
        tracing::debug!("Using data from {place}");
        seed.add(place, documents);
        found.push(place.to_owned());
        is_given = true;
    }
    if let (true, Some(uuid)) = (is_given, platform.dmi("product_uuid")) {
        seed.metadata.entry("instance-id").or_insert_with(|| uuid.to_lowercase().into());
    }
    Ok(())
}

/// Adds the first device with a complete seed.
fn add_device(
    platform: &Platform<'_>,
    label: &str,
    seed: &mut Seed,
    found: &mut Vec<String>,
) -> Result<(), SourceError> {
    for device in devices(platform, label) {
        let place = device.path.display().to_string();
        let documents = match platform.system.devices.open(&device.path) {
            Ok(tree) => Documents::of_device(tree.as_ref())?,
            Err(error) => {
                tracing::warn!("Failed to mount {place} when looking for data: {error}");
                continue;
            }
        };
        let Some(documents) = documents else {
            tracing::warn!("device {place} with label={label} not a valid seed.");
            continue;
        };
        tracing::debug!("Using data from {place}");
        seed.add(&place, documents);
        found.push(place);
        return Ok(());
    }
    Ok(())
}

fn unusable(stage: SourceStage, address: &str) {
    let address = Url::new(address);
    match stage {
        SourceStage::Local => tracing::info!(
            "DataSourceNoCloud only uses seeds starting with ('/', 'file://') - will try to use {address} in the network stage."
        ),
        SourceStage::Network => tracing::warn!(
            "DataSourceNoCloudNet only uses seeds starting with ('http://', 'https://', 'ftp://', 'ftps://') - {address} is not valid."
        ),
    }
}

fn instance(platform: &Platform<'_>, stage: SourceStage, seed: Seed, places: &str) -> Option<Instance> {
    let Seed { mut metadata, user_data, vendor_data, network } = seed;
    metadata.entry("instance-id").or_insert_with(|| DEFAULT_ID.into());
    metadata.entry("dsmode").or_insert_with(|| standard::mode_name(DsMode::Net).into());
    let mode = standard::dsmode([metadata.get("dsmode")]);
    let class = ABOUT.class(stage).unwrap_or_default();
    if mode == DsMode::Disabled {
        tracing::debug!("{class}: not claiming datasource, dsmode=disabled");
        return None;
    }
    let mode_shown =
        if mode == DsMode::Net { String::new() } else { format!("[dsmode={}]", standard::mode_name(mode)) };
    let kind = match places.split(',').next().unwrap_or_default() {
        place if place.starts_with("/dev") => "config-disk",
        "oem" | "fw_cfg" => "firmware",
        _ => "seed-dir",
    };
    let is_lxd = platform.files().exists(Path::new("/dev/lxd/sock"));
    let network = network.or_else(|| {
        let interfaces = metadata.get("network-interfaces").and_then(Value::as_str)?;
        tracing::warn!(
            "Eni network configuration in NoCloud is deprecated: use network config v1 or v2 instead"
        );
        network_forms::from_interfaces("network-interfaces", interfaces.as_bytes())
    });
    let named = metadata.get("cloud-name").and_then(Value::as_str).is_some_and(|name| !name.is_empty());
    let mut instance = Instance {
        detail: format!(" [seed={places}]{mode_shown}"),
        subplatform: format!("{kind} ({places})"),
        user_data: Some(Bytes(user_data)),
        vendor_data: Some(VendorData::One(Bytes(vendor_data))),
        network,
        dsmode: mode,
        ..standard::instance(&ABOUT, stage, metadata)
    };
    if !named {
        "unknown".clone_into(&mut instance.cloud_name);
    }
    if is_lxd {
        "lxd".clone_into(&mut instance.platform);
    }
    Some(instance)
}

/// The ID, if it can be read without a device or the network.
fn quick_id(platform: &Platform<'_>) -> Option<String> {
    if let Some(id) = cmdline::read(&platform.cmdline).and_then(|found| found.get("instance-id").cloned()) {
        return standard::text(&id);
    }
    let id = |place: &str, bytes: &[u8]| {
        Node::from_yaml(place, bytes).ok()??.get("instance-id")?.scalar_text()
    };
    let seeded = directories(platform).iter().find_map(|directory| {
        let path = directory.join("meta-data");
        id(&path.display().to_string(), &platform.files().read(&path).ok()?)
    });
    seeded.or_else(|| {
        let oem = Oem::read(platform);
        let documents = [oem.get("meta-data"), firmware::fw_cfg(platform, "meta-data").ok().flatten()];
        let own = documents.into_iter().flatten().find_map(|bytes| id("firmware", &bytes));
        let is_given = oem.has_seed() || firmware::fw_cfg_has_seed(platform);
        own.or_else(|| is_given.then(|| platform.dmi("product_uuid"))?.map(|uuid| uuid.to_lowercase()))
    })
}
