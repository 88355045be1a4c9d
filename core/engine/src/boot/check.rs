//! User-data and network-config against their schemas. What is wrong is told and used all the same, as far as it goes.

use model::{Node, System};
use schema::{Boundary, Finding, Schema, Severity, check, network};

use super::Boot;

/// So many findings of a document are told one by one.
const TOLD: usize = 25;

/// A key of subnets that this program makes up, as the original does.
const ORIGINAL_NAME: &str = "_orig_eni_name";

/// Where the rest is told.
const COMMAND: &str = "run 'sudo cloud-init schema --system' to see them";

/// Deprecations after this release are information only.
fn boundary() -> Boundary {
    crate::DEPRECATION_INFO_BOUNDARY.parse().unwrap_or_default()
}

impl Boot<'_> {
    /// What is wrong or old in the user's merged cloud-config.
    fn user_data_findings(&self) -> Vec<Finding> {
        let Some(document) = self.registry.cloud_config_schema else { return Vec::new() };
        // What cannot be read is told when the configuration is put together.
        let Ok(config) = self.loader.written(&self.paths.instance("cloud-config.txt")) else {
            return Vec::new();
        };
        check(&Schema::new(&document()), &config)
    }

    /// Tells what is wrong or old in the user-data, each with its place and without any value: the log and status.json
    /// are for everybody.
    pub(super) fn check_user_data(&self) {
        tell("cloud-config", &self.user_data_findings());
    }

    /// Tells what is wrong with a network-config. netplan says itself what it does not take, and takes more than
    /// version 2 of ours.
    pub(super) fn check_network(&self, config: &Node) {
        let Some(version) = network::version(config) else { return };
        if version == 2 && has_netplan(self.system) {
            return;
        }
        let document = if version == 1 { network::v1_schema() } else { network::v2_schema() };
        let mut findings = check(&Schema::new(&document), config);
        // Nobody wrote it: the reader of interfaces(5) notes there which link a stanza was for.
        findings.retain(|finding| finding.key.as_ref().is_none_or(|key| key.to_string() != ORIGINAL_NAME));
        tell("network-config", &findings);
    }

    /// Takes from a module's report what the check of the user-data has told.
    pub(super) fn untold(&self, report: &mut model::Report) {
        let unknown = |message: &str| message.contains(model::config::UnknownKey::BEGINS);
        let doubtful = !report.deprecations.is_empty()
            || report.warnings.iter().any(|warning| unknown(&warning.message));
        if !doubtful {
            return;
        }
        let told = self.user_data_findings();
        let is_told = |origin: &Option<model::Origin>, is_error: bool| {
            origin.is_some()
                && told.iter().any(|finding| finding.origin == *origin && finding.is_error() == is_error)
        };
        report.warnings.retain(|warning| !(unknown(&warning.message) && is_told(&warning.origin, true)));
        report.deprecations.retain(|old| !is_told(&old.origin, false));
    }
}

fn has_netplan(system: &System) -> bool {
    ["/usr/sbin/netplan", "/sbin/netplan"].iter().any(|path| system.files.exists(path.as_ref()))
}

fn tell(kind: &str, findings: &[Finding]) {
    let boundary = boundary();
    let mut findings: Vec<&Finding> = findings.iter().filter(|finding| !finding.summary).collect();
    // As the user wrote them.
    findings.sort_by_key(|finding| finding.origin.as_ref().map(|at| (at.source.clone(), at.line, at.column)));
    for finding in findings.iter().take(TOLD) {
        let place = finding.origin.as_ref().map_or_else(String::new, |origin| format!("{origin}: "));
        let what = finding.public();
        match &finding.severity {
            Severity::Error => tracing::warn!("{kind} failed schema validation! {place}{what}"),
            Severity::Deprecation { version } if boundary.is_loud(version) => {
                tracing::warn!(target: "deprecated", "Deprecated {kind} provided: {place}{what}");
            }
            Severity::Deprecation { .. } => tracing::info!("Deprecated {kind} provided: {place}{what}"),
            // A boot is no time for it: `schema` and `plan` give it.
            Severity::Advice => {}
        }
    }
    if findings.len() > TOLD {
        tracing::warn!(
            "{kind} failed schema validation! {} further findings: {COMMAND}",
            findings.len() - TOLD
        );
    }
}
