//! The stages of a boot, and how often a step runs.

use std::fmt;
use std::str::FromStr;

/// The stages of a boot, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Detection of possible data sources (ds-identify, the systemd generator).
    Detect,
    /// `init --local`: before the network is configured.
    Local,
    /// `init`: the network is up; user-data is consumed and the `cloud_init_modules` run.
    Network,
    /// `modules --mode config`.
    Config,
    /// `modules --mode final`.
    Final,
}

impl Stage {
    /// The stage's name in status.json.
    pub fn status_name(self) -> &'static str {
        match self {
            Self::Detect => "detect",
            Self::Local => "init-local",
            Self::Network => "init",
            Self::Config => "modules-config",
            Self::Final => "modules-final",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.status_name())
    }
}

/// How often a module or a handler runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Frequency {
    /// Once, regardless of the instance (`once`).
    Once,
    /// Once per instance ID (`once-per-instance`, also written `instance`).
    Instance,
    /// At every boot (`always`).
    Always,
}

/// An unknown frequency.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("'{0}' is not a valid frequency; expected 'once', 'once-per-instance' (or 'instance') or 'always'")]
pub struct UnknownFrequency(pub String);

impl FromStr for Frequency {
    type Err = UnknownFrequency;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "once" => Ok(Self::Once),
            "once-per-instance" | "instance" => Ok(Self::Instance),
            "always" => Ok(Self::Always),
            _ => Err(UnknownFrequency(word.to_owned())),
        }
    }
}

impl fmt::Display for Frequency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Once => "once",
            Self::Instance => "once-per-instance",
            Self::Always => "always",
        })
    }
}
