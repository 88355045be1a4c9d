//! In what two renderings differ: each file taken apart into what its reader sees, so that a difference has a place.

mod entries;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use model::{NetworkConfig, Node};
use network_managers::convert::convert;
use serde_json::Value;
use system::Scratch;

pub use self::entries::{Entry, entries};
use crate::Output;

/// What of files is not compared, and why; printed by `--help`.
pub const NOT_COMPARED: &str = "\
What differs between two files without being a difference, and why (all else is compared: modes, comments, the order
of addresses, routes, name servers and stanzas, which file a statement is in):

  all                 blank lines, white space at line ends: no reader sees it
  netplan             order of keys, quotes, line breaks and indentation: it is YAML
  network-manager     order of sections and of keys, sections said twice: GLib's key files have none; lists and numbered
                      keys are values and have their order in them
  networkd            order of sections but [Address], [Route], [RoutingPolicyRule], order of different keys
  sysconfig: ifcfg-   order of variables: the shell assigns them; numbered ones have their order in their names
  sysconfig: route-   numbers of routes: their order is compared, and whether a number is missing
  rc.conf             order of variables

Not compared for want of them: owners (net-convert sets none) and what activators run.";

/// Modes and contents by path.
pub type Files = BTreeMap<String, (u32, String)>;

/// What ours makes of a description.
#[derive(Debug, Clone)]
pub struct Rendering {
    /// The files.
    pub files: Files,
    /// The keys that it reports as not expressible, and in how many places.
    pub unexpressed: Vec<(String, usize)>,
}

/// What ours writes; the message where it refuses.
///
/// # Errors
///
/// It refuses.
pub fn rendering(config: &Value, output: Output) -> Result<Rendering, String> {
    let text = config.to_string();
    let node = Node::from_yaml("description", text.as_bytes()).map_err(|error| error.to_string())?;
    let config = NetworkConfig::new(node.ok_or("nothing")?);
    let settings = network_managers::Settings::of(output.distro);
    let found = convert(&config, &[], output.renderer, &settings, &Scratch::new())
        .map_err(|error| error.to_string())?;
    let files = found.files.into_iter();
    Ok(Rendering {
        files: files.map(|file| (file.path.display().to_string(), (file.mode, file.content))).collect(),
        unexpressed: found.unexpressed.into_iter().map(|lost| (lost.key, 1 + lost.others)).collect(),
    })
}

/// The files that ours writes; the message where it refuses.
///
/// # Errors
///
/// It refuses.
pub fn ours(config: &Value, output: Output) -> Result<Files, String> {
    rendering(config, output).map(|found| found.files)
}

/// One thing in which two renderings differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The file.
    pub path: String,
    /// What differs.
    pub what: What,
}

/// What differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A file that only one writes, its mode and its comments. Its lines follow.
    File {
        /// Ours writes it.
        ours: bool,
        /// Its mode.
        mode: u32,
    },
    /// The modes.
    Mode {
        /// The original's.
        original: u32,
        /// Ours.
        ours: u32,
    },
    /// A line that only one has.
    Line {
        /// Ours has it.
        ours: bool,
        /// The section, stanza or link that it belongs to.
        place: String,
        /// The line.
        text: String,
    },
    /// Lines that both have, one after another in an order that means something.
    Order {
        /// The original's.
        original: Vec<String>,
        /// Ours.
        ours: Vec<String>,
    },
    /// Ours refuses the description.
    Refused(String),
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = |ours: &bool| if *ours { '+' } else { '-' };
        write!(f, "{}: ", self.path)?;
        match &self.what {
            What::File { ours, mode } => write!(f, "{} the file, mode {mode:04o}", sign(ours)),
            What::Mode { original, ours } => write!(f, "mode {original:04o}, ours {ours:04o}"),
            What::Line { ours, place, text } => write!(f, "{} {place} | {text}", sign(ours)),
            What::Order { original, ours } => {
                write!(
                    f,
                    "another order:\n    {}\n  ours:\n    {}",
                    original.join("\n    "),
                    ours.join("\n    ")
                )
            }
            What::Refused(error) => write!(f, "ours refuses: {error}"),
        }
    }
}

/// How alike two renderings are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Likeness {
    /// The same bytes and modes.
    Identical,
    /// The same contents.
    Same,
    /// Something else.
    Different(Vec<Change>),
}

/// Compares two renderings.
pub fn compare(output: Output, original: &Files, ours: &Files) -> Likeness {
    if original == ours {
        return Likeness::Identical;
    }
    let mut changes = Vec::new();
    for path in original.keys().chain(ours.keys()).collect::<BTreeSet<_>>() {
        let mut add = |what: What| changes.push(Change { path: path.clone(), what });
        match (original.get(path), ours.get(path)) {
            (Some((original, _)), Some((ours, _))) if original != ours => {
                add(What::Mode { original: *original, ours: *ours });
            }
            (Some((mode, _)), None) => add(What::File { ours: false, mode: *mode }),
            (None, Some((mode, _))) => add(What::File { ours: true, mode: *mode }),
            _ => {}
        }
        let of = |files: &Files| {
            files.get(path).map_or_else(Vec::new, |(_, content)| entries(output, path, content))
        };
        differences(&of(original), &of(ours)).into_iter().for_each(add);
    }
    if changes.is_empty() { Likeness::Same } else { Likeness::Different(changes) }
}

/// Those of one side that the other has no match for, and the others.
fn partition<'e>(entries: &'e [Entry], others: &[Entry]) -> (Vec<&'e Entry>, Vec<&'e Entry>) {
    let same = |one: &Entry, other: &Entry| one.place == other.place && one.text == other.text;
    let mut left: Vec<&Entry> = others.iter().collect();
    entries.iter().partition(|entry| match left.iter().position(|other| same(entry, other)) {
        Some(at) => {
            left.remove(at);
            false
        }
        None => true,
    })
}

fn differences(original: &[Entry], ours: &[Entry]) -> Vec<What> {
    let (only_theirs, theirs) = partition(original, ours);
    let (only_ours, own) = partition(ours, original);
    let line = |ours: bool| {
        move |entry: &Entry| What::Line { ours, place: entry.place.clone(), text: entry.text.clone() }
    };
    let mut found: Vec<What> = only_theirs.into_iter().map(line(false)).collect();
    found.extend(only_ours.into_iter().map(line(true)));
    let groups: BTreeSet<&str> = theirs.iter().filter_map(|entry| entry.group.as_deref()).collect();
    for group in groups {
        let of = |entries: &[&Entry]| -> Vec<String> {
            let in_group = entries.iter().filter(|entry| entry.group.as_deref() == Some(group));
            in_group.map(|entry| format!("{} | {}", entry.place, entry.text)).collect()
        };
        let (original, ours) = (of(&theirs), of(&own));
        if original != ours {
            found.push(What::Order { original, ours });
        }
    }
    found
}
