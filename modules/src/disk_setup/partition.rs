//! Partition tables.

use model::effects::{Command, CommandError};
use model::module::Report;
use model::{Context, ModuleError, Node};

use super::layout::{Definition, Layout, Table, sfdisk_type, sgdisk_type};
use super::probe::{entries, existing, is_disk, measure, read_table, run, superblock};

const MIB: u64 = 1 << 20;

/// Gives a device the partitions of a definition, unless it has them or is in use.
pub(super) fn apply(
    context: &Context<'_>,
    name: &str,
    node: &Node,
    report: &mut Report,
) -> Result<(), ModuleError> {
    let Definition { table, layout, overwrite } = Definition::read(node)?;
    let device = existing(context, name)?.to_string_lossy().into_owned();
    if layout == Layout::Nothing {
        tracing::debug!("{device} is not to be partitioned");
        return Ok(());
    }
    let is_disk = is_disk(context, &device).unwrap_or_else(|error| {
        report.warn(Some(&node.key_origin()), format!("Query against device {device} failed: {error}"));
        false
    });
    if !is_disk {
        return Err(ModuleError::Failed(format!("Device {device} is not a disk device!")));
    }
    if layout == Layout::Remove {
        return purge(context, &device, report);
    }
    let found = match table {
        Table::Mbr => mbr_types(context, &device, report)?,
        Table::Gpt => gpt_types(context, &device)?,
    };
    if layout.matches(&found)? {
        tracing::debug!("{device} already has these partitions");
        return Ok(());
    }
    if !overwrite && is_used(context, &device)? {
        tracing::debug!("{device} is in use: it keeps its partitions");
        return Ok(());
    }
    #[expect(clippy::cast_precision_loss, reason = "bytes of a disk: below 2^53 up to 8 PiB")]
    let sectors = measure(context, "--getsize64", &device)? as f64 / measure(context, "--getss", &device)?.max(1) as f64;
    match table {
        Table::Mbr => {
            let sfdisk = Command::line(["sfdisk", "--force", &device]).stdin(layout.mbr(sectors)?);
            context.system.commands.run(&sfdisk)?;
        }
        Table::Gpt => create_gpt(context, &device, &layout.gpt(sectors), (node, report))?,
    }
    read_table(context, &device, report)
}

/// Whether a device contains partitions or a file system.
fn is_used(context: &Context<'_>, device: &str) -> Result<bool, ModuleError> {
    let has_filesystem = || Ok::<bool, ModuleError>(superblock(context, device)?.filesystem.is_some());
    // Asked twice, as upstream does.
    Ok(entries(context, device, false)?.len() > 1 || has_filesystem()? || has_filesystem()?)
}

/// The types of the partitions as sfdisk(8) lists them: the last number of each line, as upstream reads it.
fn mbr_types(context: &Context<'_>, device: &str, report: &mut Report) -> Result<Vec<String>, ModuleError> {
    read_table(context, device, report)?;
    let text = context.system.commands.run(&Command::line(["sfdisk", "-l", device]))?.text();
    let mut types = Vec::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let ([first, rest @ ..], Some(last)) = (words.as_slice(), words.last()) else { continue };
        if first.contains(device) && !["extended", "empty"].contains(&last.to_lowercase().as_str()) {
            let number = rest.iter().rev().find(|word| word.bytes().all(|byte| byte.is_ascii_digit()));
            types.push(number.copied().unwrap_or_default().to_owned());
        }
    }
    Ok(types)
}

fn has_sgdisk(context: &Context<'_>) -> bool {
    context.system.commands.which("sgdisk").is_some()
}

/// The types of the partitions: codes of sgdisk(8), or GUIDs from sfdisk(8).
fn gpt_types(context: &Context<'_>, device: &str) -> Result<Vec<String>, ModuleError> {
    let unreadable = |program: &str| ModuleError::Failed(format!("cannot read what {program} prints about {device}"));
    let commands = &context.system.commands;
    if has_sgdisk(context) {
        let text = commands.run(&Command::line(["sgdisk", "-p", device]).env("LANG", "C"))?.text();
        let rows = text.lines().skip_while(|line| !line.trim_start().starts_with("Number")).skip(1);
        // Number, start, end, size, unit, code, name.
        let code = |row: &str| row.split_whitespace().nth(5).map(str::to_owned).ok_or_else(|| unreadable("sgdisk"));
        return rows.map(code).collect();
    }
    let sfdisk = Command::line(["sfdisk", "-l", "-J", device]).env("LANG", "C").accept(&[0, 1]);
    let output = commands.run(&sfdisk)?.stdout;
    if output.is_empty() {
        return Ok(Vec::new());
    }
    let json: serde_json::Value = serde_json::from_slice(&output).map_err(|_| unreadable("sfdisk"))?;
    let table = json.get("partitiontable").ok_or_else(|| unreadable("sfdisk"))?;
    let partitions = table.get("partitions").and_then(serde_json::Value::as_array);
    let kind = |partition: &serde_json::Value| {
        partition.get("type").and_then(|kind| kind.as_str()).map(str::to_owned).ok_or_else(|| unreadable("sfdisk"))
    };
    partitions.into_iter().flatten().map(kind).collect()
}

fn create_gpt(
    context: &Context<'_>,
    device: &str,
    partitions: &[(String, Option<String>)],
    (node, report): (&Node, &mut Report),
) -> Result<(), ModuleError> {
    let commands = &context.system.commands;
    if has_sgdisk(context) {
        let sgdisk = |option: &str, words: &str| {
            let command = Command::line(["sgdisk", option]);
            let command = if words.is_empty() { command } else { command.arg(words) };
            commands.run(&command.arg(device)).map(drop)
        };
        let create = || -> Result<(), CommandError> {
            sgdisk("-Z", "")?;
            for (number, (end, kind)) in (1..).zip(partitions) {
                sgdisk("-n", &format!("{number}:0:{end}"))?;
                if let Some(kind) = kind {
                    sgdisk("-t", &format!("{number}:{}", sgdisk_type(kind)))?;
                }
            }
            Ok(())
        };
        return Ok(create()?);
    }
    let mut lines = String::new();
    for (end, kind) in partitions {
        let (guid, known) = sfdisk_type(kind.as_deref());
        if !known {
            let kind = kind.as_deref().unwrap_or_default();
            let message = format!("Unknown GPT partition type {kind}, using Linux");
            report.warn(node.get("layout").map(|layout| &layout.origin), message);
        }
        lines.push_str(&format!(",{},{guid}\n", if end == "0" { "" } else { end }));
    }
    commands.run(&Command::line(["sfdisk", "-X", "gpt", "--force", device]).stdin(lines))?;
    Ok(())
}

/// Deletes the partition table, and the signatures of the file systems in it.
fn purge(context: &Context<'_>, device: &str, report: &mut Report) -> Result<(), ModuleError> {
    for entry in entries(context, device, false)? {
        if !["disk", "crypt"].contains(&entry.kind.as_str()) {
            run(context, Command::line(["wipefs", "--all", &format!("/dev/{}", entry.name)]))?;
        }
    }
    // A GPT is at both ends.
    let to = format!("of={device}");
    let zeros = |more: &[&str]| {
        let command = Command::line(["dd", "if=/dev/zero", &to, "bs=1M", "count=1", "conv=notrunc"]);
        run(context, command.args(more.iter().copied()))
    };
    let end = measure(context, "--getsize64", device)?.saturating_sub(MIB);
    zeros(&[])?;
    zeros(&["oflag=seek_bytes", &format!("seek={end}")])?;
    read_table(context, device, report)
}
