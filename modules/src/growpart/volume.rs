//! Logical volumes and software arrays that `growpart.devices` names by their device: they grow after the devices below
//! them, and a mounted file system grows with them. A volume that is only reached by its mount point stays as it
//! is, as upstream leaves it: the free space of a volume group may be reserved.

use std::path::Path;

use model::Order as _;
use model::effects::Command;
use model::{Context, ModuleError};

use super::{Outcome, content};

/// A volume that consists of other devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Volume {
    /// A logical volume of LVM.
    Logical,
    /// An array of md(4).
    Array,
}

/// What sysfs says of a block device: the device mapper's identifiers begin with the name of what made the device.
pub(super) fn kind(context: &Context<'_>, real: &Path) -> Option<Volume> {
    let sys = sysfs(real)?;
    let files = context.system.files.as_ref();
    if files.text(&sys.join("dm/uuid")).is_some_and(|uuid| uuid.starts_with("LVM-")) {
        return Some(Volume::Logical);
    }
    files.is_dir(&sys.join("md")).then_some(Volume::Array)
}

fn sysfs(real: &Path) -> Option<std::path::PathBuf> {
    Some(Path::new("/sys/class/block").join(real.file_name()?))
}

/// Grows the devices below a volume, then the volume, then its file system.
pub(super) fn grow(
    context: &Context<'_>,
    volume: Volume,
    device: &str,
    real: &Path,
    done: &[String],
) -> Result<Outcome, ModuleError> {
    let members = members(context, real);
    if let Some(member) = members.iter().find(|member| !done.contains(member)) {
        return Ok(Outcome::After(member.clone()));
    }
    let grown = match volume {
        Volume::Logical => logical(context, device, &members)?,
        Volume::Array => array(context, device)?,
    };
    // Also where the volume has its size already: the machine may have stopped between the two.
    let content = content::and_grow(context, device, real)?;
    Ok(if grown {
        Outcome::Changed(format!("volume {device}{content}"))
    } else {
        Outcome::Unchanged(format!("the volume has no space to grow into{content}"))
    })
}

/// The devices below, in the order of the kernel's names; those of the device mapper under their own names.
pub(super) fn members(context: &Context<'_>, real: &Path) -> Vec<String> {
    let slaves = sysfs(real).map(|sys| sys.join("slaves")).unwrap_or_default();
    let mut names = context.system.files.list(&slaves).unwrap_or_default();
    names.order();
    let path = |name: &String| match name_of(context, &Path::new("/dev").join(name)) {
        Some(mapped) => format!("/dev/mapper/{mapped}"),
        None => format!("/dev/{name}"),
    };
    names.iter().map(path).collect()
}

/// The name of a mapped device in /dev/mapper.
pub(super) fn name_of(context: &Context<'_>, real: &Path) -> Option<String> {
    let name = context.system.files.text(&sysfs(real)?.join("dm/name"))?;
    Some(name.trim().to_owned())
}

/// lvextend(8) fails if there is nothing to add.
fn logical(context: &Context<'_>, device: &str, members: &[String]) -> Result<bool, ModuleError> {
    let commands = &context.system.commands;
    for member in members {
        commands.run(&Command::line(["pvresize", member]))?;
    }
    let free = ["lvs", "--noheadings", "--options", "vg_free_count", device];
    let free = commands.run(&Command::line(free))?.text();
    let free: u64 = free
        .trim()
        .parse()
        .map_err(|_| ModuleError::Failed(format!("lvs does not report the free extents of {device}'s group")))?;
    if free == 0 {
        return Ok(false);
    }
    commands.run(&Command::line(["lvextend", "--extents", "+100%FREE", device]))?;
    Ok(true)
}

/// mdadm(8) succeeds if the array has its largest size already.
fn array(context: &Context<'_>, device: &str) -> Result<bool, ModuleError> {
    context.system.commands.run(&Command::line(["mdadm", "--grow", device, "--size=max"]))?;
    Ok(true)
}
