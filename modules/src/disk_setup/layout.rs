//! The partitions that a definition asks for, and their comparison with those of a device.

use model::{ModuleError, Node, Value};

/// The type of a partition table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Table {
    Mbr,
    Gpt,
}

/// What to do with a device.
#[derive(Debug, PartialEq)]
pub(super) enum Layout {
    /// Leave it as it is.
    Nothing,
    /// Delete the table.
    Remove,
    /// One partition on the complete device.
    Whole,
    /// These partitions.
    Partitions(Vec<Partition>),
}

/// A partition.
#[derive(Debug, PartialEq)]
pub(super) struct Partition {
    /// Its size in percent of the device.
    percent: f64,
    /// Its type, as written.
    kind: Option<String>,
}

/// An entry of `disk_setup`.
#[derive(Debug, PartialEq)]
pub(super) struct Definition {
    pub(super) table: Table,
    pub(super) layout: Layout,
    pub(super) overwrite: bool,
}

/// GPT types by the code of sgdisk(8): a code and a GUID per line.
const GPT_TYPES: &str = include_str!("gpt-types.txt");
const LINUX: &str = "0FC63DAF-8483-4772-8E79-3D69D8477DE4";

fn invalid(node: &Node, message: impl Into<String>) -> ModuleError {
    ModuleError::Invalid { origin: node.origin.clone(), message: message.into() }
}

impl Definition {
    pub(super) fn read(node: &Node) -> Result<Self, ModuleError> {
        let layout = node.get("layout").filter(|layout| layout.is_truthy());
        let layout = layout.map_or(Ok(Layout::Nothing), Layout::read)?;
        let table = match node.get("table_type") {
            None => Table::Mbr,
            Some(kind) => match kind.as_str() {
                Some("mbr") => Table::Mbr,
                Some("gpt") => Table::Gpt,
                _ => return Err(invalid(kind, "table_type: expected mbr or gpt")),
            },
        };
        let overwrite = node.get("overwrite").is_some_and(Node::lenient_bool);
        Ok(Self { table, layout, overwrite })
    }
}

impl Layout {
    fn read(node: &Node) -> Result<Self, ModuleError> {
        match &node.value {
            Value::Bool(_) => Ok(Self::Whole),
            Value::Str(text) if text.eq_ignore_ascii_case("remove") => Ok(Self::Remove),
            Value::List(items) => {
                items.iter().map(Partition::read).collect::<Result<_, _>>().map(Self::Partitions)
            }
            _ => Err(invalid(node, "layout: expected true, false, remove or a list of partitions")),
        }
    }

    /// Whether the partitions with the types `found` are those asked for.
    pub(super) fn matches(&self, found: &[String]) -> Result<bool, ModuleError> {
        match self {
            Self::Nothing | Self::Remove => Ok(false),
            Self::Whole => Ok(!found.is_empty()),
            Self::Partitions(partitions) if partitions.len() != found.len() => Ok(false),
            Self::Partitions(partitions) => {
                for (partition, found) in partitions.iter().zip(found) {
                    if let Some(kind) = &partition.kind
                        && !same_type(kind, found)?
                    {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
        }
    }

    /// The input of sfdisk(8) for a table of type mbr on a device of this many sectors.
    pub(super) fn mbr(&self, sectors: f64) -> Result<String, ModuleError> {
        let Self::Partitions(partitions) = self else { return Ok(",,83\n".to_owned()) };
        if partitions.len() > 4 {
            return Err(ModuleError::Failed("a table of type mbr has at most four partitions".into()));
        }
        let mut lines = String::new();
        for (at, partition) in partitions.iter().enumerate() {
            let size = if at + 1 == partitions.len() { String::new() } else { partition.size(sectors) };
            lines.push_str(&format!(",{size},{}\n", partition.kind.as_deref().unwrap_or("83")));
        }
        Ok(lines)
    }

    /// The partitions of a table of type gpt: the end as sgdisk(8) takes it (`+SECTORS`, or 0 for the rest), and the type.
    pub(super) fn gpt(&self, sectors: f64) -> Vec<(String, Option<String>)> {
        let rest = "0".to_owned();
        let Self::Partitions(partitions) = self else { return vec![(rest, None)] };
        let mut all: Vec<(String, Option<String>)> = partitions
            .iter()
            .map(|partition| (format!("+{}", partition.size(sectors)), partition.kind.clone()))
            .collect();
        if let Some(last) = all.last_mut() {
            last.0 = rest;
        }
        all
    }
}

impl Partition {
    fn read(node: &Node) -> Result<Self, ModuleError> {
        let (percent, kind) = match &node.value {
            Value::List(pair) => match pair.as_slice() {
                [percent, kind] => (percent, Some(kind)),
                _ => return Err(invalid(node, "a partition needs a size and a type: [size, type]")),
            },
            _ => (node, None),
        };
        let number = match &percent.value {
            Value::Bool(_) => None,
            _ => percent.scalar_text().and_then(|text| text.trim().parse::<f64>().ok()),
        };
        let number = number.filter(|number| number.is_finite());
        let number = number.ok_or_else(|| invalid(percent, "the size of a partition must be a number, in percent"))?;
        let kind = match kind {
            Some(kind) if !kind.is_null() => {
                Some(kind.scalar_text().ok_or_else(|| invalid(kind, "the type of a partition must be text"))?)
            }
            _ => None,
        };
        Ok(Self { percent: number, kind })
    }

    #[expect(clippy::cast_possible_truncation, reason = "a cast saturates, and the partitioning program refuses such a size")]
    fn size(&self, sectors: f64) -> String {
        ((sectors * (self.percent / 100.0)) as i64).to_string()
    }
}

/// The GUID of a four-digit code.
fn guid(code: &str) -> Option<&'static str> {
    GPT_TYPES.lines().filter_map(|line| line.split_once(' ')).find(|(known, _)| *known == code).map(|(_, guid)| guid)
}

/// A code of two digits has two zeros after them.
fn four_digits(kind: &str) -> String {
    format!("{kind:0<4}")
}

/// The type as sgdisk(8) takes it: a code or a GUID.
pub(super) fn sgdisk_type(kind: &str) -> String {
    four_digits(kind)
}

/// The GUID of a type, for sfdisk(8); false if it is unknown, and Linux's.
pub(super) fn sfdisk_type(kind: Option<&str>) -> (String, bool) {
    let Some(kind) = kind else { return (LINUX.to_owned(), true) };
    let kind = four_digits(kind);
    match guid(&kind.to_uppercase()) {
        Some(guid) => (guid.to_owned(), true),
        None if kind.len() == 36 => (kind, true),
        None => (LINUX.to_owned(), false),
    }
}

/// Whether two types are the same: each a legacy code of two digits, a code of sgdisk(8) or a GUID.
fn same_type(wanted: &str, found: &str) -> Result<bool, ModuleError> {
    let read = |kind: &str| match kind.len() {
        2 | 4 => Ok(four_digits(&kind.to_uppercase())),
        36 => Ok(kind.to_uppercase()),
        _ => Err(ModuleError::Failed(format!("Unknown partition type {kind}"))),
    };
    let (wanted, found) = (read(wanted)?, read(found)?);
    if wanted.len() == found.len() {
        return Ok(wanted == found);
    }
    let promoted = |kind: String| match kind.len() {
        4 => guid(&kind)
            .map(str::to_owned)
            .ok_or_else(|| ModuleError::Failed(format!("Cannot find GPT GUID for type {kind}"))),
        _ => Ok(kind),
    };
    Ok(promoted(wanted)? == promoted(found)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expectations: cloudinit/config/cc_disk_setup.py: partition_type_matches.
    #[test]
    fn types_are_compared_over_their_spellings() {
        for (wanted, found, same) in [
            ("82", "82", true),
            ("82", "8200", true),
            ("8200", "0657fd6d-a4ab-43c4-84e5-0933c84b4f4f", true),
            ("83", "8200", false),
            ("ef00", "C12A7328-F81F-11D2-BA4B-00A0C93EC93B", true),
        ] {
            assert_eq!(same_type(wanted, found).ok(), Some(same), "{wanted} {found}");
        }
        assert!(same_type("82", "20969472").is_err());
        assert!(same_type("ffff", LINUX).is_err());
    }

    #[test]
    fn sizes_are_cut_to_sectors() {
        let layout = |text: &str| {
            let node = Node::from_yaml("t", text.as_bytes()).expect("valid").expect("there");
            Layout::read(&node).expect("a layout")
        };
        assert_eq!(layout("[33, [33, 82], 33]").mbr(1000.0).expect("three"), ",330,83\n,330,82\n,,83\n");
        assert_eq!(layout("true").mbr(1000.0).expect("one"), ",,83\n");
        assert!(layout("[1, 1, 1, 1, 1]").mbr(1000.0).is_err());
        assert_eq!(
            layout("[66.6, [33, 82]]").gpt(1000.0),
            [("+665".to_owned(), None), ("0".to_owned(), Some("82".to_owned()))]
        );
    }

    /// Expectations: cloudinit/config/cc_disk_setup.py: check_partition_layout.
    #[test]
    fn a_layout_matches_partitions_by_number_and_type() {
        for (text, found, expected) in [
            ("true", &["83"][..], Some(true)),
            ("true", &[], Some(false)),
            ("REMOVE", &["83"], Some(false)),
            ("[50, 50]", &["83", "82"], Some(true)),
            ("[50, 50]", &["83"], Some(false)),
            ("[50, [50, 82]]", &["83", "82"], Some(true)),
            ("[50, [50, 82]]", &["82", "83"], Some(false)),
            ("[[50, null], [50, 8200]]", &["7", "82"], Some(true)),
            ("[[100, linux]]", &["83"], None),
        ] {
            let node = Node::from_yaml("t", text.as_bytes()).expect("valid").expect("there");
            let found: Vec<String> = found.iter().map(|kind| (*kind).to_owned()).collect();
            let layout = Layout::read(&node).expect("a layout");
            assert_eq!(layout.matches(&found).ok(), expected, "{text} {found:?}");
        }
        assert!(!Layout::Nothing.matches(&[]).expect("no types"));
    }

    #[test]
    fn what_is_no_size_or_type() {
        for text in ["[[1]]", "[[1, 2, 3]]", "[true]", "[big]", "[.inf]", "[.nan]", "[[1, [82]]]", "[{}]", "7", "all"] {
            let node = Node::from_yaml("t", text.as_bytes()).expect("valid").expect("there");
            assert!(Layout::read(&node).is_err(), "{text}");
        }
    }

    /// The GUIDs of the UEFI specification and of the Discoverable Partitions Specification.
    #[test]
    fn types_for_the_programs() {
        for (kind, guid, known) in [
            (None, LINUX, true),
            (Some("83"), LINUX, true),
            (Some("ef00"), "C12A7328-F81F-11D2-BA4B-00A0C93EC93B", true),
            (Some("82"), "0657FD6D-A4AB-43C4-84E5-0933C84B4F4F", true),
            (Some("0FC63DAF-8483-4772-8E79-3D69D8477DE5"), "0FC63DAF-8483-4772-8E79-3D69D8477DE5", true),
            (Some("zzzz"), LINUX, false),
        ] {
            assert_eq!(sfdisk_type(kind), (guid.to_owned(), known), "{kind:?}");
        }
        assert_eq!(sgdisk_type("82"), "8200");
        assert_eq!(sgdisk_type("ef02"), "ef02");
    }
}
