//! Where the original is wrong and ours is not: each with its reason, and a row in docs/differences.md.
//!
//! A row says from the description which statements may differ, in which file and section and with which value: what it
//! does not say is not explained.

mod dhcp;
mod links;
mod routes;
mod suse;

use crate::Output;
use crate::compare::{Change, What};
use crate::describe::{Description, Link};

/// A disagreement that is meant.
pub struct Known {
    /// Its name in the table.
    pub name: &'static str,
    /// Why.
    pub reason: &'static str,
    /// The outputs that it concerns.
    pub outputs: &'static [&'static str],
    /// The kinds of its differences; each has to occur.
    pub patterns: &'static [&'static str],
    /// The differences that it explains in a description.
    pub differences: fn(&mut Case<'_>),
}

/// All of them.
pub const KNOWN: &[Known] = &[
    routes::OF_NO_LINK,
    routes::PARTICULAR,
    routes::RULES,
    routes::IN_THEIR_STANZA,
    suse::ROUTES,
    dhcp::OVERRIDES,
    dhcp::ADVERTISEMENTS,
    dhcp::ACCEPT_RA,
    dhcp::METRICS,
    links::MATCH,
    links::OPTIONAL,
    links::GIVEN_ADDRESSES,
    links::GIVEN_MTU,
    links::BOND_OPTIONS,
    links::BOND_PRIMARY,
    links::BOND_MEMBER_MAC,
    links::BOND_MODE,
    links::INFINIBAND,
    links::NETPLAN_EMPTY,
];

/// A difference that a row explains.
#[derive(Debug, Clone)]
struct Expected {
    pattern: &'static str,
    path: String,
    what: ExpectedWhat,
}

#[derive(Debug, Clone)]
enum ExpectedWhat {
    /// The same as a change.
    Exactly(What),
    /// These statements may stand elsewhere among those of their group; the others may not.
    Moved(Vec<String>),
}

impl Expected {
    fn explains(&self, change: &Change) -> bool {
        if self.path != change.path {
            return false;
        }
        match (&self.what, &change.what) {
            (ExpectedWhat::Exactly(expected), what) => expected == what,
            (ExpectedWhat::Moved(movable), What::Order { original, ours }) => {
                let fixed = |all: &[String]| -> Vec<String> {
                    all.iter().filter(|entry| !movable.contains(entry)).cloned().collect()
                };
                fixed(original) == fixed(ours)
            }
            (ExpectedWhat::Moved(_), _) => false,
        }
    }
}

/// A description and what a row has said of it so far.
pub struct Case<'c> {
    /// What is described.
    pub description: &'c Description,
    /// The output's name.
    pub output: &'static str,
    found: Vec<Expected>,
}

impl<'c> Case<'c> {
    fn links(&self) -> impl Iterator<Item = &'c Link> + use<'c> {
        self.description.links.iter()
    }

    /// The file of a link, or of all of them.
    fn file(&self, link: &Link) -> String {
        match self.output {
            "eni" => "/etc/network/interfaces.d/50-cloud-init".to_owned(),
            "netplan" => "/etc/netplan/50-cloud-init.yaml".to_owned(),
            "networkd" => format!("/etc/systemd/network/10-cloud-init-{}.network", link.name),
            "network-manager" => {
                format!("/etc/NetworkManager/system-connections/cloud-init-{}.nmconnection", link.id)
            }
            "sysconfig" => format!("/etc/sysconfig/network-scripts/ifcfg-{}", link.name),
            _ => format!("/etc/sysconfig/network/ifcfg-{}", link.name),
        }
    }

    fn add(&mut self, pattern: &'static str, path: &str, what: What) {
        self.found.push(Expected { pattern, path: path.to_owned(), what: ExpectedWhat::Exactly(what) });
    }

    /// A statement that only the original makes.
    fn theirs(&mut self, pattern: &'static str, path: &str, place: &str, text: impl Into<String>) {
        self.add(pattern, path, What::Line { ours: false, place: place.to_owned(), text: text.into() });
    }

    /// A statement that only ours makes.
    fn ours(&mut self, pattern: &'static str, path: &str, place: &str, text: impl Into<String>) {
        self.add(pattern, path, What::Line { ours: true, place: place.to_owned(), text: text.into() });
    }

    /// A file that only ours writes, readable by all, with the comment that all of its kind have.
    fn new_file(&mut self, pattern: &'static str, path: &str, place: &str) {
        self.add(pattern, path, What::File { ours: true, mode: 0o644 });
        for line in ["# Created by cloud-init automatically, do not edit.", "#"] {
            self.ours(pattern, path, place, line);
        }
    }

    fn moved(&mut self, pattern: &'static str, path: &str, statements: Vec<String>) {
        self.found.push(Expected { pattern, path: path.to_owned(), what: ExpectedWhat::Moved(statements) });
    }
}

/// A row and the kind of difference of it that was met.
pub type Met = (&'static str, &'static str);

/// What together explains every change; the changes that are left where something does not.
///
/// # Errors
///
/// The changes that nothing explains.
pub fn explanations(
    description: &Description,
    output: Output,
    changes: &[Change],
) -> Result<Vec<Met>, Vec<Change>> {
    let mut possible: Vec<(&'static str, Expected)> = Vec::new();
    for known in KNOWN.iter().filter(|known| known.outputs.contains(&output.name)) {
        let mut case = Case { description, output: output.name, found: Vec::new() };
        (known.differences)(&mut case);
        possible.extend(case.found.into_iter().map(|expected| (known.name, expected)));
    }
    let (mut met, mut left) = (Vec::new(), Vec::new());
    for change in changes {
        match possible.iter().position(|(_, expected)| expected.explains(change)) {
            // Each explains once.
            Some(at) => {
                let (name, expected) = possible.remove(at);
                if !met.contains(&(name, expected.pattern)) {
                    met.push((name, expected.pattern));
                }
            }
            None => left.push(change.clone()),
        }
    }
    if left.is_empty() { Ok(met) } else { Err(left) }
}
