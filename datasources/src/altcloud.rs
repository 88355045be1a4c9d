//! AltCloud: user-data on a floppy disk (RHEV) or an ISO image (vSphere).

use std::path::Path;

use metadata::standard;
use model::Order as _;
use model::datasource::{Evidence, Medium, SourceError};
use model::effects::{BlockDevice, Command};
use model::instance::Bytes;
use model::{About, Crawl, DataSource, Identified, Instance, Platform};
use serde_json::{Map, Value, json};

const NAME: &str = "AltCloud";
/// Images say here where they run.
const CLOUD_INFO: &str = "/etc/sysconfig/cloud-info";
const FLOPPY: &str = "/dev/fd0";
const LABEL: &str = "CDROM";
/// The files with user-data, in order.
const FILES: &[&str] = &["deltacloud-user-data.txt", "user-data.txt"];

const ABOUT: About = About {
    network: Some("DataSourceAltCloud"),
    evidence: Evidence {
        dmi: &[("product_name", "VMware Virtual Platform")],
        medium: Medium::Device { label: LABEL, filesystem: "iso9660" },
        tree: &[FILES[1]],
    },
    page: include_str!("../pages/altcloud.yaml"),
    ..About::named(NAME)
};

/// The data source.
pub(crate) struct AltCloud;

/// The platform's name in upper case, and whether an image says so: firmware of these platforms is no evidence of
/// user-data.
fn cloud_type(platform: &Platform<'_>) -> (String, bool) {
    if let Some(text) = platform.files().text(Path::new(CLOUD_INFO)) {
        return (text.trim().to_uppercase(), true);
    }
    let product = platform.dmi("product_name").unwrap_or_default().to_uppercase();
    let name = if product.starts_with("RHEV") {
        "RHEV"
    } else if product.starts_with("VMWARE") {
        "VSPHERE"
    } else {
        "UNKNOWN"
    };
    (name.to_owned(), false)
}

fn disks<'p>(platform: &'p Platform<'_>) -> impl Iterator<Item = &'p BlockDevice> {
    platform.devices.iter().filter(|device| device.label.as_deref() == Some(LABEL))
}

impl DataSource for AltCloud {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    /// Upstream's ds-identify compares with a pattern in quotes, which never matches: the source has to be selected.
    fn identify(&self, _platform: &Platform<'_>) -> Identified {
        Identified::No
    }

    fn is_configured(&self, platform: &Platform<'_>) -> bool {
        let (name, told) = cloud_type(platform);
        told && (name.contains("RHEV") || (name.contains("VSPHERE") && disks(platform).next().is_some()))
    }

    fn crawl(&self, crawl: &Crawl<'_>) -> Result<Option<Instance>, SourceError> {
        let (name, _) = cloud_type(crawl.platform);
        let found = if name.contains("RHEV") {
            floppy(crawl).map(|text| (text, FLOPPY.to_owned()))
        } else if name.contains("VSPHERE") {
            let mut disks: Vec<_> = disks(crawl.platform).map(|device| device.path.as_path()).collect();
            disks.order();
            disks.iter().find_map(|path| Some((read(crawl, path)?, path.display().to_string())))
        } else {
            return Ok(None);
        };
        let Some((user_data, place)) = found else {
            tracing::warn!("{NAME}: no user-data on this {name} machine");
            return Ok(None);
        };
        Ok(Some(Instance {
            // Upstream's seed is never set.
            detail: " [seed=None]".to_owned(),
            subplatform: format!("{} ({place})", name.to_lowercase()),
            user_data: Some(Bytes(user_data.into_bytes())),
            ..standard::instance(&ABOUT, crawl.stage, metadata())
        }))
    }

    /// There is no ID.
    fn still_same(&self, _platform: &Platform<'_>, _cached: &Instance) -> bool {
        false
    }
}

/// There is no metadata: the same for every machine.
fn metadata() -> Map<String, Value> {
    let fixed = [
        ("block-device-mapping", json!({})),
        ("instance-id", json!(455)),
        ("local-hostname", json!("localhost")),
        ("placement", json!({})),
    ];
    fixed.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// The user-data on the floppy disk, whose driver is not loaded by itself.
fn floppy(crawl: &Crawl<'_>) -> Option<String> {
    let system = crawl.system();
    let run = |command: Command| {
        system.commands.run(&command).map_err(|error| tracing::warn!("cannot use {FLOPPY}: {error}")).ok()
    };
    run(Command::line(["modprobe", "floppy"]))?;
    if !system.files.exists(Path::new(FLOPPY)) {
        let awaited = format!("--exit-if-exists={FLOPPY}");
        run(Command::line(["udevadm", "settle", &awaited, "--timeout=5"]))?;
    }
    read(crawl, Path::new(FLOPPY))
}

/// The user-data on a device, without surrounding white space; `None` if it is missing or empty.
fn read(crawl: &Crawl<'_>, device: &Path) -> Option<String> {
    let tree = crawl.system().devices.open(device);
    let tree = tree.map_err(|error| tracing::warn!("Failed to mount {}: {error}", device.display())).ok()?;
    let text = FILES.iter().find_map(|file| match tree.read(file) {
        Ok(content) => content,
        Err(error) => {
            tracing::warn!("{error}");
            None
        }
    })?;
    let text = String::from_utf8_lossy(&text).trim().to_owned();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    #[test]
    fn cases() {
        crate::testing::run_cases("altcloud", &super::AltCloud);
    }
}
