//! `growpart`: grows partitions to the end of their disk.

mod content;
mod encrypted;
mod volume;

use std::path::Path;

use model::distro::{Init, ServiceAction};
use model::effects::Command;
use model::module::{Described, Listed, Report};
use model::{Context, Frequency, Module, ModuleError, Node, Stage};
use schema::notes::changed;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::block::{canonical, is_device, mount_on, root_device};
use crate::lenient::{Flag, Words};
use crate::resizefs::zfs;

/// Grows partitions.
pub struct Growpart;

/// Which partitions to grow to the end of their disk, and the tool to use.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// What to grow, and how.
    pub growpart: Option<Settings>,
}

/// `growpart`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(inline, deny_unknown_fields)]
pub struct Settings {
    /// auto (the first available tool), growpart, gpart, growfs, or off. Default: auto.
    #[schemars(with = "Mode", extend("default" = "auto"))]
    pub mode: Option<Node>,
    /// Mount points or devices. A logical volume, a software array or an encrypted volume that is named by its device
    /// grows with the devices below it and its content; one that is only a mount point keeps its size, except an
    /// encrypted partition. A mounted file system other than the root's grows with its device, and so does a pool of
    /// ZFS. Default: `/`.
    #[schemars(extend("default" = ["/"]))]
    pub devices: Option<Words>,
    /// Grow even if /etc/growroot-disabled exists. Default: false.
    #[schemars(with = "Flag", extend("default" = false))]
    pub ignore_growroot_disabled: Option<Node>,
}

/// The values of `mode`.
#[derive(JsonSchema)]
#[schemars(inline, transform = mode_words)]
struct Mode;

fn mode_words(schema: &mut schemars::Schema) {
    let mut old = schemars::json_schema!({"enum": [false]});
    changed("22.3", "Use 'off' in quotes.")(&mut old);
    *schema = schemars::json_schema!({"oneOf": [{"enum": ["auto", "growpart", "gpart", "off"]}, old]});
}

/// A tool that grows partitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tool {
    Growpart,
    Growfs,
    Gpart,
}

impl Tool {
    /// In the order in which `auto` tries them.
    const ALL: &[(&'static str, Self)] =
        &[("growpart", Self::Growpart), ("growfs", Self::Growfs), ("gpart", Self::Gpart)];

    fn available(self, context: &Context<'_>, devices: &[String]) -> bool {
        match self {
            Self::Growpart => context.system.commands.which("growpart").is_some(),
            Self::Growfs => context.system.files.is_file(Path::new("/etc/rc.d/growfs")) && devices == ["/"],
            Self::Gpart => context.system.commands.which("gpart").is_some(),
        }
    }

    /// Grows a partition; returns false if it already has its maximum size.
    fn grow(self, context: &Context<'_>, disk: &str, number: &str) -> Result<bool, ModuleError> {
        let commands = &context.system.commands;
        match self {
            Self::Growpart => growpart(context, disk, number),
            // `start` would refuse unless rc.conf enables it.
            Self::Growfs if is_bsd(context) => {
                commands.run(&Command::line(["service", "growfs", "onestart"]))?;
                Ok(true)
            }
            Self::Growfs => {
                context.distro.services().manage(ServiceAction::Start, "growfs")?;
                Ok(true)
            }
            Self::Gpart => {
                // The secondary table is at the old end of the disk and must be moved first.
                commands.run(&Command::line(["gpart", "recover", disk]))?;
                commands.run(&Command::line(["gpart", "resize", "-i", number, disk]))?;
                Ok(true)
            }
        }
    }
}

impl Described for Growpart {
    const NAME: &'static str = "growpart";
    const STAGE: Stage = Stage::Network;
    const FREQUENCY: Frequency = Frequency::Always;
    const KEYS: &'static [&'static str] = &[];
    const OWN_KEYS: &'static [&'static str] = &["growpart"];
    const LISTED: Listed = Listed::Except(&["netbsd", "openbsd", "raspberry-pi-os"]);
    const TITLE: &'static str = "Growpart";
    const SUMMARY: &'static str = "Grows partitions to the end of their disk.";
    const DETAILS: &'static str = "A cloud's disk is usually larger than the image. The module runs at every boot, so that an enlarged disk is used. An encrypted partition's container grows with it, if the image contains a key for one use in /cc_growpart_keydata, and so does a volume of LVM, md(4) or LUKS that `devices` names. For LUKS2, the key is taken from that file or the key file of /etc/crypttab.";
    type Config = Config;
}

impl Module for Growpart {
    fn run(&self, context: &Context<'_>, config: Config, report: &mut Report) -> Result<(), ModuleError> {
        if let Some(given) = context.config.get("growpart").filter(|_| config.growpart.is_none()) {
            report.warn(Some(&given.origin), "'growpart' in config was not a dict");
            return Ok(());
        }
        let settings = config.growpart.unwrap_or_default();
        let mode = match &settings.mode {
            None => "auto".to_owned(),
            Some(mode) => mode.scalar_text().ok_or_else(|| unusable("", EXPECTED))?,
        };
        if is_false(&mode) {
            if mode != "off" {
                let origin = settings.mode.as_ref().map(|mode| &mode.origin);
                report.deprecate(
                    origin,
                    format!("growpart.mode '{mode}' is deprecated since 22.2: use 'off'"),
                );
            }
            report.skipped = Some("growpart.mode is off".into());
            return Ok(());
        }
        let ignore = settings.ignore_growroot_disabled.as_ref().and_then(Node::scalar_text);
        if ignore.is_none_or(|word| is_false(&word))
            && context.system.files.is_file(Path::new("/etc/growroot-disabled"))
        {
            report.skip("/etc/growroot-disabled exists");
            return Ok(());
        }
        let devices = settings.devices.map_or_else(|| vec!["/".to_owned()], |words| words.texts());
        if devices.is_empty() {
            report.skip("growpart.devices is empty");
            return Ok(());
        }
        let usable = |(name, tool): &(&str, Tool)| {
            (mode == "auto" || *name == mode) && tool.available(context, &devices)
        };
        let Some((_, tool)) = Tool::ALL.iter().copied().find(usable) else {
            if mode == "auto" {
                report.skip("no tool to grow partitions is available");
                return Ok(());
            }
            let known = Tool::ALL.iter().any(|(name, _)| *name == mode);
            let why = if known { "its tool is not available" } else { EXPECTED };
            return Err(unusable(&format!(" '{mode}'"), why));
        };
        grow_all(context, tool, devices, report);
        Ok(())
    }
}

/// The values of `mode`.
const EXPECTED: &str = "expected auto, growpart, gpart, growfs or off";

fn unusable(mode: &str, why: &str) -> ModuleError {
    ModuleError::Failed(format!("growpart.mode{mode} cannot be used: {why}"))
}

fn is_false(word: &str) -> bool {
    boolean::strict(word) == Some(false)
}

/// The result for a device.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Changed(String),
    Unchanged(String),
    /// The device below must grow first.
    After(String),
}

fn grow_all(context: &Context<'_>, tool: Tool, devices: Vec<String>, report: &mut Report) {
    let mut todo: std::collections::VecDeque<String> = devices.into();
    let mut done: Vec<String> = Vec::new();
    while let Some(device) = todo.pop_front() {
        match grow_one(context, tool, &device, &done) {
            Ok(Outcome::After(below)) => {
                todo.push_front(device);
                todo.push_front(below);
                continue;
            }
            Ok(Outcome::Changed(what)) => tracing::info!("'{device}' resized: {what}"),
            Ok(Outcome::Unchanged(why)) => tracing::debug!("'{device}' not resized: {why}"),
            Err(error) => report.warn(None, format!("'{device}' could not be resized: {error}")),
        }
        done.push(device);
    }
}

fn grow_one(context: &Context<'_>, tool: Tool, entry: &str, done: &[String]) -> Result<Outcome, ModuleError> {
    let files = context.system.files.as_ref();
    let (device, kind) = if entry.starts_with("/dev/") {
        (entry.to_owned(), String::new())
    } else {
        let Some(mount) = mount_on(context, entry) else {
            return Ok(Outcome::Unchanged("its mount is unknown".into()));
        };
        match mount.device.as_str() {
            "/dev/root" if !context.system.is_container() => match root_device(files) {
                Some(device) => (device, mount.kind),
                None => {
                    return Ok(Outcome::Unchanged("the kernel command line does not name /dev/root".into()));
                }
            },
            _ => (mount.device, mount.kind),
        }
    };
    if kind == "zfs" && tool == Tool::Growfs {
        tool.grow(context, "", "")?;
        return Ok(Outcome::Changed(format!("{device} by the growfs service")));
    }
    if kind == "zfs" {
        return below_pool(context, &device, done);
    }
    if !is_device(context.system, Path::new(&device)) {
        return Ok(Outcome::Unchanged(format!("{device} is not a block device")));
    }
    let real = canonical(files, Path::new(&device));
    let named = entry.starts_with("/dev/");
    if let Some(volume) = volume::kind(context, &real).filter(|_| named) {
        return volume::grow(context, volume, &device, &real, done);
    }
    if real.to_string_lossy().starts_with("/dev/dm-") {
        let mapped = encrypted::Mapped { device: &device, real: &real, named };
        return encrypted::grow(context, &mapped, done);
    }
    let (disk, number) = match partition(context, &device) {
        Ok(found) => found,
        Err(why) => return Ok(Outcome::Unchanged(why)),
    };
    let grown = tool.grow(context, &disk, &number)?;
    // Also where the partition has its size already: the machine may have stopped between the two.
    let content = if entry == "/" { String::new() } else { content::and_grow(context, &device, &real)? };
    Ok(if grown {
        Outcome::Changed(format!("partition {number} of {disk}{content}"))
    } else {
        Outcome::Unchanged(format!("no change necessary ({disk}, {number}){content}"))
    })
}

/// Grows the partitions of the pool that contains a data set; its own size follows from theirs.
fn below_pool(context: &Context<'_>, set: &str, done: &[String]) -> Result<Outcome, ModuleError> {
    let pool = set.split('/').next().unwrap_or_default();
    let disks = zfs::all(context)?;
    let disks = disks.into_iter().filter(|disk| disk.pool == pool).map(|disk| disk.path);
    let next = disks.into_iter().find(|path| !done.contains(path));
    Ok(next.map_or_else(|| Outcome::Unchanged(format!("{set} has the size of its pool")), Outcome::After))
}

fn is_bsd(context: &Context<'_>) -> bool {
    context.distro.services().init() == Init::Bsd
}

/// The disk and the number of a GPT partition or an MBR slice with its partition: `/dev/vtbd0p2`, `/dev/da0s1a`.
fn bsd_partition(device: &str) -> Option<(String, String)> {
    let bare = device.trim_end_matches(|letter: char| letter.is_ascii_lowercase());
    let number = bare.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let disk = number.strip_suffix(['s', 'p'])?;
    let numbered = bare.len() > number.len() && disk.len() > "/dev/".len() && disk.starts_with("/dev/");
    numbered.then(|| (disk.to_owned(), device[number.len()..].to_owned()))
}

/// The disk of a partition and the partition's number, from sysfs.
fn partition(context: &Context<'_>, device: &str) -> Result<(String, String), String> {
    if is_bsd(context) {
        return bsd_partition(device).ok_or_else(|| format!("{device} is not a partition"));
    }
    let files = context.system.files.as_ref();
    let real = canonical(files, Path::new(device));
    let name = real.file_name().unwrap_or_default().to_string_lossy();
    let sys = Path::new("/sys/class/block").join(name.as_ref());
    let text =
        |path: &Path| files.text(path).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let number = text(&sys.join("partition")).ok_or_else(|| format!("{device} is not a partition"))?;
    let disk = canonical(files, &sys).parent().and_then(|disk| text(&disk.join("dev")));
    let numbers = disk.ok_or_else(|| format!("the disk of {device} has no device number in sysfs"))?;
    let disk = canonical(files, &Path::new("/dev/block").join(numbers));
    Ok((disk.to_string_lossy().into_owned(), number))
}

fn growpart(context: &Context<'_>, disk: &str, number: &str) -> Result<bool, ModuleError> {
    // growpart keeps its state there; /tmp may be cleaned in the meantime.
    let scratch = Path::new("/var/tmp/cloud-init/growpart");
    context.system.files.create_dir(scratch, Some(0o700))?;
    let run = |words: &[&str], accept: &[i32]| {
        let command = Command::line(words.iter().copied()).env("LANG", "C");
        let command = command.env("TMPDIR", scratch.to_string_lossy()).accept(accept);
        context.system.commands.run(&command)
    };
    // Exit code 1 of a dry run: nothing to grow.
    let outcome = run(&["growpart", "--dry-run", disk, number], &[0, 1]).and_then(|output| {
        if output.code == 1 { Ok(false) } else { run(&["growpart", disk, number], &[]).map(|_| true) }
    });
    context.system.files.remove(scratch)?;
    Ok(outcome?)
}

#[cfg(test)]
mod tests {
    use super::bsd_partition;

    /// The original's tests/unittests/distros/test_freebsd.py: TestDeviceLookUp.
    #[test]
    fn partitions_of_a_bsd() {
        let found = |device: &str| bsd_partition(device);
        let owned = |disk: &str, number: &str| Some((disk.to_owned(), number.to_owned()));
        assert_eq!(found("/dev/vtbd0p2"), owned("/dev/vtbd0", "2"));
        assert_eq!(found("/dev/vtbd0s3a"), owned("/dev/vtbd0", "3a"));
        assert_eq!(found("/dev/ada0"), None);
        assert_eq!(found("/dev/p2"), None);
        assert_eq!(found("gpt/rootfs"), None);
    }
}
