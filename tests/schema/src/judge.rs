//! Our judgement.

use std::collections::BTreeSet;

use schema::{Finding, Schema, check, network};
use serde_json::Value;
use yaml::Limits;

use crate::original::{Answer, Verdict};
use crate::{Case, Kind};

/// The schemas that documents are judged by.
pub struct Schemas {
    /// Of cloud-config.
    pub cloud: Value,
    /// Of network-config, version 1.
    pub v1: Value,
    /// Of network-config, version 2.
    pub v2: Value,
}

impl Answer {
    fn plain(verdict: Verdict) -> Self {
        Self {
            verdict,
            errors: BTreeSet::new(),
            deprecations: BTreeSet::new(),
            errors_told: Vec::new(),
            deprecations_told: Vec::new(),
        }
    }
}

/// What we say about a document.
pub fn judge(schemas: &Schemas, case: &Case) -> Answer {
    let tree = match yaml::parse(&case.name, case.text.as_bytes(), &Limits::default()) {
        Ok(tree) => tree,
        Err(_) => return Answer::plain(Verdict::NoYaml),
    };
    let Some(tree) = tree.filter(|tree| tree.value.as_map().is_some()) else {
        return Answer::plain(Verdict::NoMapping);
    };
    let document = match case.kind {
        Kind::Cloud => &schemas.cloud,
        Kind::Network => match network::version(&tree) {
            Some(1) => &schemas.v1,
            _ => &schemas.v2,
        },
    };
    let findings = check(&Schema::new(document), &tree);
    let (errors, deprecations): (Vec<&Finding>, Vec<&Finding>) =
        findings.iter().partition(|finding| finding.is_error());
    let verdict = match (errors.is_empty(), deprecations.is_empty()) {
        (true, true) => Verdict::Valid,
        (true, false) => Verdict::Deprecated,
        (false, _) => Verdict::Invalid,
    };
    let told = |findings: &[&Finding]| {
        findings.iter().map(|finding| format!("{}: {}", finding.path, finding.detailed)).collect()
    };
    Answer {
        verdict,
        errors: paths(&errors),
        deprecations: paths(&deprecations),
        errors_told: told(&errors),
        deprecations_told: told(&deprecations),
    }
}

/// The places as the original names them: of several keys that it does not know at the top it names none.
fn paths(findings: &[&Finding]) -> BTreeSet<String> {
    let at_top =
        |finding: &&&Finding| finding.place.is_empty() && finding.key.is_some() && !finding.path.is_empty();
    let several =
        findings.iter().filter(|finding| finding.place.is_empty() && finding.key.is_some()).count() > 1;
    findings
        .iter()
        .map(|finding| if several && at_top(&finding) { String::new() } else { finding.path.clone() })
        .collect()
}
