//! Who this machine is: what a data source found, as plain data that is cached on disk.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::NetworkConfig;
use crate::update::Hotplug;

/// The name of one life of a machine. A new one means a first boot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InstanceId(String);

impl InstanceId {
    /// What the original falls back to when a source knows no id.
    pub const DATASOURCE_NONE: &'static str = "iid-datasource-none";

    /// An id as the source spelled it.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// As the source spelled it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of its directory below instances/: `/` becomes `_`.
    pub fn directory(&self) -> String {
        self.0.replace('/', "_")
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
    /// User-data holds passwords: only its length is shown.
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

/// Vendor-data as a source gives it: one piece, or a list of pieces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum VendorData {
    /// Handled like user-data.
    One(Bytes),
    /// Each handled like user-data.
    Many(Vec<Bytes>),
}

/// When a found source configures the machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DsMode {
    /// In the local stage, network config included; user-data waits for the network stage.
    #[default]
    Net,
    /// Everything in the local stage.
    Local,
    /// Do not use this source in this stage.
    Pass,
    /// Disabled by its metadata.
    Disabled,
}

/// What a data source found. The cache on disk is this document.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Instance {
    /// The source's name in `datasource_list` (`OpenStack`).
    pub source: String,
    /// The class the original would name in `instance/datasource` (`DataSourceOpenStackLocal`).
    pub class: String,
    /// What follows the class there (`[net,ver=2]`, `[seed=/dev/sr0]`), empty where there is nothing.
    pub detail: String,
    /// `cloud_name` (`openstack`).
    pub cloud_name: String,
    /// `platform` in the standard keys (`openstack`).
    pub platform: String,
    /// `subplatform` (`metadata (http://169.254.169.254)`).
    pub subplatform: String,
    /// The instance-id.
    pub instance_id: InstanceId,
    /// The metadata, as the source normalises it. Holds `local-hostname`, `public-keys`, … where known.
    pub metadata: serde_json::Value,
    /// Everything else that the source saw, for instance-data's `ds` (`ec2_metadata`, `network_json`, …).
    pub extra: serde_json::Map<String, serde_json::Value>,
    /// Names in `extra` and in the metadata that ordinary users must not see.
    pub sensitive: Vec<String>,
    /// User-data as it came.
    pub user_data: Option<Bytes>,
    /// Vendor-data as it came.
    pub vendor_data: Option<VendorData>,
    /// The second vendor-data.
    pub vendor_data2: Option<VendorData>,
    /// The network's description, where the source has one.
    pub network: Option<NetworkConfig>,
    /// The host name and, where the source knows it, with its domain.
    pub hostname: Option<String>,
    /// Keys for the default user.
    pub public_keys: Vec<String>,
    /// Availability zone.
    pub availability_zone: Option<String>,
    /// Region.
    pub region: Option<String>,
    /// For the filter by `Launch-Index`.
    pub launch_index: Option<i64>,
    /// When it configures the machine.
    pub dsmode: DsMode,
    /// Configuration that the source itself brings, below vendor-data.
    pub config: Option<serde_json::Value>,
    /// Update events at which the network is configured anew by default (`boot`, `boot-new-instance`, `hotplug`).
    pub network_events: Vec<String>,
    /// How links are dealt with that appear while the machine runs.
    pub hotplug: Hotplug,
}

impl fmt::Debug for Instance {
    /// Who it is; metadata and data hold passwords and keys, and are not shown.
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
