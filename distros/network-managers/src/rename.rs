//! Waits for devices, and renames them.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use model::effects::{Address, Command};
use model::{DistroError, System};
use netconfig::links::{self, Filter};
use netconfig::rename::{Current, Step, plan};
use netconfig::{NetError, physical};

use crate::NetworkError;

/// How long to wait for a device before it counts as missing. Upstream runs `udevadm settle` five times, which returns
/// immediately if udev is idle.
const PATIENCE: Duration = Duration::from_secs(5);

/// Converts to the contract's error type.
pub(crate) fn invalid(error: NetError) -> DistroError {
    match error.origin().cloned() {
        // These messages already start with the place.
        Some(origin) => {
            let message = error.to_string();
            let message = message.strip_prefix(&format!("{origin}: ")).map_or(message.clone(), str::to_owned);
            DistroError::Invalid { origin, message }
        }
        None => NetworkError::from(error).into(),
    }
}

/// Waits until all devices identified by MAC exist: using kernel events, for at most [`PATIENCE`].
pub(crate) fn wait_for_links(system: &System, devices: &[physical::Device]) -> Result<(), DistroError> {
    let missing = || -> Result<Vec<&physical::Device>, DistroError> {
        let present = links::by_mac(&system.links.links()?).map_err(invalid)?;
        Ok(devices.iter().filter(|device| !present.contains_key(&device.mac)).collect())
    };
    if missing()?.is_empty() {
        return Ok(());
    }
    let mut changes = system.links.watch()?;
    let deadline = system.clock.monotonic() + PATIENCE;
    loop {
        // A new device gets its name only after udev has processed it.
        let absent = missing()?;
        for device in &absent {
            tracing::debug!("Waiting for settle or {} exists", device.name);
            settle(system, &device.name)?;
        }
        let absent = if absent.is_empty() { absent } else { missing()? };
        if absent.is_empty() {
            return Ok(());
        }
        let left = deadline.saturating_sub(system.clock.monotonic());
        if left.is_zero() || !changes.wait(left)? {
            let links = absent.iter().map(|device| format!("{} ({})", device.mac, device.name));
            let links = links.collect::<Vec<_>>().join(", ");
            return Err(NetworkError::MissingLinks { links }.into());
        }
    }
}

/// Waits for udev to settle, at most until the device exists. A system without udev does not need that.
fn settle(system: &System, link: &str) -> Result<(), DistroError> {
    let path = Path::new("/sys/class/net").join(link);
    if system.commands.which("udevadm").is_some() && !system.files.exists(&path) {
        let until = format!("--exit-if-exists={}", path.display());
        system.commands.run(&Command::line(["udevadm", "settle", until.as_str()]))?;
    }
    Ok(())
}

/// The current devices.
fn current(system: &System) -> Result<Vec<Current>, DistroError> {
    let known = system.links.links()?;
    let mut addressed = BTreeSet::new();
    for link in &known {
        // Self-assigned addresses, and those from router advertisements, are assigned again.
        let counts =
            |address: &Address| address.address.is_ipv4() || (address.permanent && address.scope == "global");
        if system.links.addresses(&link.name)?.iter().any(counts) {
            addressed.insert(link.name.clone());
        }
    }
    let describe = |link: &model::effects::Link| {
        // The kernel's documentation of operstates: 'unknown' counts as up.
        let up = matches!(link.operstate.as_str(), "up" | "unknown");
        Current {
            name: link.name.clone(),
            mac: links::mac(link).to_lowercase(),
            driver: link.driver.clone(),
            device_id: link.device_id.clone(),
            up,
            downable: !up || !addressed.contains(&link.name),
        }
    };
    Ok(links::usable(&known, Filter::ALL).into_iter().map(describe).collect())
}

/// Renames devices as configured.
pub(crate) fn rename_links(system: &System, devices: &[physical::Device]) -> Result<(), DistroError> {
    if devices.is_empty() {
        tracing::debug!("no interfaces to rename");
        return Ok(());
    }
    let links = system.links.links()?;
    let named = |device: &physical::Device| {
        links.iter().any(|link| link.name == device.name && links::mac(link).to_lowercase() == device.mac)
    };
    if devices.iter().all(named) {
        // All devices have their names: no need to check whether they are in use.
        return Ok(());
    }
    let plan = plan(devices, &current(system)?);
    let mut problems = plan.problems;
    for step in &plan.steps {
        let done = match step {
            Step::Rename { from, to } => system.links.rename(from, to),
            Step::Down(name) => system.links.set_up(name, false),
            Step::Up(name) => system.links.set_up(name, true),
        };
        if let Err(error) = done {
            problems.push(format!("[unknown] Error performing {step:?}: {error}"));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(NetworkError::Rename(problems).into()) }
}
