//! What the reader of a file sees in it.

use serde_json::Value;

use crate::Output;

/// A statement of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The section, stanza or link that it belongs to; `#` is that of the comments.
    pub place: String,
    /// The statement.
    pub text: String,
    /// Those of one group have an order that means something.
    pub group: Option<String>,
}

impl Entry {
    fn new(place: &str, text: impl Into<String>, group: Option<&str>) -> Self {
        Self { place: place.to_owned(), text: text.into(), group: group.map(str::to_owned) }
    }
}

/// The statements of a file in their order.
pub fn entries(output: Output, path: &str, content: &str) -> Vec<Entry> {
    match output.renderer {
        "netplan" => netplan(content),
        "networkd" => networkd(content),
        "network-manager" => keyfile(content),
        "eni" if !path.ends_with(".rules") => stanzas(content),
        "sysconfig" if path.contains("/ifcfg-") => assignments(content),
        "sysconfig" if path.contains("/route-") || path.contains("/route6-") => routes(content),
        // The shell reads them, in any order.
        "freebsd" | "netbsd" if path.ends_with("rc.conf") => assignments(content),
        _ => content.lines().map(|line| Entry::new("", line.trim_end(), Some("lines"))).collect(),
    }
}

fn comment(line: &str) -> Entry {
    Entry::new("#", line, Some("#"))
}

/// Variables; numbered ones have their order in their names.
fn assignments(content: &str) -> Vec<Entry> {
    let lines = content.lines().map(str::trim_end).filter(|line| !line.is_empty());
    lines.map(|line| if line.starts_with('#') { comment(line) } else { Entry::new("", line, None) }).collect()
}

/// Routes by whatever form; the form is a statement of its own.
fn routes(content: &str) -> Vec<Entry> {
    let mut found = Vec::new();
    let mut numbers: Vec<&str> = Vec::new();
    let value = |name: &str, number: &str| {
        let key = format!("{name}{number}=");
        content.lines().find_map(|line| line.strip_prefix(key.as_str())).unwrap_or_default()
    };
    for line in content.lines().map(str::trim_end).filter(|line| !line.is_empty()) {
        if line.starts_with('#') {
            found.push(comment(line));
        } else if let Some((name, _)) = line.split_once('=') {
            let number = name.trim_start_matches(|letter: char| letter.is_ascii_alphabetic());
            if !numbers.contains(&number) {
                numbers.push(number);
                let metric = value("METRIC", number);
                let metric = if metric.is_empty() { String::new() } else { format!(" metric {metric}") };
                let (to, mask, via) =
                    (value("ADDRESS", number), value("NETMASK", number), value("GATEWAY", number));
                found.push(Entry::new("", format!("{to} {mask} via {via}{metric}"), Some("routes")));
            }
        } else {
            found.push(Entry::new("", line, Some("routes")));
        }
    }
    if !numbers.is_empty() {
        // The first that is missing ends the list for initscripts.
        let gap = numbers.iter().enumerate().any(|(at, number)| at.to_string() != **number);
        found.push(Entry::new("form", if gap { "numbered with a gap" } else { "numbered" }, None));
    }
    found
}

/// A section's lines have no order; those of one key have.
fn keyfile(content: &str) -> Vec<Entry> {
    let mut section = "";
    let mut found = Vec::new();
    for line in content.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if line.starts_with('#') {
            found.push(comment(line));
        } else if line.starts_with('[') {
            section = line;
            // Sections of one name are one.
            let head = Entry::new(section, "", None);
            if !found.contains(&head) {
                found.push(head);
            }
        } else {
            found.push(Entry::new(section, line, None));
        }
    }
    found
}

/// Sections that each stand for a thing of their own.
const THINGS: &[&str] = &["[Address]", "[Route]", "[RoutingPolicyRule]"];

fn networkd(content: &str) -> Vec<Entry> {
    let mut found: Vec<Entry> = Vec::new();
    let mut section = String::new();
    for line in content.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let thing = THINGS.contains(&section.as_str());
        if line.starts_with('#') {
            found.push(comment(line));
        } else if line.starts_with('[') {
            line.clone_into(&mut section);
            let of_things = THINGS.contains(&line);
            let head = Entry::new(line, "", of_things.then_some(line));
            if of_things || !found.contains(&head) {
                found.push(head);
            }
        } else if let (true, Some(last)) = (thing, found.last_mut()) {
            let mut lines: Vec<&str> = last.text.split(' ').filter(|text| !text.is_empty()).collect();
            lines.push(line);
            lines.sort_unstable();
            last.text = lines.join(" ");
        } else {
            let key = line.split('=').next().unwrap_or_default();
            found.push(Entry::new(&section, line, Some(&format!("{section} {key}"))));
        }
    }
    found
}

/// interfaces(5): a stanza is named by its link and family.
fn stanzas(content: &str) -> Vec<Entry> {
    let mut found: Vec<Entry> = Vec::new();
    let mut waiting: Vec<&str> = Vec::new();
    let mut place = String::new();
    for line in content.lines().map(str::trim_end).filter(|line| !line.is_empty()) {
        if line.starts_with("# ") && !line.starts_with("# control-") {
            found.push(comment(line));
        } else if let Some(rest) = line.strip_prefix("iface ") {
            let words: Vec<&str> = rest.split(' ').take(2).collect();
            place = words.join(" ");
            for line in waiting.drain(..).chain([line]) {
                found.push(Entry::new(&place, line, Some("lines")));
            }
        } else if line.starts_with(' ') {
            found.push(Entry::new(&place, line.trim_start(), Some("lines")));
        } else {
            // `auto` and its kin stand above the stanza.
            waiting.push(line);
        }
    }
    found.extend(waiting.into_iter().map(|line| Entry::new("", line, Some("lines"))));
    found
}

/// netplan's YAML: the place is the link, the text the path in it and the value.
fn netplan(content: &str) -> Vec<Entry> {
    let mut found: Vec<Entry> = content.lines().filter(|line| line.starts_with('#')).map(comment).collect();
    match serde_yaml::from_str::<Value>(content) {
        Ok(Value::Object(document)) => {
            for (key, value) in &document {
                match value.as_object().filter(|_| key == "network") {
                    Some(network) => network.iter().for_each(|(key, value)| section(key, value, &mut found)),
                    None => leaves("", key, value, &mut found),
                }
            }
        }
        _ => found.extend(content.lines().map(|line| Entry::new("not YAML", line, Some("lines")))),
    }
    found
}

fn section(name: &str, value: &Value, found: &mut Vec<Entry>) {
    let Some(links) = value.as_object() else { return leaves("", name, value, found) };
    for (link, settings) in links {
        let place = format!("{name}.{link}");
        found.push(Entry::new(&place, "", None));
        for (key, value) in settings.as_object().into_iter().flatten() {
            leaves(&place, key, value, found);
        }
    }
}

fn leaves(place: &str, path: &str, value: &Value, found: &mut Vec<Entry>) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                leaves(place, &format!("{path}.{key}"), value, found);
            }
        }
        Value::Array(list) if !list.is_empty() => {
            let group = format!("{place} {path}");
            found.extend(list.iter().map(|item| Entry::new(place, format!("{path}: {item}"), Some(&group))));
        }
        value => found.push(Entry::new(place, format!("{path}: {value}"), None)),
    }
}
