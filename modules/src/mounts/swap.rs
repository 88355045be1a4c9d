//! The swap file: its size and creation.

use std::path::Path;

use model::effects::{Command, CommandError};
use model::module::Report;
use model::{Context, ModuleError, Node, Spanned, Value};
use schema::forms::{Either, OneOfThree};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::block::mount_of;
use crate::lenient::Text;

/// `swap`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(inline, deny_unknown_fields)]
pub struct Swap {
    /// The path of the file. Default: /swap.img.
    pub filename: Option<Text>,
    /// The size: bytes, a number with a unit (`2G`, `512MiB`), or `auto` to derive it from the memory and the free
    /// space. Default: no swap file.
    #[schemars(with = "OneOfThree<Auto, i64, Size>")]
    pub size: Option<Node>,
    /// The maximum for `auto`. Default: a quarter of the free space.
    #[schemars(with = "Either<i64, Size>")]
    pub maxsize: Option<Node>,
}

/// `auto`.
#[derive(JsonSchema)]
#[schemars(inline, with = "Node", extend("enum" = ["auto"]))]
struct Auto;

/// A number with a unit; units are powers of 1024.
#[derive(JsonSchema)]
#[schemars(inline, with = "String", extend("pattern" = r"^([0-9]+)?\.?[0-9]+[BKMGT]$"))]
struct Size;

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// Reads the settings. What is none of them is a warning: the mounts are made in any case.
pub(super) fn read(node: &Node, report: &mut Report) -> Option<Spanned<Swap>> {
    if node.is_null() {
        return None;
    }
    match report.read(node) {
        Ok(value) => Some(Spanned { value, origin: node.origin.clone() }),
        Err(error) => {
            report.warn(None, error.to_string());
            None
        }
    }
}

/// Creates the file if it does not exist; returns its name if fstab needs an entry.
pub(super) fn set_up(context: &Context<'_>, swap: &Spanned<Swap>, report: &mut Report) -> Option<String> {
    let files = &context.system.files;
    let file = swap.value.filename.as_ref().map_or("/swap.img", |file| file.0.as_str());
    let size = swap.value.size.as_ref().filter(|size| size.is_truthy())?;
    if file.is_empty() {
        return None;
    }
    if files.exists(Path::new(file)) {
        let Some(swaps) = files.text(Path::new("/proc/swaps")) else { return Some(file.to_owned()) };
        if swaps.lines().any(|line| line.strip_prefix(file).is_some_and(|rest| rest.starts_with(' '))) {
            return Some(file.to_owned());
        }
    }
    let made = bytes_of(context, size, swap.value.maxsize.as_ref(), file).and_then(|bytes| {
        if bytes < MIB { Ok(false) } else { make(context, file, bytes / MIB).map(|()| true) }
    });
    match made {
        Ok(true) => Some(file.to_owned()),
        Ok(false) if size.as_str().is_none_or(|size| !size.eq_ignore_ascii_case("auto")) => {
            report.warn(Some(&size.origin), "no swap file is created: its size is less than 1 MiB");
            None
        }
        Ok(false) => {
            tracing::debug!("no swap file: the size would be 0");
            None
        }
        Err(error) => {
            report.warn(Some(&swap.origin), format!("failed to setup swap: {error}"));
            None
        }
    }
}

fn bytes_of(context: &Context<'_>, size: &Node, most: Option<&Node>, file: &str) -> Result<u64, ModuleError> {
    let most = most.filter(|most| !most.is_null()).map(number).transpose()?;
    if size.as_str().is_none_or(|size| !size.eq_ignore_ascii_case("auto")) {
        return number(size);
    }
    let text = context.system.files.text(Path::new("/proc/meminfo")).unwrap_or_default();
    let total =
        text.lines().find_map(|line| line.strip_prefix("MemTotal:")?.split_whitespace().next()?.parse().ok());
    let Some(kibibytes) = total else { return Ok(0) };
    let directory = Path::new(file).parent().unwrap_or(Path::new("/"));
    context.system.files.create_dir(directory, None)?;
    Ok(suggested(u64::saturating_mul(kibibytes, 1024), free_space(context, directory), most))
}

/// The size for the given memory and free space: at most twice the memory; without `most`, at most a quarter of the
/// free space; with it, at most nine tenths.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bytes of memory and of disks, and a share of them: far below 2^53")]
fn suggested(memory: u64, free: Option<u64>, most: Option<u64>) -> u64 {
    let most = match (free, most) {
        (Some(free), Some(most)) => most.min((free as f64 * 0.9) as u64),
        (Some(free), None) => (free / 4).min(memory.saturating_mul(2)),
        (None, Some(most)) => most,
        (None, None) => memory.saturating_mul(2),
    };
    // All of it up to 4 GiB, and the root of the gibibytes from 16 GiB on.
    let root = (memory as f64 / GIB as f64).sqrt().round_ties_even() as u64;
    let wanted = memory.min(root.max(4) * GIB);
    wanted.min(most)
}

/// Uses stat(1), which every image has.
fn free_space(context: &Context<'_>, directory: &Path) -> Option<u64> {
    let directory = directory.to_string_lossy();
    let stat = ["stat", "--file-system", "--format=%S %f", &directory];
    let text = context.system.commands.run(&Command::line(stat)).ok()?.text();
    let mut numbers = text.split_whitespace().map(str::parse::<u64>);
    numbers.next()?.ok()?.checked_mul(numbers.next()?.ok()?)
}

/// Parses a size in upstream's units: K, M, G, T, optionally followed by B or iB, each a power of 1024.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast saturates, and what is negative is refused")]
fn number(node: &Node) -> Result<u64, ModuleError> {
    let invalid = || ModuleError::Invalid {
        origin: node.origin.clone(),
        message: "expected a number of bytes, or a number with K, M, G or T, such as 2G".into(),
    };
    let text = match &node.value {
        Value::Int(number) => return u64::try_from(*number).map_err(|_| invalid()),
        Value::Float(number) if number.is_finite() && *number >= 0.0 => return Ok(*number as u64),
        Value::Str(text) => text.trim(),
        _ => return Err(invalid()),
    };
    let text = text.strip_suffix("iB").or_else(|| text.strip_suffix('B')).unwrap_or(text);
    let (digits, factor) = match text.char_indices().last() {
        Some((at, 'K')) => (&text[..at], 10),
        Some((at, 'M')) => (&text[..at], 20),
        Some((at, 'G')) => (&text[..at], 30),
        Some((at, 'T')) => (&text[..at], 40),
        _ => (text, 0),
    };
    let number: f64 = digits.trim().parse().map_err(|_| invalid())?;
    if !number.is_finite() || number < 0.0 {
        return Err(invalid());
    }
    Ok((number * f64::from(2_u32).powi(factor)) as u64)
}

fn make(context: &Context<'_>, file: &str, mebibytes: u64) -> Result<(), ModuleError> {
    let files = &context.system.files;
    let commands = &context.system.commands;
    let path = Path::new(file);
    let directory = path.parent().unwrap_or(Path::new("/"));
    files.create_dir(directory, None)?;
    let kind =
        mount_of(files.as_ref(), &directory.to_string_lossy()).map(|mount| mount.kind).unwrap_or_default();
    if kind == "btrfs" {
        // Swap files must not be copy-on-write.
        commands.run(&Command::line(["truncate", "-s", "0", file]))?;
        commands.run(&Command::line(["chattr", "+C", file]))?;
    }
    let fill = |words: &[&str]| {
        commands.run(&Command::line(words.iter().copied())).map(|_| ()).inspect_err(|error| {
            tracing::info!("{error}");
            let _ = files.remove(path);
        })
    };
    let dd =
        |count: u64| fill(&["dd", "if=/dev/zero", &format!("of={file}"), "bs=1M", &format!("count={count}")]);
    // XFS before Linux 4.18 creates holes, which swapon rejects.
    let holes = kind == "xfs" && kernel(context) < (4, 18);
    if holes || fill(&["fallocate", "-l", &format!("{mebibytes}M"), file]).is_err() {
        dd(mebibytes)?;
    }
    if files.exists(path) {
        files.set_mode(path, 0o600)?;
    }
    let made: Result<_, CommandError> = commands.run(&Command::line(["mkswap", file]));
    if made.is_err() {
        files.remove(path)?;
    }
    made?;
    Ok(())
}

fn kernel(context: &Context<'_>) -> (u32, u32) {
    let release = context.system.environment.uname().release;
    let mut numbers = release.split(['.', '-']).map(|part| part.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expectations: the documentation of upstream's `human2bytes`.
    #[test]
    fn sizes_have_units() {
        for (yaml, bytes) in [
            ("10M", Some(10 * MIB)),
            ("10MB", Some(10 * MIB)),
            ("10MiB", Some(10 * MIB)),
            ("1.5G", Some(3 * GIB / 2)),
            ("1024", Some(1024)),
            ("'7B'", Some(7)),
            ("x", None),
            ("-1M", None),
            ("10K", Some(10 << 10)),
            ("2T", Some(2 << 40)),
            ("' 3 G '", Some(3 * GIB)),
            ("2.5", Some(2)),
            ("0.0", Some(0)),
            ("-1", None),
            ("-0.5", None),
            (".nan", None),
            (".inf", None),
            ("nanM", None),
            ("infM", None),
            ("[1]", None),
        ] {
            let node = Node::from_yaml("t", yaml.as_bytes()).expect("valid").expect("there");
            assert_eq!(number(&node).ok(), bytes, "{yaml}");
        }
    }

    /// Expectations: the table in upstream's documentation of swap sizes.
    #[test]
    fn auto_follows_memory_and_space() {
        for (memory, free, most, size) in [
            (GIB, Some(100 * GIB), None, GIB),
            (8 * GIB, Some(100 * GIB), None, 4 * GIB),
            (64 * GIB, Some(1000 * GIB), None, 8 * GIB),
            (8 * GIB, Some(4 * GIB), None, GIB),
            (8 * GIB, Some(10 * GIB), Some(2 * GIB), 2 * GIB),
            (GIB, None, None, GIB),
            (4 * GIB - 1, None, None, 4 * GIB - 1),
            (5 * GIB, None, None, 4 * GIB),
            (16 * GIB, None, None, 4 * GIB),
            (21 * GIB, None, None, 5 * GIB),
            (30 * GIB, None, None, 5 * GIB),
            (31 * GIB, None, None, 6 * GIB),
            (2 * GIB, Some(100 * GIB), None, 2 * GIB),
            (2 * GIB, Some(4 * GIB), None, GIB),
            (8 * GIB, Some(10 * GIB), Some(9 * GIB), 4 * GIB),
            (64 * GIB, Some(4_000), Some(GIB), 3_600),
            (64 * GIB, None, Some(GIB), GIB),
            (64 * GIB, None, Some(9 * GIB), 8 * GIB),
            (0, None, None, 0),
        ] {
            assert_eq!(suggested(memory, free, most), size, "{memory} {free:?} {most:?}");
        }
    }
}
