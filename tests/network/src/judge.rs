//! What is said of one output of one description.

use serde_json::Value;

use crate::Output;
use crate::compare::{Change, Likeness, Rendering, compare, rendering};
use crate::describe::Description;
use crate::held::{self, LOSSES, Missing};
use crate::known::{Met, explanations};
use crate::original::Answer;
use crate::raised;

/// A verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The same bytes and modes.
    Identical,
    /// The same statements in the same order.
    Same,
    /// Only what rows of [`crate::known::KNOWN`] say differs.
    Listed(Vec<Met>),
    /// The original raised by a row of [`raised::RAISED`], and ours has what is described, but for rows of [`LOSSES`].
    Held {
        /// The reason.
        reason: &'static str,
        /// What ours loses.
        losses: Vec<&'static str>,
    },
    /// Something that nothing explains.
    Failed(String),
}

/// A verdict, and how many parts of the description neither side writes or reports.
#[derive(Debug, Clone)]
pub struct Judged {
    /// The verdict.
    pub verdict: Verdict,
    /// The parts that both lose.
    pub lost_by_both: usize,
}

/// Judges ours by the original's answer and by the description.
pub fn judge(config: &Value, output: Output, answer: &Answer) -> Judged {
    let failed = |what: String| Judged { verdict: Verdict::Failed(what), lost_by_both: 0 };
    let description = Description::read(config);
    let own = match rendering(config, output) {
        Ok(own) => own,
        Err(error) => return failed(format!("ours refuses: {error}")),
    };
    let missing = held::missing(&description, output, &own.files, &own.unexpressed);
    if let Some(exception) = &answer.error {
        return match held(&description, output, exception, &missing) {
            Ok(verdict) => Judged { verdict, lost_by_both: 0 },
            Err(what) => failed(what),
        };
    }
    let lost_by_both = if answer.files == own.files {
        missing.len()
    } else {
        let theirs = held::missing(&description, output, &answer.files, &own.unexpressed);
        let ours: Vec<String> =
            missing.iter().filter(|part| !theirs.contains(part)).map(ToString::to_string).collect();
        if !ours.is_empty() {
            return failed(format!("the original writes it, ours does not: {}", ours.join(", ")));
        }
        missing.len()
    };
    Judged { verdict: agreement(&description, output, answer, &own), lost_by_both }
}

fn agreement(description: &Description, output: Output, answer: &Answer, own: &Rendering) -> Verdict {
    match compare(output, &answer.files, &own.files) {
        Likeness::Identical => Verdict::Identical,
        Likeness::Same => Verdict::Same,
        Likeness::Different(changes) => match explanations(description, output, &changes) {
            Ok(met) => Verdict::Listed(met),
            Err(left) => {
                let lines: Vec<String> = left.iter().map(Change::to_string).collect();
                Verdict::Failed(lines.join("\n"))
            }
        },
    }
}

/// Ours without the original's: by the description alone.
fn held(
    description: &Description,
    output: Output,
    exception: &str,
    missing: &[Missing],
) -> Result<Verdict, String> {
    let raised = raised::reason(description, output, exception)
        .ok_or_else(|| format!("the original raised for a reason that is not listed: {exception}"))?;
    let mut losses = Vec::new();
    for part in missing {
        let link = description.links.iter().find(|link| link.name == part.link);
        let mut possible = LOSSES.iter().filter(|loss| loss.outputs.contains(&output.name));
        let loss = link.and_then(|link| possible.find(|loss| (loss.is)(link, &part.what, output.name)));
        let Some(loss) = loss else {
            return Err(format!("the original raised ({exception}), and ours does not write {part}"));
        };
        if !losses.contains(&loss.name) {
            losses.push(loss.name);
        }
    }
    Ok(Verdict::Held { reason: raised.name, losses })
}
