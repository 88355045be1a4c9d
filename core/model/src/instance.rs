//! The instance: the result of a data source, as plain data that is cached on disk.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::NetworkConfig;
use crate::update::Hotplug;

/// The longest name of a file, in bytes, on Linux's file systems.
const MAX_NAME: usize = 255;

/// The ID of an instance. A new one means a first boot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InstanceId(String);

impl InstanceId {
    /// Upstream's fallback for a source without an ID.
    pub const DATASOURCE_NONE: &'static str = "iid-datasource-none";

    /// Wraps an ID as the source spelled it.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// As the source spelled it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its directory name below instances/: `/` becomes `_`, like upstream. So does NUL, and each dot of a name that
    /// would be the directory itself or the one above. A name that is longer than a file name may be is cut, and ends
    /// in a hash of the whole.
    pub fn directory(&self) -> String {
        let mut name = self.0.replace(['/', '\0'], "_");
        match name.as_str() {
            "" => "_".clone_into(&mut name),
            "." | ".." => name = name.replace('.', "_"),
            _ => {}
        }
        if name.len() > MAX_NAME {
            // FNV-1a: the name must be the same in every release.
            let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
            });
            let end = (0..=MAX_NAME - 17).rev().find(|at| name.is_char_boundary(*at)).unwrap_or(0);
            name.truncate(end);
            name.push_str(&format!("-{hash:016x}"));
        }
        name
    }
}

impl fmt::Display for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Bytes that are base64 in JSON.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

impl fmt::Debug for Bytes {
    /// User-data contains passwords: only the size is shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map(Self).map_err(serde::de::Error::custom)
    }
}

/// Vendor-data from a source: a single document, or a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum VendorData {
    /// Handled like user-data.
    One(Bytes),
    /// Each handled like user-data.
    Many(Vec<Bytes>),
}

/// When a source configures the machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DsMode {
    /// In the local stage, including the network; user-data waits for the network stage.
    #[default]
    Net,
    /// Completely in the local stage.
    Local,
    /// Do not use this source in this stage.
    Pass,
    /// Disabled by its metadata.
    Disabled,
}

/// The result of a data source. The cache on disk is this document.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Instance {
    /// The source's name in `datasource_list` (`OpenStack`).
    pub source: String,
    /// Upstream's class name in `instance/datasource` (`DataSourceOpenStackLocal`).
    pub class: String,
    /// The suffix of the class there (`[net,ver=2]`, `[seed=/dev/sr0]`), or empty.
    pub detail: String,
    /// `cloud_name` (`openstack`).
    pub cloud_name: String,
    /// `platform` in the standardized keys (`openstack`).
    pub platform: String,
    /// `subplatform` (`metadata (http://169.254.169.254)`).
    pub subplatform: String,
    /// The instance-id.
    pub instance_id: InstanceId,
    /// The metadata, normalized by the source. Contains `local-hostname`, `public-keys`, … if known.
    pub metadata: serde_json::Value,
    /// Other data of the source, for `ds` in the instance data (`ec2_metadata`, `network_json`, …).
    pub extra: serde_json::Map<String, serde_json::Value>,
    /// Whether instance data shows `extra` instead of the metadata, and not in addition.
    pub extra_only: bool,
    /// Names in `extra` and in the metadata that are hidden from ordinary users.
    pub sensitive: Vec<String>,
    /// Raw user-data.
    pub user_data: Option<Bytes>,
    /// Raw vendor-data.
    pub vendor_data: Option<VendorData>,
    /// The second vendor-data.
    pub vendor_data2: Option<VendorData>,
    /// The network configuration, if the source has one.
    pub network: Option<NetworkConfig>,
    /// The host name, including its domain if the source knows it.
    pub hostname: Option<String>,
    /// Whether the host name is used as it is, even if it contains dots.
    pub hostname_is_complete: bool,
    /// SSH keys for the default user.
    pub public_keys: Vec<String>,
    /// Availability zone.
    pub availability_zone: Option<String>,
    /// Region.
    pub region: Option<String>,
    /// The launch index, for parts with `Launch-Index`.
    pub launch_index: Option<i64>,
    /// When it configures the machine.
    pub dsmode: DsMode,
    /// Configuration from the source, below vendor-data.
    pub config: Option<serde_json::Value>,
    /// The default update events for the network (`boot`, `boot-new-instance`, `hotplug`).
    pub network_events: Vec<String>,
    /// How hot-plugged network devices are handled.
    pub hotplug: Hotplug,
    /// What the source's own hooks need later (a hash of credentials, addresses to announce); not part of instance data.
    pub own: serde_json::Map<String, serde_json::Value>,
    /// The network device that reached the source, which the fallback configuration then uses.
    pub reached_over: Option<String>,
    /// Devices by the source's names (`ephemeral0`), for `disk_setup` and `mounts`.
    pub disk_aliases: serde_json::Map<String, serde_json::Value>,
}

impl fmt::Debug for Instance {
    /// Shows the identity only; metadata and data contain passwords and keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instance")
            .field("source", &self.source)
            .field("class", &self.class)
            .field("instance_id", &self.instance_id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_with_a_slash_is_one_directory() {
        assert_eq!(InstanceId::new("i/../x").directory(), "i_.._x");
    }

    #[test]
    fn a_directory_is_always_one_below_instances() {
        for (id, expected) in
            [("", "_"), (".", "_"), ("..", "__"), ("...", "..."), ("a\0b", "a_b"), ("../..", ".._..")]
        {
            assert_eq!(InstanceId::new(id).directory(), expected, "{id:?}");
        }
        let long = |last: char| InstanceId::new(format!("{}{last}", "ü".repeat(300))).directory();
        assert!(long('a').len() <= 255 && long('a').starts_with("üü"), "{}", long('a'));
        assert_ne!(long('a'), long('b'));
        assert_eq!(InstanceId::new("x".repeat(255)).directory(), "x".repeat(255));
    }

    #[test]
    fn no_content_is_shown() {
        let instance = Instance {
            source: "NoCloud".into(),
            metadata: serde_json::json!({"admin_pass": "hunter2"}),
            config: Some(serde_json::json!({"password": "hunter2"})),
            ..Instance::default()
        };
        let shown = format!("{instance:?}");
        assert!(shown.contains("NoCloud") && !shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn the_cache_reads_back() {
        let instance = Instance {
            source: "NoCloud".into(),
            user_data: Some(Bytes(vec![0, 255, 10])),
            vendor_data: Some(VendorData::Many(vec![Bytes(b"a".to_vec())])),
            ..Instance::default()
        };
        let text = serde_json::to_string(&instance).expect("plain data");
        assert!(text.contains(r#""user_data":"AP8K""#), "{text}");
        assert_eq!(serde_json::from_str::<Instance>(&text).expect("what was written"), instance);
    }
}
