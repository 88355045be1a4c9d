//! How many cases agree, and how often each row of the known differences was met.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use userdata_oracle::difference::{Difference, Place};
use userdata_oracle::known::{self, Known};
use userdata_oracle::original::Error;

/// How a case ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing differs.
    Same,
    /// Each place that differs has its row.
    Listed,
    /// A place that differs has none.
    Different,
}

/// Cases of a row of the harness.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Count {
    cases: u64,
    same: u64,
    /// Same but for listed places.
    listed: u64,
    /// One of the two gave nothing to compare, for a listed reason.
    outside: u64,
    #[serde(skip)]
    different: u64,
}

/// Counts of a run.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Tally {
    cases: BTreeMap<String, Count>,
    /// Places by the row that covers them.
    known: BTreeMap<String, u64>,
}

impl Tally {
    /// Counts a case with the row of each of its differences.
    pub fn add(&mut self, row: &str, differences: &[Difference], found: &[Option<&Known>]) -> Verdict {
        let count = self.cases.entry(row.to_owned()).or_default();
        count.cases += 1;
        for known in found.iter().flatten() {
            *self.known.entry(known.name.to_owned()).or_default() += 1;
        }
        if found.is_empty() {
            count.same += 1;
            return Verdict::Same;
        }
        if found.iter().any(Option::is_none) {
            count.different += 1;
            return Verdict::Different;
        }
        let outside = differences.iter().any(|one| matches!(one.place, Place::Raised | Place::Refused));
        *(if outside { &mut count.outside } else { &mut count.listed }) += 1;
        Verdict::Listed
    }

    /// Prints the cases, and the rows with what they covered.
    pub fn print(&self) {
        println!(
            "\n{:14} {:>6} {:>6} {:>22} {:>13} {:>10}",
            "row", "cases", "same", "but for listed places", "not compared", "different"
        );
        for (name, count) in &self.cases {
            let Count { cases, same, listed, outside, different } = count;
            println!("{name:14} {cases:6} {same:6} {listed:22} {outside:13} {different:10}");
        }
        println!("\n{:>6}  listed difference", "places");
        for known in known::all() {
            if let Some(places) = self.known.get(known.name) {
                println!("{places:6}  {}: {}", known.name, known.reason);
            }
        }
    }

    /// Whether every place that differs has its row.
    pub fn is_explained(&self) -> bool {
        self.cases.values().all(|count| count.different == 0)
    }

    /// Writes the counts.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        let text = serde_json::to_string_pretty(self).map_err(Error::Answer)? + "\n";
        std::fs::write(path, text).map_err(oracle::file(path.display().to_string())).map_err(Error::from)
    }

    /// A line for everything that is no longer as it is recorded, and for each row that covered nothing.
    pub fn changed(&self, path: &Path) -> Result<Vec<String>, Error> {
        let text = std::fs::read_to_string(path).map_err(oracle::file(path.display().to_string()))?;
        let before: Self = serde_json::from_str(&text)
            .map_err(|source| oracle::Error::Baseline { path: path.to_owned(), source })?;
        let mut lines = Vec::new();
        for (name, before) in &before.cases {
            let now = self.cases.get(name).copied().unwrap_or_default();
            for (what, now, before) in [
                ("cases", now.cases, before.cases),
                ("same", now.same, before.same),
                ("same but for listed places", now.listed, before.listed),
                ("not compared", now.outside, before.outside),
            ] {
                if now != before {
                    lines.push(format!("{name}: {what}: {now}, {before} are recorded"));
                }
            }
        }
        for known in known::all() {
            let of = |tally: &Self| tally.known.get(known.name).copied().unwrap_or_default();
            match (of(self), of(&before)) {
                (0, 0) if known::RARE.contains(&known.name) => {}
                (0, _) => lines.push(format!("stale: {}", known.name)),
                (now, before) if now > before => {
                    lines.push(format!("{}: covers {now} places, {before} are recorded", known.name));
                }
                (now, before) if now < before => lines.push(format!(
                    "{}: covers {now} places, {before} are recorded: strike the others off with --update",
                    known.name
                )),
                _ => {}
            }
        }
        Ok(lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drift_is_reported() {
        let percent = known::all().find(|known| known.name == "percent");
        let refused = Difference { place: Place::Refused, theirs: None, ours: None };
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("agreement.json");
        let mut before = Tally::default();
        assert_eq!(before.add("jinja", &[], &[]), Verdict::Same);
        assert_eq!(before.add("jinja", std::slice::from_ref(&refused), &[percent]), Verdict::Listed);
        before.write(&path).expect("written");
        let mut now = Tally::default();
        for _ in 0..2 {
            now.add("jinja", std::slice::from_ref(&refused), &[percent]);
        }
        let changed = now.changed(&path).expect("read");
        for line in [
            "jinja: same: 0, 1 are recorded",
            "jinja: not compared: 2, 1 are recorded",
            "percent: covers 2 places, 1 are recorded",
            "stale: marker",
        ] {
            assert!(changed.iter().any(|other| other == line), "{line}: {changed:#?}");
        }
        assert!(!before.changed(&path).expect("read").iter().any(|line| line.contains("recorded")));
        assert_eq!(now.add("jinja", &[refused], &[None]), Verdict::Different);
        assert!(!now.is_explained());
    }
}
