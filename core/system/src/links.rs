//! Network devices from /sys/class/net, and netlink for everything else.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use model::effects::{Address, Link, LinkChanges, LinkError, LinkEvent, LinkEvents, Links, ReadFiles, Route};

use crate::netlink::{self, Changes, Events, Group, Netlink};
use crate::overlay::{EffectKind, Recording};

const NET: &str = "/sys/class/net";
/// VIRTIO_NET_F_STANDBY in linux/virtio_net.h, bit 62 of the device's `features` in /sys: this device is the standby of
/// another one with the same address.
const STANDBY_BIT: usize = 62;

/// Network devices in a root's /sys.
pub(crate) struct SysLinks {
    files: Arc<dyn ReadFiles>,
    /// Where a plan records waits: the kernel is not involved then.
    planned: Option<Recording>,
    /// The last list: each device costs dozens of system calls.
    listed: Mutex<Option<Listed>>,
}

/// A list of devices, which is right until the kernel reports a change.
struct Listed {
    changes: Changes,
    links: Option<Vec<Link>>,
}

impl SysLinks {
    /// The devices of the machine that this program runs on.
    pub(crate) fn of_kernel(files: Arc<dyn ReadFiles>) -> Self {
        Self { files, planned: None, listed: Mutex::default() }
    }

    /// Devices known only from a root's files.
    pub(crate) fn of_root(files: Arc<dyn ReadFiles>, recording: Recording) -> Self {
        Self { files, planned: Some(recording), listed: Mutex::default() }
    }

    /// Calls the kernel; without one, there is nothing and nothing happens.
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

    /// Calls the kernel for a device.
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

    /// The last component of the target of a link in /sys.
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
            index: text("ifindex").and_then(|index| index.parse().ok()).unwrap_or(0),
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

/// The data in /sys about a device.
pub(crate) fn attribute(files: &dyn ReadFiles, link: &str, name: &str) -> Option<String> {
    files.text(&Path::new(NET).join(link).join(name)).map(|text| text.trim().to_owned())
}

fn wrong(what: &str) -> impl FnOnce(std::io::Error) -> LinkError + '_ {
    move |source| LinkError::Kernel { what: what.to_owned(), source }
}

/// Changes of devices.
struct Watched(Changes);

impl LinkChanges for Watched {
    fn wait(&mut self, limit: Duration) -> Result<bool, LinkError> {
        self.0.next(Instant::now() + limit).map_err(wrong("waiting for links"))
    }
}

/// An implementation without changes.
struct Still;

impl LinkChanges for Still {
    fn wait(&mut self, _limit: Duration) -> Result<bool, LinkError> {
        Ok(false)
    }
}

/// Events of devices.
struct Heard(Events);

impl LinkEvents for Heard {
    fn next(&mut self, limit: Duration) -> Result<Option<LinkEvent>, LinkError> {
        self.0.next(Instant::now() + limit).map_err(wrong("waiting for links"))
    }
}

/// A plan's implementation: the wait is recorded and ends immediately.
struct Noted(Recording);

impl LinkEvents for Noted {
    fn next(&mut self, _limit: Duration) -> Result<Option<LinkEvent>, LinkError> {
        self.0.push(EffectKind::AwaitLinks);
        Ok(None)
    }
}

impl Listed {
    /// The list, if nothing has changed since.
    fn current(&mut self) -> Option<Vec<Link>> {
        match self.changes.next(Instant::now()) {
            Ok(false) => self.links.clone(),
            Ok(true) | Err(_) => None,
        }
    }
}

impl SysLinks {
    fn list(&self) -> Result<Vec<Link>, LinkError> {
        if !self.files.is_dir(Path::new(NET)) {
            return Ok(Vec::new());
        }
        let names = self.files.list(Path::new(NET))?;
        // `bonding_masters` is a regular file in the directory.
        let is_link = |name: &String| self.files.is_dir(&Path::new(NET).join(name));
        Ok(names.iter().filter(|name| is_link(name)).map(|name| self.link(name)).collect())
    }
}

impl Links for SysLinks {
    fn links(&self) -> Result<Vec<Link>, LinkError> {
        if self.planned.is_some() {
            return self.list();
        }
        let mut listed = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
        if listed.is_none() {
            // Before the list is made, so that a change meanwhile is heard.
            *listed = Changes::listen(&[Group::Link]).ok().map(|changes| Listed { changes, links: None });
        }
        // Without the kernel's reports, a list is only right at once.
        let Some(listed) = listed.as_mut() else { return self.list() };
        if let Some(links) = listed.current() {
            return Ok(links);
        }
        let links = self.list()?;
        listed.links = Some(links.clone());
        Ok(links)
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

#[cfg(test)]
mod tests;
