//! What is on a device: lsblk(8) and blkid(8), and the kernel's view of its partition table.

use std::path::{Path, PathBuf};

use model::effects::{Class, Command};
use model::module::Report;
use model::{Context, ModuleError};

use crate::block::canonical;

/// A line of lsblk: a device, or something on it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    /// `disk`, `part`, `crypt`, …
    pub(super) kind: String,
    /// Empty if there is none.
    pub(super) filesystem: String,
    /// Empty if there is none.
    pub(super) label: String,
}

/// The data of a superblock.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Superblock {
    pub(super) label: Option<String>,
    pub(super) filesystem: Option<String>,
}

/// The device behind a name, once udev has processed it.
pub(super) fn existing(context: &Context<'_>, name: &str) -> Result<PathBuf, ModuleError> {
    let files = context.system.files.as_ref();
    let path = Path::new(name);
    if !files.exists(path) {
        settle(context)?;
        if !files.exists(path) {
            let message = format!("Device {name} did not exist and was not created with a udevadm settle.");
            return Err(ModuleError::Failed(message));
        }
    }
    // The device may be there before its entry in the database that lsblk reads.
    settle(context)?;
    Ok(canonical(files, path))
}

/// Waits for udev, if the system has it.
fn settle(context: &Context<'_>) -> Result<(), ModuleError> {
    if context.system.commands.which("udevadm").is_some() {
        context.system.commands.run(&Command::line(["udevadm", "settle"]))?;
    }
    Ok(())
}

/// A device and everything on it; only the device itself if `alone`.
pub(super) fn entries(context: &Context<'_>, device: &str, alone: bool) -> Result<Vec<Entry>, ModuleError> {
    let mut command = Command::line(["lsblk", "--pairs", "--output", "NAME,TYPE,FSTYPE,LABEL", device]);
    if alone {
        command = command.arg("--nodeps");
    }
    let text = context.system.commands.run(&command)?.text();
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    Ok(lines
        .map(|line| {
            let mut entry = Entry::default();
            for (key, value) in words(line).iter().filter_map(|word| word.split_once('=')) {
                match key {
                    "NAME" => value.clone_into(&mut entry.name),
                    "TYPE" => value.clone_into(&mut entry.kind),
                    "FSTYPE" => value.clone_into(&mut entry.filesystem),
                    "LABEL" => value.clone_into(&mut entry.label),
                    _ => {}
                }
            }
            entry
        })
        .collect())
}

/// Whether lsblk calls a device a disk.
pub(super) fn is_disk(context: &Context<'_>, device: &str) -> Result<bool, ModuleError> {
    let entries = entries(context, device, true)?;
    Ok(entries.first().is_some_and(|entry| entry.kind.eq_ignore_ascii_case("disk")))
}

/// The file system directly on a device.
pub(super) fn superblock(context: &Context<'_>, device: &str) -> Result<Superblock, ModuleError> {
    let blkid = Command::line(["blkid", "-c", "/dev/null", device]).accept(&[0, 2]);
    let text = context.system.commands.run(&blkid)?.text();
    let mut found = Superblock::default();
    let mut lines = text.lines();
    // More than one line does not describe this device.
    if let (Some(line), None) = (lines.next(), lines.next()) {
        for word in words(line).iter().skip(1) {
            match word.split_once('=') {
                Some(("LABEL", value)) => found.label = Some(value.to_owned()),
                Some(("TYPE", value)) => found.filesystem = Some(value.to_owned()),
                _ => {}
            }
        }
    }
    Ok(found)
}

/// Makes the kernel read the partition table again; partprobe(8) is more reliable than blockdev(8).
pub(super) fn read_table(context: &Context<'_>, device: &str, report: &mut Report) -> Result<(), ModuleError> {
    let commands = &context.system.commands;
    let command = if commands.which("partprobe").is_some() {
        Command::line(["partprobe", device])
    } else {
        Command::line(["blockdev", "--rereadpt", device])
    };
    settle(context)?;
    if let Err(error) = commands.run(&command) {
        report.warn(None, format!("Failed reading the partition table {error}"));
    }
    settle(context)
}

/// A number that blockdev(8) prints about a device.
pub(super) fn measure(context: &Context<'_>, option: &str, device: &str) -> Result<u64, ModuleError> {
    let text = context.system.commands.run(&Command::line(["blockdev", option, device]))?.text();
    let wrong = |_| ModuleError::Failed(format!("Failed to get {device} size: blockdev {option} prints no number"));
    text.trim().parse().map_err(wrong)
}

/// Runs a command that works on a whole device, with the time limit of those.
pub(super) fn run(context: &Context<'_>, command: Command) -> Result<(), ModuleError> {
    context.system.commands.run(&command.of_class(Class::Disk))?;
    Ok(())
}

/// Splits a line into words like a shell: quotes and backslashes are resolved, nothing is expanded.
pub(super) fn words(line: &str) -> Vec<String> {
    let (mut all, mut word, mut quote) = (Vec::new(), None::<String>, None);
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        let current = |word: &mut Option<String>, letter: char| word.get_or_insert_default().push(letter);
        match (quote, letter) {
            (Some(end), letter) if letter == end => quote = None,
            (Some('"'), '\\') => match letters.next() {
                Some(escaped @ ('"' | '\\')) => current(&mut word, escaped),
                Some(other) => {
                    current(&mut word, '\\');
                    current(&mut word, other);
                }
                None => current(&mut word, '\\'),
            },
            (None, '\\') => current(&mut word, letters.next().unwrap_or('\\')),
            (None, '"' | '\'') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, letter) if letter.is_whitespace() => all.extend(word.take()),
            (_, letter) => current(&mut word, letter),
        }
    }
    all.extend(word);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expectations: Python's `shlex.split` of the same lines.
    #[test]
    fn lines_are_split_like_a_shell() {
        for (line, expected) in [
            (r#"NAME="vdb1" LABEL="a b" FSTYPE="""#, vec!["NAME=vdb1", "LABEL=a b", "FSTYPE="]),
            (r#"/dev/vdb: LABEL="a\"b\\c\x20d" X='y z'\ w"#, vec!["/dev/vdb:", r#"LABEL=a"b\c\x20d"#, "X=y z w"]),
            ("  ", vec![]),
        ] {
            assert_eq!(words(line), expected, "{line}");
        }
    }
}
