//! `explain`: which layers set a configuration key, which took precedence, and why.
//!
//! Nothing is recorded at boot. The layers are read again: the system files, and the processed user-data and
//! vendor-data part by part, merged like at boot with a trace.

mod gather;
mod path;
mod redact;

use std::fmt::Display;

use model::config::Origin;
use model::{Node, Value};

use crate::merge::{Outcome, Step, Trace};

pub use gather::{Gathered, gather};
pub use path::{PathError, parse, resolve, value_at};
pub use redact::{is_secret_key, shown};

/// The value of a key in one layer.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The value, with its place.
    pub node: Node,
    /// What happened to it.
    pub fates: Vec<String>,
    /// Whether the final value contains any of it.
    pub wins: bool,
}

/// The explanation of a key.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The path.
    pub path: Vec<String>,
    /// The final value; `None` if it was deleted.
    pub value: Option<Node>,
    /// The layers that set it, in increasing precedence.
    pub settings: Vec<Setting>,
}

/// What happened to a value in a merge.
#[derive(Clone, Debug)]
struct Event {
    path: Vec<String>,
    outcome: Outcome,
    by: String,
    old: Option<Node>,
    new: Node,
}

/// Traces what happens to a key.
#[derive(Debug, Default)]
pub struct Watch {
    wanted: Vec<String>,
    at: Vec<String>,
    events: Vec<Event>,
}

impl Watch {
    /// Creates a trace for a key.
    pub fn new(path: &[String]) -> Self {
        Self { wanted: path.to_vec(), ..Self::default() }
    }
}

impl Trace for Watch {
    fn enter(&mut self, step: Step<'_>) {
        self.at.push(match step {
            Step::Key(key) => key.to_string(),
            Step::Item(index) => index.to_string(),
        });
    }

    fn leave(&mut self) {
        self.at.pop();
    }

    fn note(&mut self, outcome: Outcome, by: &dyn Display, old: Option<&Node>, new: &Node) {
        if self.wanted.starts_with(&self.at) {
            self.events.push(Event {
                path: self.at.clone(),
                outcome,
                by: by.to_string(),
                old: old.cloned(),
                new: new.clone(),
            });
        }
    }
}

/// Explains a key.
pub fn explain(gathered: &Gathered, path: &[String]) -> Explanation {
    let mut watch = Watch::new(path);
    let merged = gathered.merged(&mut watch);
    let value = value_at(&merged, path).cloned();
    let mut settings: Vec<Setting> = Vec::new();
    let mut add = |node: &Node| {
        if !settings.iter().any(|known| known.node.origin == node.origin) {
            settings.push(Setting { node: node.clone(), fates: Vec::new(), wins: false });
        }
    };
    for layer in gathered.lowest_first() {
        if let Some(node) = value_at(layer, path) {
            add(node);
        }
    }
    // Values from a patch are in no layer.
    for event in watch.events.iter().filter(|event| event.path == path) {
        add(&event.new);
    }
    for event in &watch.events {
        tell(event, path, &mut settings);
    }
    let mut sources = Vec::new();
    if let Some(value) = &value {
        origins(value, &mut sources);
        // An item of a merged list is elsewhere in its layer.
        if !settings.iter().any(|setting| within(&setting.node, &value.origin)) {
            let by = |event: &&Event| event.path.len() < path.len() && within(&event.new, &value.origin);
            let joined = |event: &Event| format!("added by {}, by {}", event.new.origin, event.by);
            let fates = watch.events.iter().find(by).map(joined).into_iter().collect();
            settings.push(Setting { node: value.clone(), fates, wins: true });
        }
    }
    for setting in &mut settings {
        setting.wins = sources.iter().any(|origin| within(&setting.node, origin));
    }
    Explanation { path: path.to_vec(), value, settings }
}

/// Adds an event to the settings it is about.
fn tell(event: &Event, path: &[String], settings: &mut [Setting]) {
    // An event further up concerns everything below.
    let below = &path[event.path.len()..];
    let old = event.old.as_ref().and_then(|old| value_at(old, below));
    let new = value_at(&event.new, below);
    let (old_place, new_place) = (event.old.as_ref().map(|old| &old.origin), &event.new.origin);
    let by = &event.by;
    let mut say = |node: Option<&Node>, text: String| {
        let setting =
            node.and_then(|node| settings.iter_mut().find(|known| known.node.origin == node.origin));
        if let Some(setting) = setting.filter(|setting| !setting.fates.contains(&text)) {
            setting.fates.push(text);
        }
    };
    let place = |origin: Option<&Origin>| origin.map_or_else(String::new, ToString::to_string);
    match event.outcome {
        Outcome::Set => {}
        // Merging the container does not affect the value.
        Outcome::Merged if event.path != path => {}
        Outcome::Replaced => {
            say(old, format!("replaced by {new_place}, by {by}"));
            say(new, format!("replaces {}, by {by}", place(old_place)));
        }
        Outcome::Kept => {
            say(old, format!("takes precedence over {new_place}, by {by}"));
            say(new, format!("overridden by {}, by {by}", place(old_place)));
        }
        Outcome::Merged => {
            say(old, format!("merged with {new_place}, by {by}"));
            say(new, format!("merged into {}, by {by}", place(old_place)));
        }
        Outcome::Appended => say(new, format!("appended to {}, by {by}", place(old_place))),
        Outcome::Prepended => say(new, format!("prepended to {}, by {by}", place(old_place))),
        Outcome::Deleted => {
            say(old, format!("deleted by {new_place}, by {by}"));
            say(new, format!("deletes {}, by {by}", place(old_place)));
        }
    }
}

/// All origins in a value; depth is bounded by the reader.
fn origins(node: &Node, found: &mut Vec<Origin>) {
    match &node.value {
        Value::Map(map) if !map.is_empty() => map.values().for_each(|inner| origins(inner, found)),
        Value::List(items) if !items.is_empty() => items.iter().for_each(|inner| origins(inner, found)),
        _ => found.push(node.origin.clone()),
    }
}

/// Whether any part of a value was written at a place.
fn within(node: &Node, origin: &Origin) -> bool {
    node.origin == *origin
        || match &node.value {
            Value::Map(map) => map.values().any(|inner| within(inner, origin)),
            Value::List(items) => items.iter().any(|inner| within(inner, origin)),
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use system::Scratch;

    use super::*;
    use crate::userdata::{Included, Processor};
    use model::Paths;

    const DIRECTORY: &str = "/var/lib/cloud/instances/i";

    fn gathered(user: &str) -> Gathered {
        let (system, _) = Scratch::new()
            .file(
                "/etc/cloud/cloud.cfg",
                "packages: [vim]\nsystem_info:\n  distro: debian\n  paths: {a: 1}\n",
            )
            .file("/etc/cloud/cloud.cfg.d/90.cfg", "system_info: {paths: {b: 2}}\nlocale: C\n")
            .link("/var/lib/cloud/instance", DIRECTORY)
            .directory(DIRECTORY)
            .system();
        let paths = Paths::default();
        let processed = Processor { system: &system, paths: &paths, included: &Included::default() }
            .process("user-data", &[user.as_bytes()]);
        let message = processed.expect("processed").write();
        let path = paths.instance("user-data.txt.i");
        system.files.write(&path, &message, &model::effects::Attributes::secret()).expect("written");
        gather(&system)
    }

    const PARTS: &str = "Content-Type: multipart/mixed; boundary=\"b\"\nMIME-Version: 1.0\n\n\
        --b\nContent-Type: text/cloud-config\n\n#cloud-config\npackages: [nginx]\nlocale: de_DE\n\n\
        --b\nContent-Type: text/cloud-config\n\n#cloud-config\nmerge_how: dict(recurse_list)+list(append)\n\
        packages:\n - curl\n\n\
        --b\nContent-Type: text/cloud-config\n\n#cloud-config\nmerge_how: dict(replace,allow_delete)\nlocale: null\n\n\
        --b--\n";

    fn lines(explanation: &Explanation) -> Vec<String> {
        let line = |setting: &Setting| {
            let mark = if setting.wins { "*" } else { "-" };
            format!("{mark} {} {}: {}", setting.node.origin, setting.node.to_json(), setting.fates.join("; "))
        };
        explanation.settings.iter().map(line).collect()
    }

    #[test]
    fn each_layer_and_what_became_of_it() {
        let gathered = gathered(PARTS);
        let explanation = explain(&gathered, &["packages".to_owned()]);
        assert_eq!(explanation.value.as_ref().expect("set").to_json().to_string(), r#"["nginx","curl"]"#);
        assert_eq!(
            lines(&explanation),
            [
                "- /etc/cloud/cloud.cfg:1:11 [\"vim\"]: overridden by user-data part-001:2:11, by dict(no_replace)",
                "* user-data part-001:2:11 [\"nginx\"]: takes precedence over /etc/cloud/cloud.cfg:1:11, by dict(no_replace)",
                "* user-data part-002:4:2 [\"curl\"]: appended to user-data part-001:2:11, by list(append)",
            ]
        );
    }

    #[test]
    fn what_was_deleted_says_by_whom_and_what_is_below_shows_again() {
        let gathered = gathered(PARTS);
        let explanation = explain(&gathered, &["locale".to_owned()]);
        assert_eq!(
            lines(&explanation),
            [
                "* /etc/cloud/cloud.cfg.d/90.cfg:2:9 \"C\": ",
                "- user-data part-001:3:9 \"de_DE\": deleted by user-data part-003:3:9, by dict(replace,allow_delete)",
                "- user-data part-003:3:9 null: deletes user-data part-001:3:9, by dict(replace,allow_delete)",
            ]
        );
    }

    /// Every value counts where it was written, also an empty one and one deep in a list.
    #[test]
    fn each_part_of_a_value_takes_precedence_on_its_own() {
        let node = |text: &str| Node::from_yaml("t", text.as_bytes()).expect("valid").expect("there");
        let tree = node("a: {}\nb: []\nc: {x: 1, y: [2, {z: 3}]}\nd: null\n");
        let mut found = Vec::new();
        origins(&tree, &mut found);
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(found, ["t:1:4", "t:2:4", "t:3:8", "t:3:15", "t:3:22", "t:4:4"]);
        let deep = Origin { source: "t".into(), line: 3, column: 22 };
        assert!(within(&tree, &deep) && within(tree.get("c").expect("there"), &deep));
        assert!(!within(tree.get("a").expect("there"), &deep));
        assert!(within(tree.get("b").expect("there"), &Origin { line: 2, column: 4, ..deep }));
        let gathered = gathered("#cloud-config\nsystem_info: {}\nempty: []\n");
        let explanation = explain(&gathered, &["empty".to_owned()]);
        assert_eq!(lines(&explanation), ["* user-data part-001:3:8 []: "]);
        let explanation = explain(&gathered, &["system_info".to_owned()]);
        assert!(lines(&explanation).iter().all(|line| line.starts_with("* ") || line.contains(" {}: ")));
    }

    #[test]
    fn mappings_are_merged_and_items_have_their_own_place() {
        let gathered = gathered(PARTS);
        let path = ["system_info".to_owned(), "paths".to_owned()];
        let found = lines(&explain(&gathered, &path));
        assert_eq!(
            found[1],
            "* /etc/cloud/cloud.cfg:4:10 {\"a\":1}: merged into /etc/cloud/cloud.cfg.d/90.cfg:1:22, by dict(no_replace)"
        );
        let item = explain(&gathered, &["packages".to_owned(), "1".to_owned()]);
        assert_eq!(
            lines(&item),
            ["* user-data part-002:4:4 \"curl\": added by user-data part-002:4:2, by list(append)"]
        );
    }
}
