//! Plans a first boot before any machine boots: the four stages run against a root in memory.

use std::fmt;

use crate::commands::plan as planning;

pub use system::{Content, Effect, EffectKind};

/// The input of a boot. Missing user-data is taken as empty; missing meta-data gets an instance-id.
#[derive(Clone, Default)]
#[must_use]
pub struct Boot {
    distro: String,
    data: planning::Data,
}

impl fmt::Debug for Boot {
    /// Shows the distribution only: the data may contain passwords.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "a boot of {}", self.distro)
    }
}

/// A boot that cannot be planned.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct PlanError(#[from] planning::PlanError);

/// A warning of the boot.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Warning {
    /// `warning`, `error` or `deprecated`.
    pub level: &'static str,
    /// The message, with part, line and column if it concerns a value.
    pub message: String,
    /// The module that warns; `None` for the stage itself.
    pub module: Option<String>,
}

impl Boot {
    /// A small built-in root of a distribution, by its ID in os-release, optionally with a version (`ubuntu`,
    /// `centos:7`).
    pub fn of(distro: &str) -> Self {
        Self { distro: distro.to_owned(), data: planning::Data::default() }
    }

    /// Sets the user-data, in any format.
    pub fn user_data(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.data.user_data = Some(bytes.into());
        self
    }

    /// Sets the meta-data of a NoCloud seed, in YAML.
    pub fn meta_data(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.data.meta_data = Some(bytes.into());
        self
    }

    /// Sets the vendor-data, in any format.
    pub fn vendor_data(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.data.vendor_data = Some(bytes.into());
        self
    }

    /// Sets the network-config, in YAML.
    pub fn network_config(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.data.network_config = Some(bytes.into());
        self
    }

    /// Runs the four stages, without touching this machine or the network.
    ///
    /// ```
    /// let data = "#cloud-config\nwrite_files: [{path: /etc/motd, content: hello}]\npackages: [nginx]\n";
    /// let plan = cloud_init::plan::Boot::of("debian").user_data(data).plan()?;
    /// assert_eq!(plan.file("/etc/motd"), Some(b"hello".to_vec()));
    /// assert!(plan.commands().any(|words| words.contains(&"nginx".to_owned())));
    /// assert!(plan.warnings().is_empty());
    ///
    /// let plan = cloud_init::plan::Boot::of("debian").user_data("#cloud-config\nhostnam: x\n").plan()?;
    /// assert!(plan.warnings()[0].message.contains("did you mean 'hostname'?"));
    /// # Ok::<(), cloud_init::plan::PlanError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A distribution or version that is not built in. Invalid data is not an error: like a boot, the plan continues
    /// with warnings.
    pub fn plan(&self) -> Result<Plan, PlanError> {
        Ok(Plan(planning::of_data(&self.distro, &self.data)?))
    }
}

/// The effects of a first boot.
pub struct Plan(planning::Planned);

impl fmt::Debug for Plan {
    /// Shows counts only: contents may be secret.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} effects, {} warnings", self.0.effects.len(), self.0.warnings.len())
    }
}

impl Plan {
    /// All effects on the machine, in order. Contents are complete and include secrets.
    pub fn effects(&self) -> &[Effect] {
        &self.0.effects
    }

    /// The commands that run, as lists of words, with secrets replaced.
    pub fn commands(&self) -> impl Iterator<Item = &[String]> {
        self.0.effects.iter().filter_map(|effect| match &effect.kind {
            EffectKind::Command { words, .. } => Some(words.as_slice()),
            _ => None,
        })
    }

    /// The final content of a file that the boot writes.
    pub fn file(&self, path: &str) -> Option<Vec<u8>> {
        self.0.effects.iter().rev().find_map(|effect| match &effect.kind {
            EffectKind::Write { path: written, after, .. } if *written == *path => Some(after.to_vec()),
            _ => None,
        })
    }

    /// The warnings of the boot, in order.
    pub fn warnings(&self) -> Vec<Warning> {
        let warning = |warning: &planning::Warning| Warning {
            level: warning.level,
            message: warning.message.clone(),
            module: warning.module.clone(),
        };
        self.0.warnings.iter().map(warning).collect()
    }

    /// Errors of stages, as in status.json.
    pub fn errors(&self) -> &[String] {
        &self.0.errors
    }

    /// Probable mistakes in the user-data.
    pub fn advice(&self) -> &[String] {
        &self.0.advice
    }

    /// What depends on the real machine.
    pub fn notes(&self) -> &[String] {
        &self.0.notes
    }

    /// The JSON document that `cloud-init plan --format json` prints; secrets are omitted or masked. Its schema is
    /// `docs/plan.schema.json`, also returned by [`json_schema`].
    pub fn to_json(&self) -> String {
        let mut text = Vec::new();
        // Memory does not fail, and all types serialize: no map has keys other than strings.
        let _ = planning::json(&self.0, &mut text);
        String::from_utf8(text).unwrap_or_default()
    }
}

impl fmt::Display for Plan {
    /// The text that `cloud-init plan` prints; secrets are omitted or masked.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&planning::text(&self.0, false))
    }
}

/// The JSON schema of [`Plan::to_json`].
pub fn json_schema() -> String {
    planning::json_schema()
}
