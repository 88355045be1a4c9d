//! What a scenario says: its machine, its boots, and what is expected after each.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use crate::{Error, cloud, file};

/// Which kind of machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// systemd-nspawn over an overlay of the root.
    Nspawn,
    /// QEMU with a disk.
    Qemu,
}

/// A scenario.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The name of its directory.
    #[serde(skip)]
    pub name: String,
    /// Its directory.
    #[serde(skip)]
    pub directory: PathBuf,
    /// The case of tests/oracle/sources that is its cloud.
    #[serde(skip)]
    pub cloud: Option<PathBuf>,
    /// The virtualization in systemd's words, if not `kvm`.
    #[serde(skip)]
    pub virt: Option<String>,
    /// Settings that the image has besides.
    #[serde(skip)]
    pub config: Option<Value>,
    /// What it shows, in a line.
    pub about: String,
    /// Why the original does not pass, where ours has to do better. A pass of the original is then a failure: either
    /// the scenario shows nothing or the line is out of date.
    #[serde(default)]
    pub original_fails: Option<String>,
    /// Where it runs.
    pub tier: Tier,
    /// Files of `/sys/class/dmi/id` (nspawn) or SMBIOS fields by the same names (QEMU).
    #[serde(default)]
    pub dmi: BTreeMap<String, String>,
    /// A link `eth0` whose other end has the metadata service and a DHCP server; without it only the loopback link.
    #[serde(default)]
    pub link: bool,
    /// A directory whose content is put into the root before the first boot, as an image's builder would.
    #[serde(default)]
    pub image: Option<String>,
    /// Debian packages that the image has beside those of every root.
    #[serde(default)]
    pub packages: Vec<String>,
    /// Directories of a container whose root is otherwise read-only; each has a layer of its own over it, as a transactional
    /// system mounts them.
    #[serde(default)]
    pub writable: Vec<String>,
    /// Words for the kernel's command line; a container sees them as those of its first process.
    #[serde(default)]
    pub arguments: Vec<String>,
    /// OEM strings (SMBIOS type 11) of a QEMU machine.
    #[serde(default)]
    pub oem_strings: Vec<String>,
    /// Files of a QEMU machine's fw_cfg by name; their content is in the scenario's directory.
    #[serde(default)]
    pub fw_cfg: BTreeMap<String, PathBuf>,
    /// Disks of a QEMU machine.
    #[serde(default)]
    pub disk: Disk,
    /// Hardware addresses of further links of a QEMU machine, each on a cable of its own.
    #[serde(default)]
    pub links: Vec<String>,
    /// The hardware address of a link that a QEMU machine gets once a probe has written `plug` to its serial line.
    #[serde(default)]
    pub plugged: Option<String>,
    /// The boots, in order.
    pub boots: Vec<Boot>,
}

/// The disks of a QEMU machine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disk {
    /// A directory that becomes the ISO file system of a second disk.
    #[serde(default)]
    pub iso: Option<Volume>,
    /// A directory that becomes an ISO file system on the last partition of the root's disk.
    #[serde(default)]
    pub last_partition: Option<Volume>,
    /// The sizes of empty disks behind the others, in MiB.
    #[serde(default)]
    pub empty: Vec<u64>,
}

/// An ISO file system.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Volume {
    /// Its label.
    pub label: String,
    /// The directory, inside the scenario's, with its content.
    pub content: String,
}

/// Which package is in the root at a boot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Package {
    /// What `--subject` names.
    #[default]
    Subject,
    /// Debian's.
    Original,
}

/// One boot.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Boot {
    /// Which package is installed. A change between boots is an upgrade of the running root.
    #[serde(default)]
    pub package: Package,
    /// A directory that replaces the NoCloud seed directory; absent means that the seed stays.
    #[serde(default)]
    pub seed: Option<String>,
    /// The metadata service at 169.254.169.254; absent means that nothing answers there.
    #[serde(default)]
    pub service: Option<Service>,
    /// What the machine then is.
    pub expect: Expect,
}

/// A metadata service.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// An EC2 instance's JSON document, or `example`.
    #[serde(default)]
    pub ec2: Option<String>,
    /// How the EC2 instance stands to session tokens, as `metadata-service --tokens` takes it.
    #[serde(default)]
    pub tokens: Option<String>,
    /// A file with the EC2 instance's user-data.
    #[serde(default)]
    pub user_data: Option<String>,
    /// A directory with an OpenStack server's documents.
    #[serde(default)]
    pub openstack: Option<String>,
    /// A directory whose paths are URLs.
    #[serde(default)]
    pub tree: Option<String>,
    /// Faults, as `metadata-service --fault` takes them.
    #[serde(default)]
    pub faults: Vec<String>,
}

/// What a machine is after a boot. A text may have `*` for anything inside a line.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// Exit code of `cloud-init status --wait`.
    #[serde(default)]
    pub exit: i32,
    /// JSON pointers into `cloud-init status --format json`.
    #[serde(default)]
    pub status: BTreeMap<String, Value>,
    /// JSON pointers into `/run/cloud-init/status.json`.
    #[serde(default)]
    pub status_file: BTreeMap<String, Value>,
    /// JSON pointers into `/run/cloud-init/result.json`.
    #[serde(default)]
    pub result_file: BTreeMap<String, Value>,
    /// The kernel's host name.
    #[serde(default)]
    pub hostname: Option<String>,
    /// Files by path.
    #[serde(default)]
    pub files: BTreeMap<String, File>,
    /// Accounts by name.
    #[serde(default)]
    pub accounts: BTreeMap<String, Account>,
    /// Groups by name with members that they have at least.
    #[serde(default)]
    pub groups: BTreeMap<String, Vec<String>>,
    /// Host keys of the SSH server.
    #[serde(default)]
    pub host_keys: Option<HostKeys>,
    /// Addresses with prefix length by link.
    #[serde(default)]
    pub addresses: BTreeMap<String, Vec<String>>,
    /// Commands run in the machine, by name.
    #[serde(default)]
    pub probes: BTreeMap<String, Probe>,
    /// Requests that the metadata service saw.
    #[serde(default)]
    pub requests: Requests,
    /// Units that may fail; none by default.
    #[serde(default)]
    pub failed_units: Vec<String>,
}

/// A file, directory or link.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// It is not there.
    #[serde(default)]
    pub absent: bool,
    /// Four octal digits.
    #[serde(default)]
    pub mode: Option<String>,
    /// `user:group`.
    #[serde(default)]
    pub owner: Option<String>,
    /// `regular file`, `directory`, `symbolic link`.
    #[serde(default)]
    pub kind: Option<String>,
    /// Its whole content.
    #[serde(default)]
    pub content: Option<String>,
    /// Lines that it has.
    #[serde(default)]
    pub has: Vec<String>,
    /// Lines that it has not.
    #[serde(default)]
    pub lacks: Vec<String>,
}

/// An account.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// It is not there.
    #[serde(default)]
    pub absent: bool,
    /// Its number.
    #[serde(default)]
    pub uid: Option<u32>,
    /// Name of its primary group.
    #[serde(default)]
    pub group: Option<String>,
    /// Other groups it is in at least.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Full name and more.
    #[serde(default)]
    pub gecos: Option<String>,
    /// Home directory.
    #[serde(default)]
    pub home: Option<String>,
    /// Login shell.
    #[serde(default)]
    pub shell: Option<String>,
    /// `locked`, or the hash.
    #[serde(default)]
    pub password: Option<String>,
}

/// Host keys of the SSH server.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostKeys {
    /// Kinds of key, all of them, in order of name.
    pub types: Vec<String>,
    /// How all of them stand to those of the boot before (at the first boot: those of the image).
    pub compared: Compared,
}

/// How keys stand to earlier ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compared {
    /// All are the same.
    Kept,
    /// None is the same.
    Changed,
}

/// A command run in the machine.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// For `sh -c`, in one line.
    pub command: String,
    /// What it prints, without the last line's end.
    #[serde(default)]
    pub prints: Option<String>,
    /// Its exit code.
    #[serde(default)]
    pub exit: i32,
}

/// Requests that the metadata service saw, each as `METHOD PATH STATUS`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requests {
    /// There were such.
    #[serde(default)]
    pub has: Vec<String>,
    /// There were none such.
    #[serde(default)]
    pub lacks: Vec<String>,
}

impl Scenario {
    /// Reads one scenario's directory.
    pub fn read(directory: &Path) -> Result<Self, Error> {
        let path = directory.join("scenario.json");
        let text = std::fs::read(&path).map_err(file(path.display().to_string()))?;
        let mut scenario: Self =
            serde_json::from_slice(&text).map_err(|source| Error::Scenario { path, source })?;
        scenario.name =
            directory.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        directory.clone_into(&mut scenario.directory);
        Ok(scenario)
    }

    /// Whether a container looks like a virtual machine with firmware of its own.
    pub fn is_faked(&self) -> bool {
        self.cloud.is_some() || !self.dmi.is_empty()
    }

    /// Reads the scenario of a name: that of a directory, or of a row of the clouds.
    pub fn named(directory: &Path, name: &str) -> Result<Self, Error> {
        let found = cloud::scenarios()?.into_iter().find(|scenario| scenario.name == name);
        found.map_or_else(|| Self::read(&directory.join(name)), Ok)
    }

    /// Reads all scenarios, in order of name: those of the directories, then the clouds.
    pub fn read_all(directory: &Path) -> Result<Vec<Self>, Error> {
        let entries = std::fs::read_dir(directory).map_err(file(directory.display().to_string()))?;
        let mut paths = Vec::new();
        for entry in entries {
            let path = entry.map_err(file(directory.display().to_string()))?.path();
            if path.join("scenario.json").exists() {
                paths.push(path);
            }
        }
        paths.sort();
        let mut scenarios = paths.iter().map(|path| Self::read(path)).collect::<Result<Vec<_>, _>>()?;
        scenarios.extend(cloud::scenarios()?);
        Ok(scenarios)
    }

    /// What the reporter is asked besides what it always tells: paths and probes of all boots.
    pub fn questions(&self) -> String {
        let mut lines = vec!["path /run/cloud-init/status.json /run/cloud-init/result.json".to_owned()];
        for boot in &self.boots {
            lines.extend(boot.expect.files.keys().map(|path| format!("path {path}")));
            let probes = boot.expect.probes.iter();
            lines.extend(probes.map(|(name, probe)| format!("probe {name} {}", probe.command)));
        }
        lines.dedup();
        lines.join("\n") + "\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_reads_and_names_what_exists() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
        let scenarios = Scenario::read_all(&directory).expect("readable");
        assert!(scenarios.len() >= 10, "{}", scenarios.len());
        for scenario in scenarios {
            let mut named: Vec<&str> = scenario.image.iter().map(String::as_str).collect();
            let volumes = [&scenario.disk.iso, &scenario.disk.last_partition];
            named.extend(
                volumes.iter().filter_map(|volume| volume.as_ref()).map(|volume| volume.content.as_str()),
            );
            for boot in &scenario.boots {
                named.extend(boot.seed.as_deref());
                let Some(service) = &boot.service else { continue };
                named.extend(
                    [&service.user_data, &service.openstack, &service.tree]
                        .into_iter()
                        .flatten()
                        .map(String::as_str),
                );
                named.extend(service.ec2.as_deref().filter(|name| *name != "example"));
            }
            for name in named {
                assert!(scenario.directory.join(name).exists(), "{}: {name}", scenario.name);
            }
        }
    }
}
