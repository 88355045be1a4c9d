//! What the fixed descriptions come to, in a file: a change of it is accepted by a person, never by the run.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::held::LOSSES;
use crate::judge::{Judged, Verdict};
use crate::known::KNOWN;
use crate::raised::RAISED;
use crate::{OUTPUTS, Output};

/// The seed of the descriptions that are held to the file.
pub const SEED: u64 = 1;
/// How many they are.
pub const CASES: u64 = 800;

/// The counts of one output.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// The descriptions.
    pub cases: usize,
    /// The same bytes and modes.
    pub identical: usize,
    /// The same statements.
    pub same: usize,
    /// Explained by rows.
    pub listed: usize,
    /// The original raised, and ours is held by the description.
    pub held: usize,
    /// Parts of descriptions that neither writes or reports.
    pub lost_by_both: usize,
    /// Descriptions by `ROW` and, for its kinds of differences, `ROW / KIND`.
    pub rows: BTreeMap<String, usize>,
    /// Unexplained.
    #[serde(skip)]
    pub failed: usize,
}

/// The counts of all outputs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger(pub BTreeMap<String, Counts>);

impl Ledger {
    /// Counts a verdict.
    pub fn add(&mut self, output: Output, judged: &Judged) {
        let counts = self.0.entry(output.name.to_owned()).or_default();
        counts.cases += 1;
        counts.lost_by_both += judged.lost_by_both;
        let mut rows: Vec<String> = Vec::new();
        match &judged.verdict {
            Verdict::Identical => counts.identical += 1,
            Verdict::Same => counts.same += 1,
            Verdict::Listed(met) => {
                counts.listed += 1;
                rows.extend(met.iter().map(|(name, _)| (*name).to_owned()));
                rows.extend(met.iter().map(|(name, pattern)| format!("{name} / {pattern}")));
            }
            Verdict::Held { reason, losses } => {
                counts.held += 1;
                rows.extend([reason].into_iter().chain(losses).map(|name| (*name).to_owned()));
            }
            Verdict::Failed(_) => counts.failed += 1,
        }
        rows.sort();
        rows.dedup();
        for row in rows {
            *counts.rows.entry(row).or_default() += 1;
        }
    }

    /// How often a row was met, over all outputs or in one.
    pub fn met(&self, row: &str, output: Option<&str>) -> usize {
        let of = |name: &str| output.is_none_or(|wanted| wanted == name);
        self.0.iter().filter(|(name, _)| of(name)).filter_map(|(_, counts)| counts.rows.get(row)).sum()
    }

    /// Rows, kinds of differences and outputs of rows that no description shows.
    pub fn stale(&self) -> Vec<String> {
        let known = KNOWN.iter().map(|known| (known.name, known.outputs));
        let raised = RAISED.iter().map(|raised| (raised.name, raised.outputs));
        let mut stale = Vec::new();
        for (name, outputs) in known.chain(raised) {
            let unmet = outputs.iter().filter(|output| self.met(name, Some(output)) == 0);
            stale.extend(unmet.map(|output| format!("{name} in {output}")));
        }
        // Rare: only some of the descriptions for which the original raises lose anything.
        let losses = LOSSES.iter().map(|loss| loss.name.to_owned());
        stale.extend(losses.filter(|name| self.met(name, None) == 0));
        for known in KNOWN {
            let names = known.patterns.iter().map(|pattern| format!("{} / {pattern}", known.name));
            stale.extend(names.filter(|name| self.met(name, None) == 0));
        }
        stale
    }

    /// In what this differs from what was accepted.
    pub fn changes(&self, accepted: &Self) -> Vec<String> {
        let mut changes = Vec::new();
        let nothing = Counts::default();
        for output in OUTPUTS {
            let (now, before) = (self.0.get(output.name), accepted.0.get(output.name));
            let (now, before) = (now.unwrap_or(&nothing), before.unwrap_or(&nothing));
            let mut pairs: BTreeMap<String, [usize; 2]> = BTreeMap::new();
            for (at, counts) in [before, now].into_iter().enumerate() {
                for (name, count) in [
                    ("cases", counts.cases),
                    ("identical", counts.identical),
                    ("same", counts.same),
                    ("listed", counts.listed),
                    ("held", counts.held),
                    ("lost by both", counts.lost_by_both),
                ] {
                    pairs.entry(name.to_owned()).or_default()[at] = count;
                }
                for (row, count) in &counts.rows {
                    pairs.entry(format!("row {row}")).or_default()[at] = *count;
                }
            }
            let different = pairs.into_iter().filter(|(_, [before, now])| before != now);
            changes.extend(different.map(|(name, [before, now])| {
                let more_is_better = ["identical", "same", "cases"].contains(&name.as_str());
                let word = if (now > before) == more_is_better { "better" } else { "WORSE" };
                format!("{}: {name}: {before} before, now {now} ({word})", output.name)
            }));
        }
        changes
    }
}
