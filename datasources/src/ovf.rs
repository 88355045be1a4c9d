//! OVF: the properties of a virtual appliance, in a document on a disc, in a seed directory or from VMware.
//!
//! Source: DMTF DSP0243, "Open Virtualization Format Specification", chapters "Environment file" and "Transport media".

mod environment;

use std::path::Path;

use metadata::guestinfo::Tool;
use metadata::seed::{self, Seed};
use metadata::{documents, standard};
use model::datasource::{Evidence, Medium, SourceError, SourceStage};
use model::effects::{BlockDevice, CommandError};
use model::instance::{Bytes, VendorData};
use model::{About, Crawl, DataSource, Identified, Instance, NetworkConfig, Platform};
use serde_json::Value;

use environment::{Environment, NAMESPACE};

const NAME: &str = "OVF";
const DEFAULT_ID: &str = "iid-dsovf";
/// The document's names: those of the specification, and those that a disc without long names has.
const NAMES: [&str; 4] = ["ovf-env.xml", "ovf_env.xml", "OVF_ENV.XML", "OVF-ENV.XML"];
/// Labels of a disc with the document, and of discs for other sources.
const LABELS: &[&str] = &["OVF-TRANSPORT", "OVFENV", "OVF ENV"];
const OTHER_LABELS: &[&str] = &["config-2", "cidata"];
/// Azure's label begins so.
const AZURE_LABEL: &str = "rd_rdfe_stable";
/// Azure has such a disc too, and a source of its own.
const AZURE_CHASSIS: &str = "7783-7084-3265-9085-8269-3286-77";
/// A larger disc is not searched for the document.
const MAX_DISC: u64 = 10 << 20;

const ABOUT: About = About {
    local: Some("DataSourceOVF"),
    network: Some("DataSourceOVFNet"),
    evidence: Evidence { dmi: &[], medium: Medium::Seed("ovf"), tree: &["ovf-env.xml"] },
    page: include_str!("../pages/ovf.yaml"),
    ..About::named(NAME)
};

/// The data source.
pub(crate) struct Ovf;

/// A document and its transport.
struct Found {
    place: String,
    text: String,
    is_seed: bool,
}

/// The document in a seed directory. Upstream detects it in `seed/ovf`, and reads it in `seed`.
fn seeded(platform: &Platform<'_>) -> Option<Found> {
    let own = platform.paths.seed("ovf");
    let directories = own.parent().into_iter().chain([own.as_path()]);
    let mut paths = directories.flat_map(|directory| NAMES.map(|name| directory.join(name)));
    let path = paths.find(|path| platform.files().is_file(path))?;
    match platform.files().read(&path) {
        Ok(bytes) => Some(Found {
            place: path.display().to_string(),
            text: String::from_utf8_lossy(&bytes).into_owned(),
            is_seed: true,
        }),
        Err(error) => {
            tracing::warn!("{error}");
            None
        }
    }
}

/// The document from VMware. The second program is asked only if the first one fails.
fn guestinfo(platform: &Platform<'_>) -> Option<String> {
    for tool in Tool::installed(platform.system) {
        match tool.get(platform.system, "ovfEnv") {
            Ok(found) => return found,
            // Also where this is not VMware's virtual machine.
            Err(CommandError::Failed { output, .. }) if output.code == 1 => {}
            Err(error) => tracing::warn!("{error}"),
        }
    }
    None
}

/// Whether a device may be a disc, by its name in 60-cdrom_id.rules of udev.
fn is_disc(device: &BlockDevice) -> bool {
    let name = device.path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let digit = |rest: &str| rest.starts_with(|first: char| first.is_ascii_digit());
    let letter = |rest: &str| rest.starts_with(|first: char| first.is_ascii_lowercase());
    device.path.parent() == Some(Path::new("/dev"))
        && device.filesystem.as_deref() == Some("iso9660")
        && (name.strip_prefix("sr").is_some_and(digit)
            || name.strip_prefix("hd").is_some_and(letter)
            || name.starts_with("xvd"))
}

fn on_device(platform: &Platform<'_>, device: &BlockDevice) -> Option<String> {
    let read = || {
        let tree = platform.system.devices.open(&device.path)?;
        for name in NAMES {
            let found = tree.read(name).inspect_err(|error| tracing::warn!("{error}"))?;
            if let Some(bytes) = found {
                return Ok(Some(String::from_utf8_lossy(&bytes).into_owned()));
            }
        }
        Ok::<_, model::effects::DeviceError>(None)
    };
    read().unwrap_or_else(|error| {
        tracing::debug!("{error}");
        None
    })
}

fn find(platform: &Platform<'_>) -> Option<Found> {
    let transported =
        |place: &str, text| Found { place: place.to_owned(), text, is_seed: false };
    seeded(platform)
        .or_else(|| guestinfo(platform).map(|text| transported("com.vmware.guestInfo", text)))
        .or_else(|| {
            let mut discs = platform.devices.iter().filter(|device| is_disc(device));
            discs.find_map(|disc| on_device(platform, disc)).map(|text| transported("iso", text))
        })
}

/// Whether detection accepts a disc: by its label, or by a document on a small disc.
fn is_transport(platform: &Platform<'_>, device: &BlockDevice) -> bool {
    let label = device.label.as_deref().unwrap_or_default();
    // In upper or in lower case, not mixed.
    let is_one_of = |labels: &[&str]| {
        labels.iter().any(|known| [known.to_uppercase(), known.to_lowercase()].iter().any(|form| form == label))
    };
    if !is_disc(device) || device.path.to_string_lossy().starts_with("/dev/xvd") {
        return false;
    }
    if is_one_of(LABELS) {
        return true;
    }
    let other = is_one_of(OTHER_LABELS) || label.starts_with(AZURE_LABEL);
    !other
        && device.size < MAX_DISC
        && on_device(platform, device).is_some_and(|text| text.to_lowercase().contains(NAMESPACE))
}

impl DataSource for Ovf {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn identify(&self, platform: &Platform<'_>) -> Identified {
        let seeded = platform.files().is_file(&platform.paths.seed("ovf").join(NAMES[0]));
        let is_azure = || platform.dmi("chassis_asset_tag").as_deref() == Some(AZURE_CHASSIS);
        let from_host = || {
            platform.virtualization() == "vmware"
                && guestinfo(platform).is_some_and(|text| text.to_lowercase().starts_with("<?xml"))
        };
        let found = seeded
            || (platform.virtualization() != "none"
                && !is_azure()
                && (from_host() || platform.devices.iter().any(|device| is_transport(platform, device))));
        Identified::when(found)
    }

    fn crawl(&self, crawl: &Crawl<'_>) -> Result<Option<Instance>, SourceError> {
        let Some(found) = find(crawl.platform) else { return Ok(None) };
        let environment = environment::read(&found.place, &found.text)?;
        let seed = Seed { metadata: environment.metadata(), ..Seed::default() };
        let network = if found.is_seed { None } else { environment.network() };
        instance(crawl, &environment, seed, network, found.place)
    }

    /// The document has no ID that is independent of it.
    fn still_same(&self, _platform: &Platform<'_>, _cached: &Instance) -> bool {
        false
    }
}

fn instance(
    crawl: &Crawl<'_>,
    environment: &Environment,
    mut seed: Seed,
    network: Option<Value>,
    mut place: String,
) -> Result<Option<Instance>, SourceError> {
    if let Some(network) = &network {
        seed.metadata.insert("network-config".to_owned(), network.clone());
    }
    let mut user_data = environment.user_data();
    let mut vendor_data = None;
    let mut sensitive = Vec::new();
    let address = seed.metadata.get("seedfrom").and_then(standard::text).filter(|text| !text.is_empty());
    if let Some(address) = address {
        let usable = match crawl.stage {
            SourceStage::Local => seed::is_local(&address),
            SourceStage::Network => address.starts_with("http://") || address.starts_with("https://"),
        };
        let shown = model::effects::Url::new(&*address).to_string();
        if !usable {
            tracing::debug!("Seed from {shown} not supported by {}", ABOUT.class(crawl.stage).unwrap_or(NAME));
            return Ok(None);
        }
        seed.add_from(crawl.platform, &address)?;
        tracing::debug!("Using seeded cache data from {shown}");
        user_data = Some(seed.user_data);
        vendor_data = Some(VendorData::One(Bytes(seed.vendor_data)));
        if shown != address {
            sensitive.push("seedfrom".to_owned());
        }
        place = format!("{place},{shown}");
    }
    seed.metadata.entry("instance-id").or_insert_with(|| DEFAULT_ID.into());
    let keys = match seed.metadata.get("public-keys") {
        // One property is one key.
        Some(Value::String(key)) => vec![key.clone()],
        _ => metadata::user_keys::normalise(seed.metadata.get("public-keys")),
    };
    Ok(Some(Instance {
        detail: format!(" [seed={place}]"),
        subplatform: format!("ovf ({place})"),
        user_data: user_data.map(Bytes),
        vendor_data,
        network: network.filter(|value| !value.is_null()).map(|value| {
            NetworkConfig::from_json(value, "the OVF property network-config")
        }),
        public_keys: keys,
        config: Some(environment.config()),
        sensitive,
        ..standard::instance(&ABOUT, crawl.stage, seed.metadata)
    }))
}

/// The network configuration of a property: a document in base64 with the key `network`.
fn network_of(encoded: &str) -> Result<Value, String> {
    let bytes = metadata::encoding::base64_lenient(encoded).map_err(|_| "not valid base64".to_owned())?;
    let document = documents::yaml("network-config", &bytes).map_err(|error| error.to_string())?;
    Ok(document.get("network").map(model::Node::to_json).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases() {
        crate::testing::run_cases("ovf", &Ovf);
    }

    const DOCUMENT: &str = "<Environment xmlns=\"http://schemas.dmtf.org/ovf/environment/1\">";

    fn disc(path: &str, filesystem: &str, label: &str) -> BlockDevice {
        BlockDevice {
            path: path.into(),
            filesystem: Some(filesystem.to_owned()),
            label: Some(label.to_owned()),
            ..BlockDevice::default()
        }
    }

    /// The pattern of the original's `transport_iso9660`: `sr[0-9]+`, `hd[a-z]` and `xvd`.
    #[test]
    fn names_of_discs() {
        for (path, filesystem, expected) in [
            ("/dev/sr0", "iso9660", true),
            ("/dev/sr10", "iso9660", true),
            ("/dev/hda", "iso9660", true),
            ("/dev/xvdh", "iso9660", true),
            ("/dev/sr", "iso9660", false),
            ("/dev/sra", "iso9660", false),
            ("/dev/hd1", "iso9660", false),
            ("/dev/vda", "iso9660", false),
            ("/dev/sr0", "vfat", false),
            ("/dev/mapper/sr0", "iso9660", false),
        ] {
            assert_eq!(is_disc(&disc(path, filesystem, "")), expected, "{path} {filesystem}");
        }
    }

    /// The original's `is_cdrom_ovf` in ds-identify.
    #[test]
    fn discs_that_detection_accepts() {
        for (path, label, size, text, expected) in [
            ("/dev/sr0", "OVF-TRANSPORT", 1, "", true),
            ("/dev/sr0", "ovf-transport", 1, "", true),
            ("/dev/sr0", "OVFENV", MAX_DISC, "", true),
            ("/dev/sr0", "ovf env", 1, "", true),
            ("/dev/sr0", "Ovfenv", 1, "", false),
            ("/dev/sr0", "data", MAX_DISC - 1, DOCUMENT, true),
            ("/dev/sr0", "data", MAX_DISC, DOCUMENT, false),
            ("/dev/sr0", "data", 1, "<Environment/>", false),
            ("/dev/sr0", "config-2", 1, DOCUMENT, false),
            ("/dev/sr0", "CIDATA", 1, DOCUMENT, false),
            ("/dev/sr0", "rd_rdfe_stable.1", 1, DOCUMENT, false),
            ("/dev/xvdh", "OVFENV", 1, DOCUMENT, false),
            ("/dev/vda", "OVFENV", 1, DOCUMENT, false),
        ] {
            let device = BlockDevice { size, ..disc(path, "iso9660", label) };
            let scratch = system::Scratch::new().file("/disc/ovf-env.xml", text).device(device.clone(), "/disc");
            let http = std::sync::Arc::new(system::TreeHttp::new(std::sync::Arc::new(system::Scratch::new()), None));
            let machine = crate::testing::Machine::with_http(scratch, http);
            assert_eq!(is_transport(&machine.platform(), &device), expected, "{path} {label} {size} {text}");
        }
    }

    /// The original's `dscheck_OVF` of ds-identify.
    #[test]
    fn evidence_of_a_document() {
        let asset_tag = "/sys/class/dmi/id/chassis_asset_tag";
        let seed = "/var/lib/cloud/seed/ovf/ovf-env.xml";
        for (virtualization, files, printed, disc, expected) in [
            ("none", &[][..], "", false, false),
            ("none", &[(seed, "")], "", false, true),
            ("none", &[], "", true, false),
            ("kvm", &[], "", true, true),
            ("kvm", &[(asset_tag, AZURE_CHASSIS)], "", true, false),
            ("kvm", &[(asset_tag, "another")], "", true, true),
            ("kvm", &[], "<?xml version=\"1.0\"?>", false, false),
            ("vmware", &[], "<?XML version=\"1.0\"?>", false, true),
            ("vmware", &[], "<Environment/>", false, false),
            ("vmware", &[(asset_tag, AZURE_CHASSIS)], "<?xml version=\"1.0\"?>", false, false),
        ] {
            let mut scratch = system::Scratch::new().program("/usr/bin/vmtoolsd");
            for (path, text) in files {
                scratch = scratch.file(path, text);
            }
            if disc {
                scratch = scratch.directory("/disc").device(self::disc("/dev/sr0", "iso9660", "OVFENV"), "/disc");
            }
            let http = std::sync::Arc::new(system::TreeHttp::new(std::sync::Arc::new(system::Scratch::new()), None));
            let mut machine = crate::testing::Machine::with_http(scratch, http).virtualization(virtualization);
            let answering = system::Answering::over(&machine.system).prints("/usr/bin/vmtoolsd --cmd", printed);
            machine.system.commands = std::sync::Arc::new(answering);
            let found = machine.identify(&Ovf) == Identified::Found;
            assert_eq!(found, expected, "{virtualization} {files:?} {printed} {disc}");
        }
    }

    /// The original's `transport_vmware_guestinfo`: the second program is asked if the first one fails.
    #[test]
    fn the_host_is_asked_by_two_programs() {
        for (code, second, expected) in [(0, "<x/>", None), (1, "<x/>", Some("<x/>")), (3, "<x/>", Some("<x/>")), (1, "", None)] {
            let scratch = system::Scratch::new().programs(&["/usr/bin/vmware-rpctool", "/usr/bin/vmtoolsd"]);
            let http = std::sync::Arc::new(system::TreeHttp::new(std::sync::Arc::new(system::Scratch::new()), None));
            let mut machine = crate::testing::Machine::with_http(scratch, http);
            let answering = system::Answering::over(&machine.system)
                .exits("/usr/bin/vmware-rpctool", code, "no")
                .prints("/usr/bin/vmtoolsd", second);
            machine.system.commands = std::sync::Arc::new(answering);
            assert_eq!(guestinfo(&machine.platform()).as_deref(), expected, "{code} {second}");
        }
    }
}
