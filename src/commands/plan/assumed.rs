//! What a plan took for granted: the first line of its print.

use std::fmt;
use std::path::{Path, PathBuf};

use model::effects::ReadFiles;
use schemars::JsonSchema;
use serde::Serialize;

/// What a plan took for granted.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub(crate) struct Assumed {
    /// The distribution: `ID` of os-release.
    distribution: String,
    /// Its release: `VERSION_ID` of os-release; null where a rolling one has none.
    release: Option<String>,
    /// The directory of an image's root; null for the built-in root of the distribution.
    root: Option<PathBuf>,
    /// The data source that was found, as result.json names it (`DataSourceNoCloud [seed=…]`); null where none was.
    data_source: Option<String>,
    /// What was given: `user-data: FILE`, `example: NAME`.
    given: Vec<String>,
}

impl Assumed {
    /// What a machine shows after the boot that was planned; `found` is where the boot notes its data source.
    pub(super) fn read(files: &dyn ReadFiles, found: &Path, root: Option<&Path>, given: Vec<String>) -> Self {
        let os = engine::os::release(files);
        // The name of its class, and how it shows itself.
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
        write!(out, "; {}", if given.is_empty() { "nothing given" } else { &given })
    }
}
