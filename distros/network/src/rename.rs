//! Waiting for links, and giving them their names.

use std::collections::BTreeSet;
use std::path::Path;

use model::effects::Command;
use model::{DistroError, NetworkConfig, System};
use net::links::{self, Filter};
use net::rename::{Current, Step, plan};
use net::{NetError, physical};

/// How often udev is waited for before a link counts as missing.
const TRIES: usize = 5;

/// The error as the contract has it.
pub(crate) fn invalid(error: NetError) -> DistroError {
    match error.origin().cloned() {
        // The message of these begins with the place already.
        Some(origin) => {
            let message = error.to_string();
            let message = message.strip_prefix(&format!("{origin}: ")).map_or(message.clone(), str::to_owned);
            DistroError::Invalid { origin, message }
        }
        None => DistroError::Failed(error.to_string()),
    }
}

/// Waits until every link that the config names by MAC is there.
pub(crate) fn wait_for_links(system: &System, config: &NetworkConfig) -> Result<(), DistroError> {
    let devices = physical::devices(config, &system.links.links()?).map_err(invalid)?;
    let missing = || -> Result<Vec<&physical::Device>, DistroError> {
        let present = links::by_mac(&system.links.links()?).map_err(invalid)?;
        Ok(devices.iter().filter(|device| !present.contains_key(&device.mac)).collect())
    };
    let mut absent = missing()?;
    for _ in 0..TRIES {
        if absent.is_empty() {
            return Ok(());
        }
        for device in &absent {
            tracing::debug!("Waiting for settle or {} exists", device.name);
            settle(system, &device.name)?;
        }
        absent = missing()?;
    }
    if absent.is_empty() {
        return Ok(());
    }
    let macs = absent
        .iter()
        .map(|device| format!("{} ({})", device.mac, device.name))
        .collect::<Vec<_>>()
        .join(", ");
    Err(DistroError::Failed(format!("Not all expected physical devices present: {macs}")))
}

/// Lets udev finish, at most until the link is there. A system without udev has nothing to wait for.
fn settle(system: &System, link: &str) -> Result<(), DistroError> {
    let path = Path::new("/sys/class/net").join(link);
    if system.commands.which("udevadm").is_some() && !system.files.exists(&path) {
        let until = format!("--exit-if-exists={}", path.display());
        system.commands.run(&Command::line(["udevadm", "settle", until.as_str()]))?;
    }
    Ok(())
}

/// The links that `ip addr show` lists.
fn listed(output: &str) -> BTreeSet<String> {
    let name = |line: &str| {
        let (number, rest) = line.split_once(": ")?;
        let numbered = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        numbered.then(|| rest.split(['@', ':']).next().unwrap_or_default().trim().to_owned())
    };
    output.lines().filter_map(name).collect()
}

/// The links as they are now.
fn current(system: &System) -> Result<Vec<Current>, DistroError> {
    let known = system.links.links()?;
    let ip = |words: &[&str]| -> Result<BTreeSet<String>, DistroError> {
        let output = system.commands.run(&Command::new("ip").args(words.iter().copied()))?;
        Ok(listed(&output.text()))
    };
    let mut addressed = ip(&["-6", "addr", "show", "permanent", "scope", "global"])?;
    addressed.extend(ip(&["-4", "addr", "show"])?);
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

/// Gives links the names that the config wants.
pub(crate) fn rename_links(system: &System, config: &NetworkConfig) -> Result<(), DistroError> {
    let devices = physical::devices(config, &system.links.links()?).map_err(invalid)?;
    if devices.is_empty() {
        tracing::debug!("no interfaces to rename");
        return Ok(());
    }
    let links = system.links.links()?;
    let named = |device: &physical::Device| {
        links.iter().any(|link| link.name == device.name && links::mac(link).to_lowercase() == device.mac)
    };
    if devices.iter().all(named) {
        // Every link has its name: whether one is in use need not be asked.
        return Ok(());
    }
    let plan = plan(&devices, &current(system)?);
    let mut problems = plan.problems;
    for step in &plan.steps {
        let done = match step {
            Step::Rename { from, to } => system.links.rename(from, to).map_err(|error| error.to_string()),
            Step::Down(name) | Step::Up(name) => {
                let state = if matches!(step, Step::Up(_)) { "up" } else { "down" };
                let command = Command::line(["ip", "link", "set", "dev", name.as_str(), state]);
                system.commands.run(&command).map(drop).map_err(|error| error.to_string())
            }
        };
        if let Err(error) = done {
            problems.push(format!("[unknown] Error performing {step:?}: {error}"));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(DistroError::Failed(problems.join("\n"))) }
}
