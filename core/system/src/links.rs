//! Network links as the kernel shows them in /sys/class/net, and iproute2 for what is not there.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::effects::{Address, Command, Commands, FileKind, Link, LinkError, Links, ReadFiles, Route};
use serde::Deserialize;

const NET: &str = "/sys/class/net";
/// Bit 62 of `device_features`: NETIF_F_... standby of a failover device (linux/net_failover).
const STANDBY_BIT: usize = 62;

/// Links from a root's /sys.
pub(crate) struct SysLinks {
    files: Arc<dyn ReadFiles>,
    commands: Arc<dyn Commands>,
}

impl SysLinks {
    pub(crate) fn new(files: Arc<dyn ReadFiles>, commands: Arc<dyn Commands>) -> Self {
        Self { files, commands }
    }

    fn attribute(&self, link: &str, name: &str) -> Option<String> {
        self.files.text(&Path::new(NET).join(link).join(name)).map(|text| text.trim().to_owned())
    }

    fn has(&self, link: &str, name: &str) -> bool {
        self.files.exists(&Path::new(NET).join(link).join(name))
    }

    /// The last component of what a link of /sys points to.
    fn points_to(&self, link: &str, name: &str) -> Option<String> {
        let target = self.files.read_link(&Path::new(NET).join(link).join(name)).ok()?;
        target.file_name().map(|name| name.to_string_lossy().into_owned())
    }

    fn link(&self, name: &str) -> Link {
        let text = |attribute: &str| self.attribute(name, attribute);
        let uevent = text("uevent").unwrap_or_default();
        let device_type = uevent.lines().find_map(|line| line.strip_prefix("DEVTYPE=")).map(str::to_owned);
        let features = text("device/features").unwrap_or_default();
        Link {
            name: name.to_owned(),
            mac: text("address").unwrap_or_default().to_ascii_lowercase(),
            permanent_mac: self
                .attribute(name, "bonding_slave/perm_hwaddr")
                .map(|mac| mac.to_ascii_lowercase())
                .filter(|mac| !mac.is_empty()),
            operstate: text("operstate").unwrap_or_default(),
            carrier: text("carrier").map(|carrier| carrier == "1"),
            address_assigned: text("addr_assign_type").and_then(|kind| kind.parse().ok()),
            hardware_type: text("type").and_then(|kind| kind.parse().ok()).unwrap_or(0),
            driver: self.points_to(name, "device/driver"),
            device_id: text("device/device"),
            physical: self.has(name, "device"),
            bridge: self.has(name, "bridge"),
            bond: self.has(name, "bonding"),
            vlan: device_type.as_deref() == Some("vlan"),
            device_type,
            master: self.points_to(name, "master"),
            failover_standby: features.as_bytes().get(STANDBY_BIT) == Some(&b'1') && self.has(name, "master"),
            name_assigned: text("name_assign_type").and_then(|kind| kind.parse().ok()),
            mtu: text("mtu").and_then(|mtu| mtu.parse().ok()),
            dev_id: text("dev_id"),
        }
    }

    fn ip(&self, arguments: &[&str]) -> Result<String, LinkError> {
        let command = Command::new("ip").args(arguments.iter().copied());
        self.commands.run(&command).map(|output| output.text()).map_err(|error| LinkError(error.to_string()))
    }
}

#[derive(Deserialize)]
struct IpLink {
    #[serde(default)]
    addr_info: Vec<IpAddress>,
}

#[derive(Deserialize)]
struct IpAddress {
    local: Option<IpAddr>,
    #[serde(default)]
    prefixlen: u8,
    #[serde(default)]
    scope: String,
}

#[derive(Deserialize)]
struct IpRoute {
    dst: String,
    gateway: Option<IpAddr>,
    dev: Option<String>,
}

fn route(found: IpRoute, v6: bool) -> Option<Route> {
    let any: IpAddr = if v6 { "::" } else { "0.0.0.0" }.parse().ok()?;
    let (destination, prefix) = match found.dst.split_once('/') {
        _ if found.dst == "default" => (any, 0),
        Some((address, prefix)) => (address.parse().ok()?, prefix.parse().ok()?),
        None => (found.dst.parse().ok()?, if v6 { 128 } else { 32 }),
    };
    Some(Route { destination, prefix, gateway: found.gateway, interface: found.dev? })
}

impl Links for SysLinks {
    fn links(&self) -> Result<Vec<Link>, LinkError> {
        if !self.files.is_dir(Path::new(NET)) {
            return Ok(Vec::new());
        }
        let names = self.files.list(Path::new(NET)).map_err(|error| LinkError(error.to_string()))?;
        // `bonding_masters` is a plain file among the links.
        let is_link = |name: &String| self.files.is_dir(&Path::new(NET).join(name));
        Ok(names.iter().filter(|name| is_link(name)).map(|name| self.link(name)).collect())
    }

    fn addresses(&self, link: &str) -> Result<Vec<Address>, LinkError> {
        let text = self.ip(&["-j", "addr", "show", "dev", link])?;
        let links: Vec<IpLink> = serde_json::from_str(&text).map_err(|error| LinkError(error.to_string()))?;
        Ok(links
            .into_iter()
            .flat_map(|link| link.addr_info)
            .filter_map(|found| {
                Some(Address { address: found.local?, prefix: found.prefixlen, scope: found.scope })
            })
            .collect())
    }

    fn routes(&self) -> Result<Vec<Route>, LinkError> {
        let mut routes = Vec::new();
        for (family, v6) in [("-4", false), ("-6", true)] {
            let text = self.ip(&[family, "-j", "route", "show"])?;
            let found: Vec<IpRoute> =
                serde_json::from_str(&text).map_err(|error| LinkError(error.to_string()))?;
            routes.extend(found.into_iter().filter_map(|found| route(found, v6)));
        }
        Ok(routes)
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), LinkError> {
        self.ip(&["link", "set", from, "name", to]).map(drop)
    }
}

/// The first executable of that name along a search path.
pub(crate) fn find_program(files: &dyn ReadFiles, program: &str, search: &str) -> Option<PathBuf> {
    search.split(':').filter(|directory| directory.starts_with('/')).map(|directory| Path::new(directory).join(program)).find(
        |path| {
            matches!(files.stat(path), Ok(Some(found)) if found.kind == FileKind::File && found.mode & 0o111 != 0)
        },
    )
}
