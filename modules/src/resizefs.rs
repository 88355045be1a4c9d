//! `resize_rootfs`: grows the root file system to the size of its partition.

pub(crate) mod btrfs;
pub(crate) mod zfs;

use std::path::Path;

use model::effects::{Command, CommandError};
use model::module::{Described, Listed, Report};
use model::{Context, Frequency, Module, ModuleError, Node, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::block::{Mount, is_device, mount_on, root_device};

/// Grows the root file system.
pub struct Resizefs;

/// Whether to grow the root file system to the size of its partition, and whether to wait for it.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// true, false, or `noblock` to resize in the background. Default: true.
    #[schemars(extend("enum" = [true, false, "noblock"]))]
    pub resize_rootfs: Option<Node>,
}

const NOBLOCK: &str = "noblock";

impl Described for Resizefs {
    const NAME: &'static str = "resizefs";
    const STAGE: Stage = Stage::Network;
    const FREQUENCY: Frequency = Frequency::Always;
    const KEYS: &'static [&'static str] = &[];
    const OWN_KEYS: &'static [&'static str] = &["resize_rootfs"];
    const LISTED: Listed = Listed::Except(&["netbsd", "openbsd", "raspberry-pi-os"]);
    const TITLE: &'static str = "Resizefs";
    const SUMMARY: &'static str = "Grows the root file system to the size of its partition.";
    const DETAILS: &'static str = "It supports btrfs, ext, xfs, ufs, hammer2, bcachefs and zfs, and does nothing in a container. A btrfs or a pool of ZFS grows on all of its devices.";
    type Config = Config;
}

impl Module for Resizefs {
    fn run(&self, context: &Context<'_>, config: Config, report: &mut Report) -> Result<(), ModuleError> {
        let word = context
            .args
            .first()
            .cloned()
            .or_else(|| config.resize_rootfs.as_ref().and_then(Node::scalar_text));
        let word = word.unwrap_or_else(|| "true".to_owned());
        let beside = word.trim().eq_ignore_ascii_case(NOBLOCK);
        if !beside && !boolean::lenient(&word) {
            report.skip("resizing is disabled");
            return Ok(());
        }
        let files = context.system.files.as_ref();
        let found = mount_on(context, "/");
        if found.is_none() && !files.exists(Path::new("/proc")) && !files.exists(Path::new("/etc/mtab")) {
            report.skip("no mount information: this root is not running");
            return Ok(());
        }
        let Some(mount) = found else {
            report.warn(None, "cannot determine the file system of /: not resizing");
            return Ok(());
        };
        let commands = match mount.kind.as_str() {
            "zfs" => pool_commands(context, &mount, report),
            _ => device_commands(context, &mount, report)?,
        };
        // A device that cannot grow does not keep the others from it.
        let outcomes: Vec<_> = commands.iter().map(|command| run(context, command, beside)).collect();
        outcomes.into_iter().collect()
    }
}

fn run(context: &Context<'_>, command: &Command, beside: bool) -> Result<(), ModuleError> {
    if beside {
        context.system.commands.spawn_detached(command)?;
    } else {
        context.system.commands.run(command)?;
    }
    Ok(())
}

/// The commands for a root on a device.
fn device_commands(
    context: &Context<'_>,
    mount: &Mount,
    report: &mut Report,
) -> Result<Vec<Command>, ModuleError> {
    let Some(device) = device(context, mount, report) else { return Ok(Vec::new()) };
    if mount.kind.starts_with("ufs") && ufs_is_full_size(context, &device)? {
        report.skip("the file system already has its maximum size");
        return Ok(Vec::new());
    }
    let commands = commands(context, mount, "/", &device)?;
    if commands.is_empty() {
        report.warn(None, format!("Not resizing unknown filesystem type {} for /", mount.kind));
    }
    Ok(commands)
}

/// The commands for a root in a pool of ZFS.
fn pool_commands(context: &Context<'_>, mount: &Mount, report: &mut Report) -> Vec<Command> {
    let pool = mount.device.split('/').next().unwrap_or_default().to_owned();
    let disks = pool_disks(context, &pool, report);
    let mut commands = Vec::new();
    for name in disks {
        let disk = Mount { device: zfs::path_of(context.system.files.as_ref(), &name), ..mount.clone() };
        if let Some(path) = device(context, &disk, report) {
            commands.push(zfs::Disk { pool: pool.clone(), path }.expand());
        }
    }
    commands
}

/// The commands for a file system type, none for an unknown one; types match by prefix, so that `ext` covers ext2 to
/// ext4.
pub(crate) fn commands(
    context: &Context<'_>,
    mount: &Mount,
    what: &str,
    device: &str,
) -> Result<Vec<Command>, ModuleError> {
    let kind = mount.kind.to_lowercase();
    let words: Vec<&str> = if kind.starts_with("btrfs") {
        return btrfs::commands(context, mount, what, device);
    } else if kind.starts_with("ext") {
        vec!["resize2fs", device]
    } else if kind.starts_with("xfs") {
        vec!["xfs_growfs", what]
    } else if kind.starts_with("ufs") {
        vec!["growfs", "-y", what]
    } else if kind.starts_with("hammer2") {
        vec!["hammer2", "growfs", what]
    } else if kind.starts_with("bcachefs") {
        vec!["bcachefs", "device", "resize", device]
    } else {
        return Ok(Vec::new());
    };
    Ok(vec![Command::line(words)])
}

/// growfs(8) fails with this message if there is nothing to do.
fn ufs_is_full_size(context: &Context<'_>, device: &str) -> Result<bool, ModuleError> {
    match context.system.commands.run(&Command::line(["growfs", "-N", device])) {
        Ok(_) => Ok(false),
        Err(CommandError::Failed { output, command }) => {
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            if text.starts_with("growfs: requested size")
                && text.contains("is not larger than the current filesystem size")
            {
                return Ok(true);
            }
            Err(CommandError::Failed { command, output }.into())
        }
        Err(error) => Err(error.into()),
    }
}

/// The online disks of a pool, under the names that `zpool status` prints.
fn pool_disks(context: &Context<'_>, pool: &str, report: &mut Report) -> Vec<String> {
    if !zfs::is_available(context.system.files.as_ref()) {
        tracing::debug!("not running zpool: /dev/zfs does not exist");
        return Vec::new();
    }
    let status = match context.system.commands.run(&Command::line(["zpool", "status", pool])) {
        Ok(output) if output.stderr.is_empty() => output.text(),
        Ok(output) => {
            tracing::info!("zpool status {pool}: {}", String::from_utf8_lossy(&output.stderr).trim());
            return Vec::new();
        }
        Err(error) => {
            if !context.system.is_container() {
                report.warn(None, format!("cannot determine the zpool of /: {error}"));
            }
            return Vec::new();
        }
    };
    let disks: Vec<String> = zfs::disks(&status, pool).into_iter().map(str::to_owned).collect();
    if disks.is_empty() && !context.system.is_container() {
        report.warn(None, format!("zpool status reports no disk of pool {pool}"));
    }
    disks
}

/// The device to resize, by a name that tools accept; `None` if there is none.
fn device(context: &Context<'_>, mount: &Mount, report: &mut Report) -> Option<String> {
    let files = context.system.files.as_ref();
    let mut device = mount.device.clone();
    if device == "/dev/root" && !files.exists(Path::new(&device)) && !context.system.is_container() {
        let Some(root) = root_device(files) else {
            report.warn(None, "Unable to find device '/dev/root'");
            return None;
        };
        device = root;
    }
    if device == "overlayroot" {
        tracing::debug!("not resizing an overlay root");
        return None;
    }
    if device.starts_with("gpt/") {
        return Some(device);
    }
    if !device.starts_with("/dev/") && !files.exists(Path::new(&device)) {
        device = format!("/dev/{}", device.trim_start_matches('/'));
    }
    if is_device(context.system, Path::new(&device)) {
        return Some(device);
    }
    // `status` shows the warning: it has upstream's wording.
    let is_container = context.system.is_container();
    let begin = match (files.exists(Path::new(&device)), is_container) {
        (true, true) => format!("device '{device}' not a block device in container"),
        (true, false) => format!("device '{device}' not a block device"),
        (false, true) => format!("Device '{device}' did not exist in container"),
        (false, false) => format!("Device '{device}' did not exist"),
    };
    let message = format!("{begin}. cannot resize: dev={} mnt_point=/ path=/", mount.device);
    if is_container {
        tracing::debug!("{message}");
    } else {
        report.warn(None, message);
    }
    None
}
