//! The assumptions of a plan: the first line of its output.

use std::fmt;
use std::path::{Path, PathBuf};

use model::effects::ReadFiles;
use schemars::JsonSchema;
use serde::Serialize;

/// The assumptions of a plan.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub(crate) struct Assumed {
    /// The distribution: `ID` in os-release.
    distribution: String,
    /// The release: `VERSION_ID` in os-release; null for a rolling release.
    release: Option<String>,
    /// The root directory of an image; null for the distribution's built-in root.
    root: Option<PathBuf>,
    /// The detected data source, as in result.json (`DataSourceNoCloud [seed=…]`); null if none was found.
    data_source: Option<String>,
    /// The inputs: `user-data: FILE`, `example: NAME`.
    given: Vec<String>,
}

impl Assumed {
    /// Reads the machine after the planned boot; `found` is the file in which the boot records its data source.
    pub(super) fn read(files: &dyn ReadFiles, found: &Path, root: Option<&Path>, given: Vec<String>) -> Self {
        let os = engine::os::release(files);
        // The class name, and how it describes itself.
        let found = files.text(found).unwrap_or_default();
        let data_source = found.trim().split_once(": ").map(|(_, shown)| shown.to_owned());
        Self {
            distribution: os.id,
            release: Some(os.version_id).filter(|release| !release.is_empty()),
            root: root.map(Path::to_owned),
            data_source,
            given,
        }
    }
}

impl fmt::Display for Assumed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "plan for {}", self.distribution)?;
        if let Some(release) = &self.release {
            write!(out, " {release}")?;
        }
        match &self.root {
            Some(root) => write!(out, " in {}", root.display())?,
            None => write!(out, " (built-in root)")?,
        }
        match &self.data_source {
            Some(source) => write!(out, ", data source {source}")?,
            None => write!(out, ", no data source found")?,
        }
        let given = self.given.join(", ");
        write!(out, "; {}", if given.is_empty() { "no input" } else { &given })
    }
}
