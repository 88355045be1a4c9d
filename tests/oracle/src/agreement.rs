//! What agrees, per area.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};

use crate::tree::{AREAS, Outcome, area};
use crate::{Error, file};

/// How many of how many agree.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    agree: u64,
    total: u64,
}

/// Agreement per area over all cases.
#[derive(Debug, Default)]
pub struct Agreement {
    counts: BTreeMap<String, Count>,
    differences: Vec<String>,
}

impl Agreement {
    /// Counts one case.
    pub fn add(&mut self, case: &str, original: &Outcome, ours: &Outcome) {
        let names: BTreeSet<&String> = original.keys().chain(ours.keys()).collect();
        for name in names {
            let Some(area) = area(name) else { continue };
            let count = self.counts.entry(area.to_owned()).or_default();
            count.total += 1;
            let difference = match (original.get(name), ours.get(name)) {
                (Some(one), Some(other)) if one == other => {
                    count.agree += 1;
                    continue;
                }
                (Some(one), Some(other)) if one.head != other.head => {
                    format!("{} / {}", one.head, other.head)
                }
                (Some(one), Some(other)) => first_difference(&one.content, &other.content),
                (Some(one), None) => format!("{} / missing", one.head),
                (None, Some(other)) => format!("missing / {}", other.head),
                (None, None) => continue,
            };
            self.differences.push(format!("{case}: {name}: {difference}"));
        }
    }

    /// Whether everything agrees.
    pub fn is_whole(&self) -> bool {
        self.differences.is_empty()
    }

    /// Prints every difference, original first.
    pub fn print_differences(&self) {
        for difference in &self.differences {
            println!("{difference}");
        }
    }

    /// Prints the table.
    pub fn print(&self) {
        println!("\n{:<8} {:>6} {:>6} {:>8}", "area", "agree", "total", "percent");
        for (name, _) in AREAS {
            let count = self.counts.get(*name).copied().unwrap_or_default();
            println!("{name:<8} {:>6} {:>6} {:>8.1}", count.agree, count.total, percent(count));
        }
    }

    /// Lines for each area in which less agrees than in the baseline.
    pub fn fallen(&self, baseline: &BTreeMap<String, Count>) -> Vec<String> {
        let fallen = baseline.iter().filter_map(|(name, before)| {
            let now = self.counts.get(name).copied().unwrap_or_default();
            // Compared crosswise, as the totals may differ.
            let fell = now.agree * before.total < before.agree * now.total.max(1);
            let (now, before) = (percent(now), percent(*before));
            fell.then(|| format!("agreement in {name} fell from {before:.1} to {now:.1} percent"))
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

fn first_difference(one: &str, other: &str) -> String {
    let mut lines = one.lines().zip(other.lines()).enumerate();
    match lines.find(|(_, (one, other))| one != other) {
        Some((number, (one, other))) => format!("line {}: {one:?} / {other:?}", number + 1),
        None => format!("{} lines / {} lines", one.lines().count(), other.lines().count()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::State;

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
            &outcome(&[("/etc/a", "1"), ("/etc/b", "1\n3"), ("/opt/x", ""), ("told:status", "done")]),
        );
        assert_eq!(agreement.counts["etc"], Count { agree: 1, total: 3 });
        assert_eq!(
            agreement.differences,
            ["case: /etc/b: line 2: \"2\" / \"3\"", "case: /etc/c: file / missing"]
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
        assert_eq!(worse.fallen(&baseline), ["agreement in etc fell from 33.3 to 0.0 percent"]);
    }
}
