//! `lxd`: installs and initializes LXD.

mod bridge;
mod init;

use model::effects::Command;
use model::module::{Described, Listed, Report};
use model::{Context, DistroError, Frequency, Module, ModuleError, Node, Secret, Stage, Value};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::installers;
use crate::lenient::{Flag, Text};

/// Installs LXD, and initializes it and its bridge.
pub struct Lxd;

/// LXD: options of `lxd init` or a preseed, and the container bridge.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// The initialization of LXD: `init` and `bridge`, or `preseed`.
    #[schemars(with = "Option<Settings>")]
    pub lxd: Option<Node>,
}

impl Described for Lxd {
    const NAME: &'static str = "lxd";
    const STAGE: Stage = Stage::Final;
    const FREQUENCY: Frequency = Frequency::Instance;
    const DISTROS: &'static [&'static str] = &["ubuntu"];
    const KEYS: &'static [&'static str] = &["lxd"];
    const LISTED: Listed = Listed::On(&["debian", "ubuntu", "unknown"]);
    const TITLE: &'static str = "LXD";
    const SUMMARY: &'static str = "Installs and initializes LXD.";
    const DETAILS: &'static str = "Use either `init` and `bridge`, or `preseed`. LXD is installed as a snap if it is missing; the tools of the storage backends zfs, lvm and btrfs as packages.";
    type Config = Config;
}

impl Module for Lxd {
    fn run(&self, context: &Context<'_>, config: Config, report: &mut Report) -> Result<(), ModuleError> {
        let Some(section) = config.lxd.filter(Node::is_truthy) else {
            report.skip("lxd is not set");
            return Ok(());
        };
        if section.as_map().is_none() {
            let found = section.value.a_kind();
            return Err(invalid(&section, format!("lxd config must be a mapping, found {found}")));
        }
        crate::snaps::wait(context)?;
        let wanted = Wanted::of(&section)?;
        install(context)?;
        let packages = init::packages(context, &wanted, report);
        if !packages.is_empty() {
            match context.distro.packages().install(&packages) {
                Err(DistroError::Command(error)) => {
                    let names: Vec<&str> = packages.iter().map(|package| package.name.as_str()).collect();
                    report.warn(None, format!("failed to install packages {}: {error}", names.join(", ")));
                    return Ok(());
                }
                done => done?,
            }
        }
        installers::run_installed(context, &Command::line(["lxd", "waitready", "--timeout=300"]))?;
        if let Some(preseed) = wanted.preseed {
            let init = Command::line(["lxd", "init", "--preseed"]).stdin(preseed.as_bytes());
            installers::run_installed(context, &init)?;
            return Ok(());
        }
        if let Some(options) = wanted.init {
            init::run(context, options)?;
        }
        match wanted.bridge {
            Some(bridge) => bridge::set_up(context, bridge, wanted.init.is_some(), report),
            None => Ok(()),
        }
    }
}

/// The keys that are set and not empty.
struct Wanted<'a> {
    init: Option<&'a Node>,
    bridge: Option<&'a Node>,
    preseed: Option<&'a str>,
}

impl<'a> Wanted<'a> {
    fn of(section: &'a Node) -> Result<Self, ModuleError> {
        let mut errors = Vec::new();
        let mut checked = |key: &str, expected: &str, fits: fn(&Value) -> bool| {
            let node = section.get(key)?;
            if !fits(&node.value) {
                errors.push(format!("lxd.{key} config must be {expected}, found {}", node.value.a_kind()));
            }
            Some(node).filter(|node| node.is_truthy())
        };
        let is_map = |value: &Value| matches!(value, Value::Map(_));
        let init = checked("init", "a mapping", is_map);
        let bridge = checked("bridge", "a mapping", is_map);
        let preseed = checked("preseed", "a string", |value| matches!(value, Value::Str(_)));
        let beside: Vec<&str> = [("lxd.init", init), ("lxd.bridge", bridge)]
            .into_iter()
            .filter_map(|(name, node)| node.map(|_| name))
            .collect();
        if preseed.is_some() && !beside.is_empty() {
            errors.push(format!(
                "Unable to configure LXD. lxd.preseed config can not be provided with key(s): {}",
                beside.join(", ")
            ));
        }
        if errors.is_empty() {
            Ok(Self { init, bridge, preseed: preseed.and_then(Node::as_str) })
        } else {
            Err(invalid(section, errors.join(". ")))
        }
    }
}

fn invalid(node: &Node, message: String) -> ModuleError {
    ModuleError::Invalid { origin: node.origin.clone(), message }
}

/// Installs the snap, unless it is installed.
fn install(context: &Context<'_>) -> Result<(), ModuleError> {
    if context.system.commands.run(&Command::line(["snap", "list", "lxd"])).is_ok() {
        return Ok(());
    }
    let installed = installers::run_installed(context, &Command::line(["snap", "install", "lxd"]));
    match installed {
        Ok(_) => Ok(()),
        Err(error) => Err(ModuleError::Failed(format!("Failed to install lxd from snap: {error}"))),
    }
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
    /// Enable NAT for IPv4. Default: true.
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
