//! LUKS volumes grow with the device below. By its mount point, only one on a partition grows, unlocked by a one-time key
//! that the image's maker left. One that `growpart.devices` names by its device may lie on other volumes, is also unlocked
//! by the key of crypttab(5), and its content grows with it.

mod keys;

use std::path::Path;

use model::effects::{Command, CommandError};
use model::{Context, ModuleError};

use self::keys::Key;
use super::{Outcome, content, volume};

/// A mapped device, as `growpart.devices` refers to it.
pub(super) struct Mapped<'a> {
    pub(super) device: &'a str,
    /// Without links: `/dev/dm-N`.
    pub(super) real: &'a Path,
    /// By its device, not by a mount point: the volume below and the content grow with it.
    pub(super) named: bool,
}

impl Mapped<'_> {
    /// Its name in /dev/mapper.
    fn name(&self, context: &Context<'_>) -> String {
        let last = || self.device.rsplit('/').next().unwrap_or_default().to_owned();
        volume::name_of(context, self.real).unwrap_or_else(last)
    }
}

/// Grows an encrypted mapped device; others are left unchanged.
pub(super) fn grow(
    context: &Context<'_>,
    mapped: &Mapped<'_>,
    done: &[String],
) -> Result<Outcome, ModuleError> {
    let device = mapped.device;
    let below = below(context, mapped)?;
    if !is_encrypted(context, &mapped.real.to_string_lossy(), &below)? {
        return Ok(Outcome::Unchanged(format!("{device} is not encrypted")));
    }
    if !done.contains(&below) {
        return Ok(Outcome::After(below));
    }
    let key = match keys::once(context)? {
        Some(key) => key,
        None if mapped.named => keys::lasting(context, &mapped.name(context)),
        None => return Ok(Outcome::Unchanged("no key file for the encrypted volume".into())),
    };
    let resized = resize(context, device, &below, key)?;
    let content = if mapped.named { content::and_grow(context, device, mapped.real)? } else { String::new() };
    Ok(if resized {
        Outcome::Changed(format!("encrypted volume {device}{content}"))
    } else {
        Outcome::Unchanged(format!("{device} needs a key, and crypttab names no key file{content}"))
    })
}

/// The device below. dmsetup has the name of a partition only, a volume is known to sysfs.
fn below(context: &Context<'_>, mapped: &Mapped<'_>) -> Result<String, ModuleError> {
    if mapped.named {
        let members = volume::members(context, mapped.real);
        if let [below] = members.as_slice() {
            return Ok(below.clone());
        }
    }
    partition_below(context, mapped.device)
}

/// dmsetup(8) prints `1 dependencies : (vdb1)`.
fn partition_below(context: &Context<'_>, device: &str) -> Result<String, ModuleError> {
    let deps = ["dmsetup", "deps", "--options=devname", device];
    let text = context.system.commands.run(&Command::line(deps))?.text();
    let name = text
        .strip_prefix("1 depend")
        .and_then(|rest| rest.split_once(": ("))
        .and_then(|(_, rest)| rest.split_once(')'))
        .map(|(name, _)| name);
    match name {
        Some(name) => Ok(format!("/dev/{name}")),
        None => {
            Err(ModuleError::Failed(format!("dmsetup does not report exactly one device below {device}: {}", text.trim())))
        }
    }
}

fn is_encrypted(context: &Context<'_>, mapped: &str, partition: &str) -> Result<bool, ModuleError> {
    let commands = &context.system.commands;
    if commands.which("cryptsetup").is_none() {
        return Ok(false);
    }
    match commands.run(&Command::line(["cryptsetup", "status", mapped])) {
        Ok(_) => {}
        Err(CommandError::Failed { output, .. }) => {
            if output.code != 4 {
                tracing::warn!(
                    "cryptsetup status {mapped} exited with {}: assuming that it is not encrypted",
                    output.code
                );
            }
            return Ok(false);
        }
        Err(error) => return Err(error.into()),
    }
    Ok(commands.run(&Command::line(["cryptsetup", "isLuks", partition])).is_ok())
}

/// Returns false if the volume needs a key that this machine does not have.
fn resize(context: &Context<'_>, device: &str, below: &str, key: Key) -> Result<bool, ModuleError> {
    let (slot, optional) = match &key {
        Key::Once(_, slot) => (Some(slot.clone()), false),
        Key::File(_) => (None, false),
        Key::Token => (None, true),
    };
    let outcome = context.system.commands.run(&key.resize(device));
    if let Some(slot) = slot {
        keys::remove(context, below, &slot)?;
    }
    match outcome {
        Err(CommandError::Failed { .. }) if optional => Ok(false),
        outcome => Ok(outcome.map(|_| true)?),
    }
}
