//! The disagreements that are known, each with its reason; a disagreement that is not in the table fails, and so does a
//! row that covers more or less than it did.

use std::path::Path;

use oracle::star;
use serde::{Deserialize, Serialize};

use crate::{Error, file};

/// A reason, and the lines of differences that it covers. `*` in a pattern stands for anything.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Why they differ.
    why: String,
    /// Which entries, as `CASE: NAME`.
    entries: Vec<String>,
    /// Which lines of their differences.
    lines: Vec<String>,
    /// How many lines a complete run meets.
    count: u64,
    #[serde(skip)]
    met: u64,
}

/// The table.
#[derive(Debug, Default)]
pub struct Disagreements(Vec<Row>);

impl Disagreements {
    /// Reads the table.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read(path).map_err(file(path.display().to_string()))?;
        serde_json::from_slice(&text)
            .map(Self)
            .map_err(|source| Error::Baseline { path: path.to_owned(), source })
    }

    /// Writes the table with the counts of this run, without rows that covered nothing.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        let met = self.0.iter().filter(|row| row.met > 0);
        let rows: Vec<Row> = met.map(|row| Row { count: row.met, ..row.clone() }).collect();
        let text = serde_json::to_string_pretty(&rows)
            .map_err(|source| Error::Baseline { path: path.to_owned(), source })?;
        std::fs::write(path, text + "\n").map_err(file(path.display().to_string()))
    }

    /// The lines of an entry's difference that no row covers.
    pub fn unknown<'a>(&mut self, entry: &str, lines: &'a [String]) -> Vec<&'a str> {
        let mut unknown = Vec::new();
        for line in lines {
            let covers = |row: &&mut Row| {
                row.entries.iter().any(|pattern| star::fits(pattern, entry))
                    && row.lines.iter().any(|pattern| star::fits(pattern, line))
            };
            match self.0.iter_mut().find(covers) {
                Some(row) => row.met += 1,
                None => unknown.push(line.as_str()),
            }
        }
        unknown
    }

    /// Prints the reasons with what they covered.
    pub fn print(&self) {
        println!("\n{:>6}  reason", "lines");
        for row in self.0.iter().filter(|row| row.met > 0) {
            println!("{:>6}  {}", row.met, row.why);
        }
    }

    /// A line for each row that covers another number of lines than is recorded.
    pub fn changed(&self) -> Vec<String> {
        let changed = self.0.iter().filter(|row| row.met != row.count);
        let told = changed.map(|row| match row.met {
            0 => format!("stale: {}", row.why),
            met => {
                format!("{met} lines, {} are recorded: {}", row.count, row.why)
            }
        });
        told.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Disagreements {
        let row = |why: &str, entry: &str, line: &str| Row {
            why: why.to_owned(),
            entries: vec![entry.to_owned()],
            lines: vec![line.to_owned()],
            count: 1,
            met: 0,
        };
        Disagreements(vec![row("own", "*: /etc/a", "-x *"), row("old", "case: /etc/b", "+y")])
    }

    #[test]
    fn every_line_needs_a_row_of_its_entry() {
        let mut table = table();
        let lines = ["-x 1".to_owned(), "+y".to_owned()];
        assert_eq!(table.unknown("case: /etc/a", &lines), ["+y"]);
        assert_eq!(table.changed(), ["stale: old"]);
        assert_eq!(table.unknown("case: /etc/a", &lines[..1]), [""; 0]);
        assert_eq!(table.changed()[0], "2 lines, 1 are recorded: own");
    }

    #[test]
    fn counts_are_recorded_and_stale_rows_struck_off() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("disagreements.json");
        let mut met = table();
        met.unknown("case: /etc/a", &["-x 1".to_owned(), "-x 2".to_owned()]);
        met.write(&path).expect("written");
        let read = Disagreements::read(&path).expect("read");
        assert_eq!(read.0.iter().map(|row| (row.why.as_str(), row.count)).collect::<Vec<_>>(), [("own", 2)]);
    }
}
