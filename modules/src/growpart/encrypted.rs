//! LUKS volumes: the volume grows with its partition, unlocked by a one-time key that the image's maker left.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::effects::{Command, CommandError};
use model::{Context, ModuleError, Secret};
use serde::Deserialize;

use super::Outcome;

/// Left by the image's maker; used once, then removed.
const KEY_FILE: &str = "/cc_growpart_keydata";

#[derive(Deserialize)]
struct KeyData {
    /// The passphrase, in base64.
    key: String,
    /// The LUKS slot that it opens.
    slot: serde_json::Value,
}

/// Grows an encrypted mapped device; others are left unchanged.
pub(super) fn grow(
    context: &Context<'_>,
    device: &str,
    mapped: &str,
    done: &[String],
) -> Result<Outcome, ModuleError> {
    let partition = partition_below(context, device)?;
    if !is_encrypted(context, mapped, &partition)? {
        return Ok(Outcome::Unchanged(format!("{device} is not encrypted")));
    }
    if !done.contains(&partition) {
        return Ok(Outcome::After(partition));
    }
    resize(context, device, &partition)
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

fn resize(context: &Context<'_>, device: &str, partition: &str) -> Result<Outcome, ModuleError> {
    let path = Path::new(KEY_FILE);
    let Some(text) = context.system.files.read_optional(path)? else {
        return Ok(Outcome::Unchanged("no key file for the encrypted volume".into()));
    };
    let unreadable =
        || ModuleError::Failed(format!("{KEY_FILE} contains no key: the volume may already have been resized"));
    let data: KeyData = serde_json::from_slice(&text).map_err(|_| unreadable())?;
    let key = Secret::new(STANDARD.decode(&data.key).map_err(|_| unreadable())?);
    let slot = data.slot.as_str().map_or_else(|| data.slot.to_string(), str::to_owned);
    let commands = &context.system.commands;
    let resize = Command::line(["cryptsetup", "--key-file", "-", "resize", device]).stdin(key.into_inner());
    let outcome = commands.run(&resize);
    // The key is for one use, even a failed one.
    let kill = ["cryptsetup", "luksKillSlot", "--batch-mode", partition, &slot];
    if let Err(error) = commands.run(&Command::line(kill)) {
        tracing::warn!("cannot remove the key slot used for resizing: {error}");
    }
    context.system.files.remove(path)?;
    outcome?;
    Ok(Outcome::Changed(format!("encrypted volume {device}")))
}
