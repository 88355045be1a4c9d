//! Names of owners.

use std::collections::HashMap;
use std::path::Path;

use model::effects::ReadFiles;

/// The accounts and groups of the machine after the planned boot.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    users: HashMap<u32, String>,
    groups: HashMap<u32, String>,
}

impl Accounts {
    /// The accounts of the root's files.
    pub(super) fn read(files: &dyn ReadFiles) -> Self {
        let names = |path: &str| {
            let text = files.text(Path::new(path)).unwrap_or_default();
            let entry = |line: &str| {
                let mut fields = line.split(':');
                let name = fields.next()?.to_owned();
                Some((fields.nth(1)?.parse().ok()?, name))
            };
            // If several names share a number, the first one is the system's.
            text.lines().rev().filter_map(entry).collect()
        };
        Self { users: names("/etc/passwd"), groups: names("/etc/group") }
    }

    /// `user:group`, as numbers where there is no name.
    pub(super) fn named(&self, (user, group): (u32, u32)) -> String {
        let name = |names: &HashMap<u32, String>, number: u32| {
            names.get(&number).cloned().unwrap_or_else(|| number.to_string())
        };
        format!("{}:{}", name(&self.users, user), name(&self.groups, group))
    }
}
