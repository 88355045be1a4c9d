//! What a device that `growpart.devices` names contains: a mounted file system, or a part of a pool of ZFS. It grows with
//! the device; the root's is left to `resize_rootfs`.

use std::path::Path;

use model::{Context, ModuleError};

use crate::block::{Mount, canonical, mounts};
use crate::resizefs::{self, btrfs, zfs};

/// Grows the content, and returns what became of it, to be appended to what became of the device.
pub(super) fn and_grow(context: &Context<'_>, device: &str, real: &Path) -> Result<String, ModuleError> {
    Ok(format!("; {}", grow(context, device, real)?))
}

fn grow(context: &Context<'_>, device: &str, real: &Path) -> Result<String, ModuleError> {
    let mounted = mounted(context, real);
    let Some(mount) = mounted.first() else { return pool(context, real) };
    if mounted.iter().any(|mount| mount.point == "/") {
        return Ok("its file system is the root's".into());
    }
    let Some(mount) = mounted.iter().find(|mount| is_writable(mount)) else {
        return Ok(format!("the file system on {} is read-only and keeps its size", mount.point));
    };
    let commands = match mount.kind.as_str() {
        "btrfs" => vec![btrfs::on_device(context, mount, real)?],
        _ => resizefs::commands(context, mount, &mount.point, device)?,
    };
    if commands.is_empty() {
        return Ok(format!("its file system is of an unknown type, {}", mount.kind));
    }
    for command in commands {
        context.system.commands.run(&command)?;
    }
    Ok(format!("the file system on {} has the size of its device", mount.point))
}

fn is_writable(mount: &Mount) -> bool {
    mount.options.split(',').all(|option| option != "ro")
}

/// The mounts of a device; a btrfs is mounted by one of its devices only.
fn mounted(context: &Context<'_>, real: &Path) -> Vec<Mount> {
    let files = context.system.files.as_ref();
    let table = files.text(Path::new("/proc/mounts")).unwrap_or_default();
    let contains = |mount: &Mount| {
        let device = canonical(files, Path::new(&mount.device));
        device == real || (mount.kind == "btrfs" && btrfs::is_shared(files, &device, real))
    };
    let devices = mounts(&table).into_iter().filter(|mount| mount.device.starts_with("/dev/"));
    devices.filter(contains).collect()
}

/// Has a pool of ZFS use the complete device.
fn pool(context: &Context<'_>, real: &Path) -> Result<String, ModuleError> {
    let files = context.system.files.as_ref();
    let disks = zfs::all(context)?;
    let Some(disk) = disks.iter().find(|disk| canonical(files, Path::new(&disk.path)) == real) else {
        return Ok("its file system is not mounted and keeps its size".into());
    };
    context.system.commands.run(&disk.expand())?;
    Ok(format!("pool {} has the size of its device", disk.pool))
}
