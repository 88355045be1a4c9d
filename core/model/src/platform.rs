//! What is visible of a machine without using the network: the evidence for detection.

pub mod virtualization;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::effects::{BlockDevice, ReadFiles, System};
use crate::{Node, Paths};

/// The name that means no data source, in `datasource_list` and in instance data.
pub const LAST_RESORT: &str = "None";

/// The single name in `datasource_list`, apart from the fallback: such a source is accepted without detection.
pub fn only_source<'n>(names: &[&'n str]) -> Option<&'n str> {
    match names {
        [only] => Some(only),
        [only, last] if *last == LAST_RESORT => Some(only),
        _ => None,
    }
}

/// The machine as seen by detection. Used by ds-identify, the generator and the stages.
pub struct Platform<'a> {
    /// The machine's effects; detection only reads files and devices.
    pub system: &'a System,
    /// The seed directory.
    pub paths: &'a Paths,
    /// The merged system configuration, for `datasource.<Name>`.
    pub config: &'a Node,
    /// The kernel command line (`/proc/cmdline`, or `/proc/1/cmdline` in a container).
    pub cmdline: String,
    /// Block devices with their labels; empty in a container.
    pub devices: Vec<BlockDevice>,
    /// The virtualization, if it is known already; see [`Platform::virtualization`].
    pub known_virtualization: OnceLock<String>,
    /// Whether this is a container.
    pub container: bool,
    /// The DMI values that were read, since most sources ask for the same few.
    pub known_dmi: Mutex<BTreeMap<String, Option<String>>>,
}

impl<'a> Platform<'a> {
    /// A machine without kernel command line and block devices, whose virtualization is not known yet.
    pub fn new(system: &'a System, paths: &'a Paths, config: &'a Node) -> Self {
        Self {
            system,
            paths,
            config,
            cmdline: String::new(),
            devices: Vec::new(),
            known_virtualization: OnceLock::new(),
            container: false,
            known_dmi: Mutex::default(),
        }
    }

    /// The machine's files.
    pub fn files(&self) -> &dyn ReadFiles {
        self.system.files.as_ref()
    }

    /// The virtualization in the words of systemd-detect-virt(1) (`kvm`, `lxc`, `none`); empty if unknown. Without
    /// systemd's variable a program is asked, at most once.
    pub fn virtualization(&self) -> &str {
        self.known_virtualization.get_or_init(|| virtualization::found_out(self.system))
    }

    /// A DMI value by file name (`product_name`, `sys_vendor`, `chassis_asset_tag`), trimmed; `None` if it does not
    /// exist or contains only 0xff.
    pub fn dmi(&self, name: &str) -> Option<String> {
        if self.container {
            return None;
        }
        let mut known = self.known_dmi.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(name.to_owned()).or_insert_with(|| self.read_dmi(name)).clone()
    }

    fn read_dmi(&self, name: &str) -> Option<String> {
        let path = Path::new("/sys/class/dmi/id").join(name);
        let bytes = self.files().read(&path).ok()?;
        let text: String = String::from_utf8_lossy(&bytes).trim().to_owned();
        let blank = bytes.iter().all(|byte| matches!(byte, 0xff | b'\n' | b' ' | 0));
        (!text.is_empty() && !blank).then_some(text)
    }

    /// The value of the last `KEY=` word on the kernel command line.
    pub fn cmdline_value(&self, key: &str) -> Option<&str> {
        self.cmdline.split_ascii_whitespace().rev().find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
    }

    /// Whether the administrator selected a source: the first in `datasource_list` with nothing but a fallback (`None`)
    /// after it, or on the kernel command line (`ds=`, `ci.ds=`, `ci.datasource=`).
    pub fn is_named(&self, name: &str) -> bool {
        let words = ["ds", "ci.ds", "ci.datasource"];
        let on_cmdline = words
            .iter()
            .filter_map(|key| self.cmdline_value(key))
            .any(|value| value.split(';').next().is_some_and(|word| word.eq_ignore_ascii_case(name)));
        on_cmdline || only_source(&self.source_names()) == Some(name)
    }

    /// The names of `datasource_list`.
    pub fn source_names(&self) -> Vec<&str> {
        let list = self.config.get("datasource_list").and_then(Node::as_list).unwrap_or_default();
        list.iter().filter_map(Node::as_str).collect()
    }

    /// The configuration of a source: `datasource.<Name>`.
    pub fn source_config(&self, name: &str) -> Option<&Node> {
        self.config.at(&["datasource", name])
    }

    /// Devices with one of these labels. FAT only has upper case, so that most labels are listed in both forms.
    pub fn labelled<'s>(&'s self, labels: &'s [&str]) -> impl Iterator<Item = &'s BlockDevice> {
        self.devices
            .iter()
            .filter(move |device| device.label.as_deref().is_some_and(|found| labels.contains(&found)))
    }
}
