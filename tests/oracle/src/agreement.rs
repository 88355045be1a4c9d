//! What agrees, per area.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};

use crate::tree::{AREAS, Outcome, State, area};
use crate::{Error, difference, file};

/// How many of how many agree.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    agree: u64,
    total: u64,
}

/// An entry in which two outcomes differ.
#[derive(Debug, PartialEq, Eq)]
pub struct Difference {
    /// `CASE: NAME`.
    pub entry: String,
    /// The lines that differ, `-` the original's and `+` ours.
    pub lines: Vec<String>,
}

/// Agreement per area over all cases.
#[derive(Debug, Default)]
pub struct Agreement {
    counts: BTreeMap<String, Count>,
    /// By case.
    cases: BTreeMap<String, Count>,
    differences: Vec<Difference>,
}

impl Agreement {
    /// Counts one case.
    pub fn add(&mut self, case: &str, original: &Outcome, ours: &Outcome) {
        let names: BTreeSet<&String> = original.keys().chain(ours.keys()).collect();
        for name in names {
            let (one, other) = (original.get(name), ours.get(name));
            let of_area = self.counts.entry(area(name).to_owned()).or_default();
            let of_case = self.cases.entry(case.to_owned()).or_default();
            for count in [of_area, of_case] {
                count.total += 1;
                count.agree += u64::from(one == other);
            }
            if one == other {
                continue;
            }
            let text = |state: Option<&State>| match state {
                Some(State { head, content }) if head.is_empty() || content.is_empty() => {
                    format!("{head}{content}")
                }
                Some(State { head, content }) => format!("{head}\n{content}"),
                None => "missing".to_owned(),
            };
            let mut lines = difference::lines(&text(one), &text(other));
            if lines.is_empty() {
                lines.push("~ the end of the last line".to_owned());
            }
            self.differences.push(Difference { entry: format!("{case}: {name}"), lines });
        }
    }

    /// What differs.
    pub fn differences(&self) -> &[Difference] {
        &self.differences
    }

    /// Prints the table.
    pub fn print(&self) {
        println!("\n{:<9} {:>6} {:>6} {:>8}", "area", "agree", "total", "percent");
        for (name, _) in AREAS {
            let count = self.counts.get(*name).copied().unwrap_or_default();
            println!("{name:<9} {:>6} {:>6} {:>8.1}", count.agree, count.total, percent(count));
        }
    }

    /// Prints the table by case; the others have a reason, except for those that are said to have none.
    pub fn print_cases(&self, unknown: &[String]) {
        println!(
            "\n{:<22} {:>7} {:>7} {:>12} {:>14}",
            "case", "entries", "agree", "with reason", "without reason"
        );
        for (case, count) in &self.cases {
            let is_of_case = |entry: &&String| entry.split_once(": ").is_some_and(|(of, _)| of == case);
            let without = unknown.iter().filter(is_of_case).count() as u64;
            let listed = count.total - count.agree - without;
            println!("{case:<22} {:>7} {:>7} {listed:>12} {without:>14}", count.total, count.agree);
        }
    }

    /// Lines for each area in which less agrees than in the baseline.
    pub fn fallen(&self, baseline: &BTreeMap<String, Count>) -> Vec<String> {
        let fallen = baseline.iter().filter_map(|(name, before)| {
            let now = self.counts.get(name).copied().unwrap_or_default();
            let (now, before) = (now.agree, before.agree);
            (now < before).then(|| format!("{now} entries of {name} agree, and {before} did"))
        });
        fallen.collect()
    }

    /// Writes the baseline.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        let counts = self.counts.iter();
        let document: serde_json::Map<String, Value> = counts
            .map(|(name, count)| (name.clone(), json!({"agree": count.agree, "total": count.total})))
            .collect();
        let text = format!("{:#}\n", Value::Object(document));
        std::fs::write(path, text).map_err(file(path.display().to_string()))
    }

    /// Reads the baseline.
    pub fn read_baseline(path: &Path) -> Result<BTreeMap<String, Count>, Error> {
        let text = std::fs::read(path).map_err(file(path.display().to_string()))?;
        let counts: BTreeMap<String, BTreeMap<String, u64>> = serde_json::from_slice(&text)
            .map_err(|source| Error::Baseline { path: path.to_owned(), source })?;
        let number = |count: &BTreeMap<String, u64>, key: &str| count.get(key).copied().unwrap_or_default();
        let read = |(name, count): (String, BTreeMap<String, u64>)| {
            (name, Count { agree: number(&count, "agree"), total: number(&count, "total") })
        };
        Ok(counts.into_iter().map(read).collect())
    }
}

fn percent(count: Count) -> f64 {
    if count.total == 0 { 0.0 } else { count.agree as f64 * 100.0 / count.total as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(states: &[(&str, &str)]) -> Outcome {
        let state = |(name, content): &(&str, &str)| {
            ((*name).to_owned(), State { head: "file".into(), content: (*content).to_owned() })
        };
        states.iter().map(state).collect()
    }

    #[test]
    fn counts_and_holds_the_baseline() {
        let mut agreement = Agreement::default();
        agreement.add(
            "case",
            &outcome(&[("/etc/a", "1"), ("/etc/b", "1\n2"), ("/etc/c", ""), ("told:status", "done")]),
            &outcome(&[("/etc/a", "1"), ("/etc/b", "1\n3"), ("/mnt/x", ""), ("told:status", "done")]),
        );
        assert_eq!(agreement.counts["etc"], Count { agree: 1, total: 3 });
        assert_eq!(agreement.counts["elsewhere"], Count { agree: 0, total: 1 });
        let found: Vec<(&str, Vec<&str>)> = agreement
            .differences
            .iter()
            .map(|one| (one.entry.as_str(), one.lines.iter().map(String::as_str).collect()))
            .collect();
        assert_eq!(
            found,
            [
                ("case: /etc/b", vec!["-2", "+3"]),
                ("case: /etc/c", vec!["-file", "+missing"]),
                ("case: /mnt/x", vec!["-missing", "+file"]),
            ]
        );
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("agreement.json");
        agreement.write(&path).expect("written");
        let baseline = Agreement::read_baseline(&path).expect("read");
        assert!(agreement.fallen(&baseline).is_empty());
        let mut worse = Agreement::default();
        worse.add(
            "case",
            &outcome(&[("/etc/a", "1"), ("told:status", "done")]),
            &outcome(&[("told:status", "done")]),
        );
        assert_eq!(worse.fallen(&baseline), ["0 entries of etc agree, and 1 did"]);
    }
}
