//! File systems.

use std::path::Path;

use model::effects::Command;
use model::module::Report;
use model::{Context, ModuleError, Node, Value};

use super::probe::{Superblock, entries, existing, is_disk, run, superblock, words};
use crate::block::is_device;

/// An entry of `fs_setup`, with its device's name resolved.
pub(super) struct Entry<'a> {
    pub(super) node: &'a Node,
    /// The device, without the number of a partition.
    pub(super) device: &'a str,
    /// The number after the device's name.
    pub(super) number: Option<&'a str>,
}

/// The values of an entry.
struct Wanted {
    label: Option<String>,
    filesystem: Option<String>,
    /// A number or a keyword.
    partition: String,
    replace: Option<String>,
    overwrite: bool,
    options: Vec<String>,
    cmd: Option<Cmd>,
}

/// `cmd`.
enum Cmd {
    /// A line for the shell.
    Line(String),
    /// A program and its arguments.
    Words(Vec<String>),
}

fn invalid(node: &Node, message: impl Into<String>) -> ModuleError {
    ModuleError::Invalid { origin: node.origin.clone(), message: message.into() }
}

impl Wanted {
    fn read(entry: &Entry<'_>) -> Result<Self, ModuleError> {
        let value = |key: &str| entry.node.get(key).filter(|value| value.is_truthy());
        let text = |key: &str| {
            let wrong = |node: &Node| invalid(node, format!("{key}: expected text, found {}", node.value.a_kind()));
            value(key).map(|node| node.scalar_text().ok_or_else(|| wrong(node))).transpose()
        };
        let list = |node: &Node, items: &[Node]| {
            let texts: Option<Vec<String>> = items.iter().map(Node::scalar_text).collect();
            texts.ok_or_else(|| invalid(node, "expected a list of texts"))
        };
        let options = match value("extra_opts") {
            None => Vec::new(),
            Some(node) => match &node.value {
                Value::Str(text) => words(text),
                Value::List(items) => list(node, items)?,
                other => return Err(invalid(node, format!("extra_opts: expected text or a list, found {}", other.a_kind()))),
            },
        };
        let cmd = match value("cmd") {
            None => None,
            Some(node) => Some(match &node.value {
                Value::List(items) => Cmd::Words(list(node, items)?),
                _ => Cmd::Line(text("cmd")?.unwrap_or_default()),
            }),
        };
        let partition = match (entry.number, entry.node.get("partition")) {
            (Some(number), _) => number.to_owned(),
            (None, None) => "any".to_owned(),
            (None, Some(node)) => node.scalar_text().unwrap_or_default().to_lowercase(),
        };
        let overwrite = entry.node.get("overwrite").is_some_and(Node::lenient_bool);
        Ok(Self {
            label: text("label")?,
            filesystem: text("filesystem")?,
            partition,
            replace: text("replace_fs")?,
            overwrite,
            options,
            cmd,
        })
    }
}

/// Creates a file system, unless the device has it.
pub(super) fn create(context: &Context<'_>, entry: &Entry<'_>, report: &mut Report) -> Result<(), ModuleError> {
    let wanted = Wanted::read(entry)?;
    let device = existing(context, entry.device)?.to_string_lossy().into_owned();
    let Some(device) = place(context, entry, &wanted, device, report)? else { return Ok(()) };
    match (&wanted.cmd, &wanted.filesystem) {
        (Some(cmd), _) => run_cmd(context, entry, &wanted, (cmd, &device), report),
        (None, Some(filesystem)) => make(context, entry, &wanted, (filesystem, &device), report),
        (None, None) => Err(invalid(entry.node, "a file system needs filesystem or cmd")),
    }
}

/// The device to use; `None` if there is nothing to do.
fn place(
    context: &Context<'_>,
    entry: &Entry<'_>,
    wanted: &Wanted,
    device: String,
    report: &mut Report,
) -> Result<Option<String>, ModuleError> {
    match wanted.partition.as_str() {
        "none" => Ok(Some(device)),
        "auto" | "any" => find(context, entry, wanted, device, report),
        number if number.bytes().all(|byte| byte.is_ascii_digit()) => {
            let between = if number.is_empty() || !device.ends_with(|end: char| end.is_ascii_digit()) { "" } else { "p" };
            let device = format!("{device}{between}{number}");
            if !number.is_empty() && !is_device(context.system, Path::new(&device)) {
                let message = format!("Path {device} does not exist or is not a block device");
                report.warn(Some(&entry.node.origin), message);
                return Ok(None);
            }
            let Superblock { label, filesystem } = superblock(context, &device)?;
            if label == wanted.label && filesystem == wanted.filesystem && !wanted.overwrite {
                tracing::debug!("{device} already has this file system");
                return Ok(None);
            }
            Ok(Some(device))
        }
        other => {
            let node = entry.node.get("partition").unwrap_or(entry.node);
            Err(invalid(node, format!("partition: expected a number, auto, any or none, found '{other}'")))
        }
    }
}

/// The first free partition, or the disk itself if there are none; `None` if a file system matches.
fn find(
    context: &Context<'_>,
    entry: &Entry<'_>,
    wanted: &Wanted,
    disk: String,
    report: &mut Report,
) -> Result<Option<String>, ModuleError> {
    let by_label = wanted.partition == "auto";
    let label = wanted.label.as_deref().unwrap_or_default();
    let mut used = false;
    for found in entries(context, &disk, false)? {
        let path = format!("/dev/{}", found.name);
        let has = |kind: &Option<String>| kind.as_ref().is_some_and(|kind| *kind == found.filesystem);
        if has(&wanted.replace) && !by_label {
            return Ok(Some(path));
        }
        if has(&wanted.filesystem) && (!by_label || found.label == label) {
            tracing::debug!("{path} already has this file system");
            return Ok(None);
        }
        match found.kind.as_str() {
            "disk" => used |= !found.filesystem.is_empty(),
            "part" => {
                used = true;
                if found.filesystem.is_empty() {
                    return Ok(Some(path));
                }
            }
            _ => {}
        }
    }
    if used {
        let message = format!("Failed to find device during available device search: {disk} has no free partition");
        report.warn(Some(&entry.node.origin), message);
        return Ok(None);
    }
    Ok(Some(disk))
}

fn run_cmd(
    context: &Context<'_>,
    entry: &Entry<'_>,
    wanted: &Wanted,
    (cmd, device): (&Cmd, &str),
    report: &mut Report,
) -> Result<(), ModuleError> {
    let place = entry.node.get("cmd").map(|cmd| &cmd.origin);
    let filled = |text: &str| {
        let values = [("label", &wanted.label), ("filesystem", &wanted.filesystem), ("device", &Some(device.to_owned()))];
        fill(text, &values).map_err(|message| match place {
            Some(origin) => ModuleError::Invalid { origin: origin.clone(), message },
            None => ModuleError::Failed(message),
        })
    };
    let command = match cmd {
        Cmd::Line(line) => Command::shell(filled(line)?),
        Cmd::Words(words) => Command::line(words.iter().map(|word| filled(word)).collect::<Result<Vec<_>, _>>()?),
    };
    for (key, set) in [("overwrite", wanted.overwrite), ("extra_opts", !wanted.options.is_empty())] {
        if set {
            let origin = entry.node.get(key).map(|value| &value.origin);
            report.warn(origin, format!("fs_setup:{key} ignored because cmd was specified"));
        }
    }
    run(context, command)
}

/// Replaces `%(name)s` like Python's `%` with a mapping; `%%` is a percent sign.
fn fill(text: &str, values: &[(&str, &Option<String>)]) -> Result<String, String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        filled.push_str(before);
        if let Some(after) = after.strip_prefix('%') {
            filled.push('%');
            rest = after;
            continue;
        }
        let named = after.strip_prefix('(').and_then(|after| after.split_once(")s"));
        let known = named.and_then(|(name, after)| {
            values.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value, after))
        });
        let Some((value, after)) = known else {
            return Err("cmd: expected %(label)s, %(filesystem)s, %(device)s or %% after a percent sign".to_owned());
        };
        filled.push_str(value.as_deref().unwrap_or("None"));
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

fn make(
    context: &Context<'_>,
    entry: &Entry<'_>,
    wanted: &Wanted,
    (filesystem, device): (&str, &str),
    report: &mut Report,
) -> Result<(), ModuleError> {
    let commands = &context.system.commands;
    // `mkfs.ext4`, or `mkswap`.
    let program = commands.which(&format!("mkfs.{filesystem}")).or_else(|| commands.which(&format!("mk{filesystem}")));
    let place = entry.node.get("filesystem").map(|node| &node.origin);
    let Some(program) = program else {
        let message = format!("Cannot create fstype '{filesystem}'.  No mkfs.{filesystem} command");
        report.warn(place, message);
        return Ok(());
    };
    let mut command = Command::new(program.to_string_lossy());
    if let Some(label) = &wanted.label {
        command = command.args(["-L", label]);
    }
    if wanted.overwrite || is_disk(context, device)? {
        match force_flag(filesystem) {
            Some(flag) => command = command.arg(flag),
            None => report.warn(place, format!("Force flag for {filesystem} is unknown.")),
        }
    }
    run(context, command.args(wanted.options.clone()).arg(device))
}

/// The option that lets mkfs overwrite data, and use a complete disk.
fn force_flag(filesystem: &str) -> Option<&'static str> {
    match filesystem.to_lowercase().as_str() {
        name if name.contains("ext") => Some("-F"),
        "btrfs" | "xfs" | "reiserfs" | "swap" => Some("-f"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expectations: Python's `%` operator.
    #[test]
    fn a_command_is_filled_like_in_python() {
        let (label, none) = (Some("a b".to_owned()), None);
        let values = [("label", &label), ("device", &none)];
        assert_eq!(fill("x %(label)s 100%% %(device)s", &values), Ok("x a b 100% None".to_owned()));
        for wrong in ["%(other)s", "50%", "%d", "%(label)d"] {
            assert!(fill(wrong, &values).is_err(), "{wrong}");
        }
    }

    /// Expectations: upstream's `get_force_flag` tests for `ext` anywhere in the name; mkfs.xfs(8), mkfs.btrfs(8), mkswap(8).
    #[test]
    fn options_that_overwrite() {
        for (filesystem, flag) in [
            ("ext4", Some("-F")),
            ("EXT2", Some("-F")),
            ("btrfs", Some("-f")),
            ("XFS", Some("-f")),
            ("reiserfs", Some("-f")),
            ("swap", Some("-f")),
            ("vfat", None),
            ("", None),
        ] {
            assert_eq!(force_flag(filesystem), flag, "{filesystem}");
        }
    }
}
