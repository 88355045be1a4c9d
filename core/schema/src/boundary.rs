//! The release from which deprecations are logged at info level.

use std::fmt;

/// Upstream's `DEPRECATION_INFO_BOUNDARY`: deprecations after this release are logged at info level only, so that a
/// stable distribution does not start to warn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Boundary {
    /// `devel`: all deprecations are warnings.
    #[default]
    Devel,
    /// The last release whose deprecations are warnings.
    Release(Vec<u32>),
}

/// An invalid boundary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoBoundary(String);

impl fmt::Display for NoBoundary {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:?} is not a valid release: expected devel, or numbers such as 24.1", self.0)
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
    /// Whether a deprecation in this release is a warning. Of two releases with a common prefix, the shorter is
    /// earlier.
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

    /// Expectations: upstream's `should_log_deprecation`.
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
