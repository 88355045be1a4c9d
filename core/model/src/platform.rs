//! What can be seen of a machine without asking any network: the evidence for detection.

use std::path::Path;

use crate::effects::{BlockDevice, ReadFiles, System};
use crate::{Node, Paths};

/// The machine as detection sees it. Serves ds-identify, the generator and the stages alike.
pub struct Platform<'a> {
    /// The machine's effects; identification only reads files and devices.
    pub system: &'a System,
    /// Where seeds are.
    pub paths: &'a Paths,
    /// The merged system configuration, for `datasource.<Name>`.
    pub config: &'a Node,
    /// The kernel command line (`/proc/cmdline`, or `/proc/1/cmdline` in a container).
    pub cmdline: String,
    /// Block devices with their labels; empty in a container.
    pub devices: Vec<BlockDevice>,
    /// What `systemd-detect-virt` or its files say (`kvm`, `lxc`, `none`), empty where unknown.
    pub virtualization: String,
    /// Whether this is a container.
    pub container: bool,
}

impl Platform<'_> {
    /// The machine's files.
    pub fn files(&self) -> &dyn ReadFiles {
        self.system.files.as_ref()
    }

    /// A DMI value by its file's name (`product_name`, `sys_vendor`, `chassis_asset_tag`), trimmed; `None` where
    /// there is none or it holds only 0xff.
    pub fn dmi(&self, name: &str) -> Option<String> {
        if self.container {
            return None;
        }
        let path = Path::new("/sys/class/dmi/id").join(name);
        let bytes = self.files().read(&path).ok()?;
        let text: String = String::from_utf8_lossy(&bytes).trim().to_owned();
        let blank = bytes.iter().all(|byte| matches!(byte, 0xff | b'\n' | b' ' | 0));
        (!text.is_empty() && !blank).then_some(text)
    }

    /// The value of the last `KEY=` word of the kernel command line.
    pub fn cmdline_value(&self, key: &str) -> Option<&str> {
        self.cmdline.split_ascii_whitespace().rev().find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
    }

    /// The configuration of a source: `datasource.<Name>`.
    pub fn source_config(&self, name: &str) -> Option<&Node> {
        self.config.at(&["datasource", name])
    }

    /// Devices whose label equals one of these, in any case.
    pub fn labelled<'s>(&'s self, labels: &'s [&str]) -> impl Iterator<Item = &'s BlockDevice> {
        self.devices.iter().filter(move |device| {
            device
                .label
                .as_deref()
                .is_some_and(|found| labels.iter().any(|label| found.eq_ignore_ascii_case(label)))
        })
    }
}
