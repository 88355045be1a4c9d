//! `lxd`: installs and initializes LXD.

use model::module::{Described, Listed};
use model::{Frequency, Secret, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Text};

/// The module; what it is for is in its [`Described::SUMMARY`].
pub struct Lxd;

/// LXD: options of `lxd init` or a preseed, and the container bridge.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// The initialization of LXD: `init` and `bridge`, or `preseed`.
    pub lxd: Option<Settings>,
}

impl Described for Lxd {
    const NAME: &'static str = "lxd";
    const STAGE: Stage = Stage::Final;
    const FREQUENCY: Frequency = Frequency::Instance;
    const DISTROS: &'static [&'static str] = &["ubuntu"];
    const KEYS: &'static [&'static str] = &["lxd"];
    const LISTED: Listed = Listed::On(&["debian", "ubuntu"]);
    const TITLE: &'static str = "LXD";
    const SUMMARY: &'static str = "Installs and initializes LXD.";
    const DETAILS: &'static str = "Use either `init` and `bridge`, or `preseed`.";
    type Config = Config;
}

/// `lxd`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields, extend("minProperties" = 1))]
pub struct Settings {
    /// Options for `lxd init --auto`.
    pub init: Option<Init>,
    /// The container bridge.
    pub bridge: Option<Bridge>,
    /// YAML for `lxd init --preseed`, instead of `init` and `bridge`.
    pub preseed: Option<Text>,
}

/// `lxd.init`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Init {
    /// The address to listen on. Default: none.
    pub network_address: Option<Text>,
    /// The port to listen on.
    pub network_port: Option<i64>,
    /// The storage backend: zfs, dir, lvm or btrfs. Default: dir.
    #[schemars(extend("enum" = ["zfs", "dir", "lvm", "btrfs"], "default" = "dir"))]
    pub storage_backend: Option<Text>,
    /// The device for the storage pool.
    pub storage_create_device: Option<Text>,
    /// The size of a loop file for the storage pool, in GB.
    pub storage_create_loop: Option<i64>,
    /// The name of the storage pool.
    pub storage_pool: Option<Text>,
    /// The password for adding clients.
    pub trust_password: Option<Secret<Text>>,
}

/// `lxd.bridge`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Bridge {
    /// `new` to create a bridge, `existing` to use one, `none` for no bridge.
    #[schemars(extend("enum" = ["none", "existing", "new"]))]
    pub mode: Text,
    /// Its name. Default: lxdbr0.
    #[schemars(extend("default" = "lxdbr0"))]
    pub name: Option<Text>,
    /// Its MTU in bytes; -1 for LXD's default. Default: -1.
    #[schemars(extend("default" = -1, "minimum" = -1))]
    pub mtu: Option<i64>,
    /// Its IPv4 address; requires `ipv4_netmask`.
    pub ipv4_address: Option<Text>,
    /// The prefix length of the IPv4 address.
    pub ipv4_netmask: Option<i64>,
    /// The first address of the DHCP range.
    pub ipv4_dhcp_first: Option<Text>,
    /// The last address of the DHCP range.
    pub ipv4_dhcp_last: Option<Text>,
    /// The number of DHCP leases. Default: the size of the range.
    pub ipv4_dhcp_leases: Option<i64>,
    /// Enable NAT for IPv4. Default: false.
    #[schemars(extend("default" = false))]
    pub ipv4_nat: Option<Flag>,
    /// Its IPv6 address; requires `ipv6_netmask`. Default: no IPv6.
    pub ipv6_address: Option<Text>,
    /// The prefix length of the IPv6 address.
    pub ipv6_netmask: Option<i64>,
    /// Enable NAT for IPv6. Default: false.
    #[schemars(extend("default" = false))]
    pub ipv6_nat: Option<Flag>,
    /// The DNS domain of the containers.
    pub domain: Option<Text>,
}
