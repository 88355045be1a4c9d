//! `lxd`: LXD is installed and initialised.

use model::module::{Described, Listed};
use model::{Frequency, Secret, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Text};

/// The module; what it is for is in its [`Described::SUMMARY`].
pub struct Lxd;

/// LXD: what `lxd init` is given, or a whole preseed, and the bridge of its containers.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// How LXD is initialised: `init` and `bridge`, or `preseed`.
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
    const SUMMARY: &'static str = "Installs LXD and initialises it.";
    const DETAILS: &'static str = "Either from `init` and `bridge`, or from a preseed.";
    type Config = Config;
}

/// `lxd`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields, extend("minProperties" = 1))]
pub struct Settings {
    /// Options of `lxd init --auto`.
    pub init: Option<Init>,
    /// The bridge of the containers.
    pub bridge: Option<Bridge>,
    /// YAML for `lxd init --preseed`, in the place of `init` and `bridge`.
    pub preseed: Option<Text>,
}

/// `lxd.init`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Init {
    /// The address that LXD listens on. Default: none.
    pub network_address: Option<Text>,
    /// The port that it listens on.
    pub network_port: Option<i64>,
    /// How containers are stored: zfs, dir, lvm or btrfs. Default: dir.
    #[schemars(extend("enum" = ["zfs", "dir", "lvm", "btrfs"], "default" = "dir"))]
    pub storage_backend: Option<Text>,
    /// The device that they are stored on.
    pub storage_create_device: Option<Text>,
    /// Size in GB of a file that they are stored in.
    pub storage_create_loop: Option<i64>,
    /// The name of the pool.
    pub storage_pool: Option<Text>,
    /// The password with which clients are added.
    pub trust_password: Option<Secret<Text>>,
}

/// `lxd.bridge`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Bridge {
    /// `new` to make one, `existing` for one that is there, `none` for no bridge.
    #[schemars(extend("enum" = ["none", "existing", "new"]))]
    pub mode: Text,
    /// Its name. Default: lxdbr0.
    #[schemars(extend("default" = "lxdbr0"))]
    pub name: Option<Text>,
    /// Its MTU in bytes; -1 for LXD's own. Default: -1.
    #[schemars(extend("default" = -1, "minimum" = -1))]
    pub mtu: Option<i64>,
    /// Its IPv4 address; needs `ipv4_netmask`.
    pub ipv4_address: Option<Text>,
    /// The length of the prefix, in bits.
    pub ipv4_netmask: Option<i64>,
    /// The first address that DHCP gives.
    pub ipv4_dhcp_first: Option<Text>,
    /// The last address that DHCP gives.
    pub ipv4_dhcp_last: Option<Text>,
    /// How many addresses it gives. Default: as many as lie between them.
    pub ipv4_dhcp_leases: Option<i64>,
    /// Translate addresses on the way out. Default: false.
    #[schemars(extend("default" = false))]
    pub ipv4_nat: Option<Flag>,
    /// Its IPv6 address; needs `ipv6_netmask`. Default: no IPv6.
    pub ipv6_address: Option<Text>,
    /// The length of the prefix, in bits.
    pub ipv6_netmask: Option<i64>,
    /// Translate addresses on the way out. Default: false.
    #[schemars(extend("default" = false))]
    pub ipv6_nat: Option<Flag>,
    /// The domain of the containers' names.
    pub domain: Option<Text>,
}
