//! Translates the device names of people and clouds to those of the machine.

use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use model::Context;

use crate::block::{canonical, cloud_device};
use crate::lenient::Text;

/// Translates names.
pub(super) struct Names<'a> {
    context: &'a Context<'a>,
    aliases: Option<&'a IndexMap<String, Text>>,
}

impl<'a> Names<'a> {
    pub(super) fn new(context: &'a Context<'a>, aliases: Option<&'a IndexMap<String, Text>>) -> Self {
        Self { context, aliases }
    }

    fn exists(&self, path: &str) -> bool {
        self.context.system.files.exists(Path::new(path))
    }

    /// The device that a name stands for; `None` if there is no such block device. Names of remote devices
    /// (`server:/path`) are returned unchanged.
    pub(super) fn real(&self, start: &str) -> Option<String> {
        if is_network(start) {
            return Some(start.to_owned());
        }
        let name = if start == "ephemeral" { "ephemeral0" } else { start };
        let (name, number) = match name.rsplit_once('.') {
            Some((name, number)) => (name, Some(number)),
            None => (name, None),
        };
        let name = self.aliases.and_then(|aliases| aliases.get(name)).map_or(name, |alias| alias.0.as_str());
        let device = if is_cloud_name(name) {
            let device = cloud_device(self.context, name)?;
            if device.starts_with('/') { device } else { format!("/dev/{device}") }
        } else if is_short(start) {
            format!("/dev/{name}")
        } else {
            name.to_owned()
        };
        let partition = self.partition(&device, number.unwrap_or("1"));
        if number.is_some() && partition.is_none() {
            return None;
        }
        self.is_block(&device, partition.as_deref()).then(|| partition.unwrap_or(device))
    }

    fn partition(&self, device: &str, number: &str) -> Option<String> {
        ["", "p", "-part"]
            .into_iter()
            .map(|between| format!("{device}{between}{number}"))
            .find(|path| self.exists(path))
    }

    fn is_block(&self, device: &str, partition: Option<&str>) -> bool {
        let name = |path: &str| {
            let real = canonical(self.context.system.files.as_ref(), Path::new(path));
            real.file_name().map(std::ffi::OsStr::to_owned).unwrap_or_default()
        };
        let mut sys = PathBuf::from("/sys/block").join(name(device));
        if let Some(partition) = partition {
            sys.push(name(partition));
        }
        self.context.system.files.exists(&sys)
    }
}

fn is_network(name: &str) -> bool {
    name.find(':').is_some_and(|at| at > 0)
}

/// Whether only the metadata can resolve a name.
fn is_cloud_name(name: &str) -> bool {
    matches!(name, "ami" | "root" | "swap")
        || ["ephemeral", "ebs"].iter().any(|start| name.starts_with(start))
}

/// Matches `sda`, `xvdb1`, `vdc`, `sr0`: a device without its directory.
fn is_short(name: &str) -> bool {
    if let Some(number) = name.strip_prefix("sr") {
        return !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    }
    let mut letters = name.strip_prefix('x').unwrap_or(name).bytes();
    let disk = letters.next().is_some_and(|kind| b"shv".contains(&kind))
        && letters.next() == Some(b'd')
        && letters.next().is_some_and(|letter| letter.is_ascii_lowercase());
    disk && letters.all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_network_names() {
        for name in ["sda", "sda1", "xvda", "hda", "vdd12", "sr0"] {
            assert!(is_short(name), "{name}");
        }
        for name in ["sd", "sdaa", "nvme0n1", "sr", "/dev/sda", "xsr0", "sda.1"] {
            assert!(!is_short(name), "{name}");
        }
        assert!(is_network("server:/export") && !is_network(":/x") && !is_network("/dev/sda"));
    }
}
