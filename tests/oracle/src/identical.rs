//! What both programs make of cases, as hashes that a comparison writes: a change of ours shows without the original.

use std::collections::BTreeMap;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::{Error, file};

/// The hashes by row and by number of the case.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Hashes(BTreeMap<String, BTreeMap<u64, String>>);

impl Hashes {
    /// Keeps what both make of a case.
    pub fn keep(&mut self, row: &str, case: u64, hash: String) {
        self.0.entry(row.to_owned()).or_default().insert(case, hash);
    }

    /// The hashes of a row.
    pub fn row(&self, name: &str) -> &BTreeMap<u64, String> {
        &self.0[name]
    }

    /// Reads the file that a comparison has written.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or holds no hashes.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read(path).map_err(file(path.display().to_string()))?;
        serde_json::from_slice(&text).map_err(|source| Error::Baseline { path: path.to_owned(), source })
    }

    /// Writes the file.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        let text = serde_json::to_string_pretty(self)
            .map_err(|source| Error::Baseline { path: path.to_owned(), source })?;
        std::fs::write(path, text + "\n").map_err(file(path.display().to_string()))
    }
}

/// What a program wrote, as sixteen digits: the same for the same text on every machine.
pub fn digest(text: &str) -> String {
    let mut first = [0; 8];
    first.copy_from_slice(&Sha256::digest(text)[..8]);
    format!("{:016x}", u64::from_be_bytes(first))
}
