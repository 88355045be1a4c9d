//! What became of the tests.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::needs;

/// Counts over all test programs.
#[derive(Debug, Default)]
pub struct Total {
    /// How many tests passed.
    pub passed: usize,
    /// Names of the tests and programs that failed.
    pub failed: Vec<String>,
    /// Each skipped test, and what it needs that is not here, or the reason why nothing runs it.
    pub skipped: Vec<(String, Skipped)>,
}

/// Why a test was skipped.
#[derive(Debug, PartialEq, Eq)]
pub enum Skipped {
    /// These needs are not met.
    Missing(Vec<String>),
    /// Its author ignores it, for this reason.
    Ignored(String),
}

impl Total {
    /// The summary, and the command that runs what was skipped.
    pub fn report(&self) -> String {
        let mut out = String::new();
        for name in &self.failed {
            let _ = writeln!(out, "FAILED {name}");
        }
        let (passed, failed, skipped) = (self.passed, self.failed.len(), self.skipped.len());
        let _ = writeln!(out, "{passed} tests passed, {failed} failed, {skipped} skipped.");
        let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
        let mut missing: Vec<&str> = Vec::new();
        for (_, why) in &self.skipped {
            let reason = match why {
                Skipped::Missing(needs) => {
                    missing.extend(needs.iter().map(String::as_str));
                    format!("needs {}", needs.join(", "))
                }
                Skipped::Ignored(reason) => format!("ignored: {reason}"),
            };
            *reasons.entry(reason).or_default() += 1;
        }
        for (reason, count) in reasons {
            let _ = writeln!(out, "{count:>6} {reason}");
        }
        if !missing.is_empty() {
            let mut packages: Vec<&str> = missing.iter().filter_map(|need| needs::package(need)).collect();
            packages.sort_unstable();
            packages.dedup();
            out += "To run the skipped tests as well";
            if !packages.is_empty() {
                let _ = write!(out, ", on Debian after `apt-get install {}`", packages.join(" "));
            }
            out += ":\n";
            let root = missing.contains(&"root");
            let _ = writeln!(
                out,
                "    {}cargo run --package suite -- --all",
                if root { "sudo env PATH=\"$PATH\" " } else { "" }
            );
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_ends_with_the_command_that_runs_the_rest() {
        let missing =
            |needs: &[&str]| Skipped::Missing(needs.iter().map(|need| (*need).to_owned()).collect());
        let total = Total {
            passed: 7,
            failed: vec![],
            skipped: vec![
                ("a".into(), missing(&["root", "dnsmasq"])),
                ("b".into(), missing(&["root", "dnsmasq"])),
                ("c".into(), missing(&["ifquery"])),
            ],
        };
        assert_eq!(
            total.report(),
            "7 tests passed, 0 failed, 3 skipped.\n     1 needs ifquery\n     2 needs root, dnsmasq\n\
             To run the skipped tests as well, on Debian after `apt-get install dnsmasq-base ifupdown`:\n    \
             sudo env PATH=\"$PATH\" cargo run --package suite -- --all\n"
        );
    }
}
