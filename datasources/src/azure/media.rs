//! Where ovf-env.xml is found: a seed directory, the provisioning ISO, or what an earlier boot has kept.

use std::path::{Path, PathBuf};

use model::System;
use model::effects::{Attributes, Command};

use super::Provisioning;
use super::ovf::{self, Environment};
use super::report::Failure;

/// The drive of the ISO.
const DRIVE: &str = "/dev/sr0";

/// Where a document was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Seed {
    Directory(PathBuf),
    Device(PathBuf),
    Imds,
}

impl Seed {
    /// As shown in `status` and the subplatform.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Directory(path) | Self::Device(path) => path.display().to_string(),
            Self::Imds => "IMDS".to_owned(),
        }
    }

    pub(super) fn subplatform(&self) -> String {
        let kind = match self {
            Self::Directory(_) => "seed-dir",
            Self::Device(_) => "config-disk",
            Self::Imds => "imds",
        };
        format!("{kind} ({})", self.shown())
    }
}

/// A document.
pub(super) struct Found {
    pub seed: Seed,
    pub content: Vec<u8>,
    pub environment: Environment,
}

/// The first document; `None` if there is none of Azure's.
pub(super) fn find(azure: &Provisioning<'_>) -> Result<Option<Found>, Failure> {
    let system = azure.crawl.system();
    for seed in candidates(azure) {
        let content = match &seed {
            Seed::Directory(path) => {
                let read = system.files.read_optional(&path.join(ovf::FILE));
                read.map_err(|error| Failure::Other(error.into()))?
            }
            Seed::Device(path) => of_device(system, path),
            Seed::Imds => None,
        };
        let Some(content) = content else {
            tracing::debug!("Did not find Azure data source in {}", seed.shown());
            continue;
        };
        match ovf::parse(&content)? {
            Some(environment) => {
                tracing::debug!("Found provisioning metadata in {}", seed.shown());
                return Ok(Some(Found { seed, content, environment }));
            }
            None => tracing::debug!("Ignoring non-Azure ovf-env.xml in {}", seed.shown()),
        }
    }
    tracing::warn!(
        "Unable to find provisioning media, falling back to IMDS metadata. Be aware that IMDS metadata does not support \
         admin passwords or custom-data (user-data only)."
    );
    Ok(None)
}

fn candidates(azure: &Provisioning<'_>) -> Vec<Seed> {
    let is_disc =
        |device: &&model::effects::BlockDevice| matches!(device.filesystem.as_deref(), Some("iso9660" | "udf"));
    let mut devices = Vec::new();
    if azure.crawl.platform.files().exists(Path::new(DRIVE)) {
        devices.push(PathBuf::from(DRIVE));
    }
    for device in azure.crawl.platform.devices.iter().filter(is_disc) {
        if !devices.contains(&device.path) {
            devices.push(device.path.clone());
        }
    }
    let first = Seed::Directory(azure.crawl.paths().seed("azure"));
    let last = Seed::Directory(azure.data_directory());
    std::iter::once(first).chain(devices.into_iter().map(Seed::Device)).chain([last]).collect()
}

/// The document on a device; one that cannot be read has none.
fn of_device(system: &System, device: &Path) -> Option<Vec<u8>> {
    let read = system.devices.open(device).and_then(|tree| {
        tree.read(ovf::FILE).inspect_err(|error| tracing::warn!("{error}"))
    });
    read.unwrap_or_else(|error| {
        tracing::debug!("{error}");
        None
    })
}

/// Keeps the document without its password for later boots, when the ISO has been ejected.
pub(super) fn keep(azure: &Provisioning<'_>, content: &[u8]) -> Result<(), Failure> {
    let directory = azure.data_directory();
    if directory.as_os_str().is_empty() {
        return Ok(());
    }
    let files = &azure.crawl.system().files;
    let wrong = |error: model::effects::FileError| Failure::Other(error.into());
    files.create_dir(&directory, Some(0o700)).map_err(wrong)?;
    files.set_mode(&directory, 0o700).map_err(wrong)?;
    let content = ovf::without_password(content)?;
    files.write(&directory.join(ovf::FILE), &content, &Attributes::secret()).map_err(wrong)
}

/// Ejects the ISO, which has the password.
pub(super) fn eject(system: &System, device: &Path) {
    tracing::debug!("Ejecting the provisioning iso");
    let device = device.display().to_string();
    let helper = "/lib/udev/cdrom_id";
    let command = if system.commands.which("eject").is_some() {
        Command::line(["eject"]).arg(device)
    } else if system.files.is_file(Path::new(helper)) {
        Command::line([helper, "--eject-media"]).arg(device)
    } else {
        tracing::error!("Failed ejecting the provisioning iso: neither eject nor {helper} are found");
        return;
    };
    if let Err(error) = system.commands.run(&command) {
        tracing::error!("Failed ejecting the provisioning iso: {error}");
    }
}
