//! Validates user-data and network-config. Errors are reported; the valid parts are still used.

use model::Order as _;
use model::{Node, System};
use schema::{Boundary, Finding, Schema, Severity, check, network};

use super::Boot;

/// The maximum number of findings that are reported individually.
const TOLD: usize = 25;

/// A key of subnets that this program adds, as upstream does.
const ORIGINAL_NAME: &str = "_orig_eni_name";

/// How to see the remaining findings.
const COMMAND: &str = "run 'sudo cloud-init schema --system' to see them";

/// Deprecations after this release are logged at info level.
fn boundary() -> Boundary {
    crate::DEPRECATION_INFO_BOUNDARY.parse().unwrap_or_default()
}

impl Boot<'_> {
    /// The findings for the user's merged cloud-config.
    fn user_data_findings(&self) -> Vec<Finding> {
        let Some(text) = self.registry.cloud_config_schema else { return Vec::new() };
        // An unreadable document is reported when the configuration is assembled.
        let Ok(config) = self.loader.written(&self.paths.instance("cloud-config.txt")) else {
            return Vec::new();
        };
        match schema::needed(text, &config) {
            Ok(document) => check(&Schema::new(&document), &config),
            Err(error) => {
                tracing::error!("the program's own schema is invalid: {error}");
                Vec::new()
            }
        }
    }

    /// Reports the findings for the user-data with places but without values: everyone can read the log and
    /// status.json.
    pub(super) fn check_user_data(&self) {
        tell("cloud-config", &self.user_data_findings());
    }

    /// Reports the findings for a network-config. netplan validates version 2 itself, and accepts more than the
    /// built-in schema.
    pub(super) fn check_network(&self, config: &Node) {
        let Some(version) = network::version(config) else { return };
        if version == 2 && has_netplan(self.system) {
            return;
        }
        let document = if version == 1 { network::v1_schema() } else { network::v2_schema() };
        let mut findings = check(&Schema::new(&document), config);
        // Added by the interfaces(5) reader, not by the user: the device that a stanza belongs to.
        findings.retain(|finding| finding.key.as_ref().is_none_or(|key| key.to_string() != ORIGINAL_NAME));
        tell("network-config", &findings);
    }

    /// Removes from a module's report what validation has already reported.
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
    // In document order.
    findings
        .order_by_key(|finding| finding.origin.as_ref().map(|at| (at.source.clone(), at.line, at.column)));
    for finding in findings.iter().take(TOLD) {
        let place = finding.origin.as_ref().map_or_else(String::new, |origin| format!("{origin}: "));
        let what = finding.public();
        match &finding.severity {
            Severity::Error => tracing::warn!("{kind} failed schema validation! {place}{what}"),
            Severity::Deprecation { version } if boundary.is_loud(version) => {
                tracing::warn!(target: "deprecated", "Deprecated {kind} provided: {place}{what}");
            }
            Severity::Deprecation { .. } => tracing::info!("Deprecated {kind} provided: {place}{what}"),
            // Not reported at boot; `schema` and `plan` print it.
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
