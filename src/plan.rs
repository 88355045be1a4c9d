//! The effects of a first boot, before any machine boots: the four stages run over a root that exists in memory only.

use std::fmt;

use crate::commands::plan as planning;

pub use system::{Effect, EffectKind};

/// What a machine is to boot with. Without a user-data it is given an empty one, without meta-data an instance-id.
#[derive(Clone, Default)]
#[must_use]
pub struct Boot {
    distro: String,
    data: planning::Data,
}

impl fmt::Debug for Boot {
    /// The distribution only: the data may hold passwords.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "a boot of {}", self.distro)
    }
}

/// A boot that cannot be planned.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct PlanError(#[from] planning::PlanError);

/// A warning, where a boot gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Warning {
    /// `warning`, `error` or `deprecated`.
    pub level: &'static str,
    /// The message, with part, line and column where it is about a value.
    pub message: String,
    /// The module that gives it; `None` for the stage itself.
    pub module: Option<String>,
}

impl Boot {
    /// A small built-in root of a distribution: its id in os-release, perhaps with a version (`ubuntu`, `centos:7`).
    pub fn of(distro: &str) -> Self {
        Self { distro: distro.to_owned(), data: planning::Data::default() }
    }

    /// User-data, of any form.
    pub fn user_data(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.data.user_data = Some(bytes.into());
        self
    }

    /// Metadata of a NoCloud seed, in YAML.
    pub fn meta_data(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.data.meta_data = Some(bytes.into());
        self
    }

    /// Vendor-data, of any form.
    pub fn vendor_data(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.data.vendor_data = Some(bytes.into());
        self
    }

    /// Network-config, in YAML.
    pub fn network_config(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.data.network_config = Some(bytes.into());
        self
    }

    /// Runs the four stages. Nothing of this machine is touched and no network is asked.
    ///
    /// ```
    /// let data = "#cloud-config\nwrite_files: [{path: /etc/motd, content: hello}]\npackages: [nginx]\n";
    /// let plan = cloud_init::plan::Boot::of("debian").user_data(data).plan()?;
    /// assert_eq!(plan.file("/etc/motd"), Some(b"hello".as_slice()));
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
    /// A distribution or a version that is not built in. Data that is wrong is no error here: a boot goes on, and so
    /// does a plan, with warnings.
    pub fn plan(&self) -> Result<Plan, PlanError> {
        Ok(Plan(planning::of_data(&self.distro, &self.data)?))
    }
}

/// What a first boot does.
pub struct Plan(planning::Planned);

impl fmt::Debug for Plan {
    /// Counts only: contents may be secret.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} effects, {} warnings", self.0.effects.len(), self.0.warnings.len())
    }
}

impl Plan {
    /// Everything that happens to the machine, in order. Contents are whole here, secrets as well.
    pub fn effects(&self) -> &[Effect] {
        &self.0.effects
    }

    /// The commands that run, as their words, secrets replaced.
    pub fn commands(&self) -> impl Iterator<Item = &[String]> {
        self.0.effects.iter().filter_map(|effect| match &effect.kind {
            EffectKind::Command { words, .. } => Some(words.as_slice()),
            _ => None,
        })
    }

    /// What a file holds in the end, where the boot writes it.
    pub fn file(&self, path: &str) -> Option<&[u8]> {
        self.0.effects.iter().rev().find_map(|effect| match &effect.kind {
            EffectKind::Write { path: written, after, .. } if *written == *path => Some(after.as_slice()),
            _ => None,
        })
    }

    /// What the boot warns of, in order.
    pub fn warnings(&self) -> Vec<Warning> {
        let warning = |warning: &planning::Warning| Warning {
            level: warning.level,
            message: warning.message.clone(),
            module: warning.module.clone(),
        };
        self.0.warnings.iter().map(warning).collect()
    }

    /// Errors of stages, as status.json lists them.
    pub fn errors(&self) -> &[String] {
        &self.0.errors
    }

    /// What in the user-data was probably not meant as it is written.
    pub fn advice(&self) -> &[String] {
        &self.0.advice
    }

    /// What only the machine will know.
    pub fn notes(&self) -> &[String] {
        &self.0.notes
    }

    /// The JSON document that `cloud-init plan --format json` prints; secrets are left out or masked. Its schema is
    /// `docs/plan.schema.json`, and [`json_schema`].
    pub fn to_json(&self) -> String {
        planning::json(&self.0)
    }
}

impl fmt::Display for Plan {
    /// For people, as `cloud-init plan` prints it; secrets are left out or masked.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&planning::text(&self.0))
    }
}

/// The JSON schema of [`Plan::to_json`].
pub fn json_schema() -> String {
    planning::json_schema()
}
