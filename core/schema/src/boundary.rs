//! From which release on a deprecation is told quietly.

use std::fmt;

/// The original's `DEPRECATION_INFO_BOUNDARY`: what was deprecated after this release is told as information only, so
/// that a stable distribution does not begin to complain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Boundary {
    /// `devel`: everything is told loudly.
    #[default]
    Devel,
    /// The last release whose deprecations are told loudly.
    Release(Vec<u32>),
}

/// A boundary that is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoBoundary(String);

impl fmt::Display for NoBoundary {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:?} is no release: write devel, or numbers such as 24.1", self.0)
    }
}

impl std::error::Error for NoBoundary {}

/// The numbers of a release: one to four.
fn numbers(text: &str) -> Option<Vec<u32>> {
    let numbers: Option<Vec<u32>> = text.split('.').map(|number| number.parse().ok()).collect();
    numbers.filter(|numbers| numbers.len() <= 4)
}

impl std::str::FromStr for Boundary {
    type Err = NoBoundary;

    fn from_str(text: &str) -> Result<Self, NoBoundary> {
        if text == "devel" {
            return Ok(Self::Devel);
        }
        numbers(text).map(Self::Release).ok_or_else(|| NoBoundary(text.to_owned()))
    }
}

impl Boundary {
    /// Whether what was deprecated in this release is told loudly. Of two releases with the same beginning the
    /// shorter is the earlier.
    pub fn is_loud(&self, version: &str) -> bool {
        match self {
            Self::Devel => true,
            Self::Release(boundary) => {
                version == "devel" || numbers(version).is_none_or(|version| version <= *boundary)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `should_log_deprecation` of the original answers.
    #[test]
    fn releases_up_to_the_boundary_are_loud() {
        for (version, boundary, loud) in [
            ("22.1", "devel", true),
            ("22.1", "22.1", true),
            ("22.1.1", "22.1", false),
            ("22.1", "22.1.1", true),
            ("23.4", "24.1", true),
            ("24.2", "24.1", false),
            ("devel", "22.1", true),
        ] {
            let boundary: Boundary = boundary.parse().expect("a boundary");
            assert_eq!(boundary.is_loud(version), loud, "{version} {boundary:?}");
        }
        assert!("22.x".parse::<Boundary>().is_err());
    }
}
