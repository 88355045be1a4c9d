//! Network links as the kernel shows them in /sys/class/net, and netlink for what is not there.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use model::effects::{
    Address, FileKind, Link, LinkChanges, LinkError, LinkEvent, LinkEvents, Links, ReadFiles, Route,
};

use crate::netlink::{self, Changes, Events, Group, Netlink};
use crate::overlay::{EffectKind, Recording};

const NET: &str = "/sys/class/net";
/// VIRTIO_NET_F_STANDBY of linux/virtio_net.h, bit 62 of the device's `features` in /sys: this link is the standby of
/// another with the same address.
const STANDBY_BIT: usize = 62;

/// Links from a root's /sys.
pub(crate) struct SysLinks {
    files: Arc<dyn ReadFiles>,
    /// Where a plan notes what it would have waited for: the kernel is neither asked nor told then.
    planned: Option<Recording>,
}

impl SysLinks {
    /// The links of the machine that this program runs on.
    pub(crate) fn of_kernel(files: Arc<dyn ReadFiles>) -> Self {
        Self { files, planned: None }
    }

    /// Links that only a root's files show.
    pub(crate) fn of_root(files: Arc<dyn ReadFiles>, recording: Recording) -> Self {
        Self { files, planned: Some(recording) }
    }

    /// Has the kernel do something; without one nothing is there and nothing happens.
    fn ask<T: Default>(
        &self,
        what: &str,
        question: impl FnOnce(&mut Netlink) -> std::io::Result<T>,
    ) -> Result<T, LinkError> {
        if self.planned.is_some() {
            return Ok(T::default());
        }
        Netlink::open().and_then(|mut netlink| question(&mut netlink)).map_err(wrong(what))
    }

    /// Has the kernel do something with a link.
    fn ask_of<T: Default>(
        &self,
        link: &str,
        question: impl FnOnce(&mut Netlink, u32) -> std::io::Result<T>,
    ) -> Result<T, LinkError> {
        self.ask(link, |netlink| {
            let index = netlink.index(link)?;
            question(netlink, index)
        })
    }

    fn attribute(&self, link: &str, name: &str) -> Option<String> {
        attribute(self.files.as_ref(), link, name)
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
}

/// What /sys says of a link under a name.
pub(crate) fn attribute(files: &dyn ReadFiles, link: &str, name: &str) -> Option<String> {
    files.text(&Path::new(NET).join(link).join(name)).map(|text| text.trim().to_owned())
}

fn wrong(what: &str) -> impl FnOnce(std::io::Error) -> LinkError + '_ {
    move |source| LinkError::Kernel { what: what.to_owned(), source }
}

/// Changes of links.
struct Watched(Changes);

impl LinkChanges for Watched {
    fn wait(&mut self, limit: Duration) -> Result<bool, LinkError> {
        self.0.next(Instant::now() + limit).map_err(wrong("waiting for links"))
    }
}

/// Where nothing changes.
struct Still;

impl LinkChanges for Still {
    fn wait(&mut self, _limit: Duration) -> Result<bool, LinkError> {
        Ok(false)
    }
}

/// Events of links.
struct Heard(Events);

impl LinkEvents for Heard {
    fn next(&mut self, limit: Duration) -> Result<Option<LinkEvent>, LinkError> {
        self.0.next(Instant::now() + limit).map_err(wrong("waiting for links"))
    }
}

/// A plan's: the wait is noted, and over.
struct Noted(Recording);

impl LinkEvents for Noted {
    fn next(&mut self, _limit: Duration) -> Result<Option<LinkEvent>, LinkError> {
        self.0.push(EffectKind::AwaitLinks);
        Ok(None)
    }
}

impl Links for SysLinks {
    fn links(&self) -> Result<Vec<Link>, LinkError> {
        if !self.files.is_dir(Path::new(NET)) {
            return Ok(Vec::new());
        }
        let names = self.files.list(Path::new(NET))?;
        // `bonding_masters` is a plain file among the links.
        let is_link = |name: &String| self.files.is_dir(&Path::new(NET).join(name));
        Ok(names.iter().filter(|name| is_link(name)).map(|name| self.link(name)).collect())
    }

    fn addresses(&self, link: &str) -> Result<Vec<Address>, LinkError> {
        self.ask_of(link, Netlink::addresses)
    }

    fn routes(&self) -> Result<Vec<Route>, LinkError> {
        self.ask("routes", Netlink::routes)
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), LinkError> {
        self.ask_of(from, |netlink, index| netlink.ask(&netlink::link::rename(index, to)))
    }

    fn set_up(&self, link: &str, up: bool) -> Result<(), LinkError> {
        self.ask_of(link, |netlink, index| netlink.ask(&netlink::link::set_up(index, up)))
    }

    fn watch(&self) -> Result<Box<dyn LinkChanges>, LinkError> {
        if self.planned.is_some() {
            return Ok(Box::new(Still));
        }
        let changes = Changes::listen(&[Group::Link]).map_err(wrong("waiting for links"))?;
        Ok(Box::new(Watched(changes)))
    }

    fn events(&self) -> Result<Box<dyn LinkEvents>, LinkError> {
        Ok(match &self.planned {
            Some(recording) => Box::new(Noted(recording.clone())),
            None => Box::new(Heard(Events::listen().map_err(wrong("waiting for links"))?)),
        })
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
