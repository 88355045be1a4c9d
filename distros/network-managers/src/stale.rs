//! Files of ours that an earlier description needed and this one does not: they would bring up links that are gone, or
//! give a link two configurations. Nothing of anybody else's is touched.

use std::path::PathBuf;

use model::System;

/// A directory, and what the names of our files in it begin with.
pub(crate) struct Place {
    pub(crate) directory: PathBuf,
    pub(crate) prefixes: Vec<String>,
    /// The first line of our files, where the name alone does not say that one is ours.
    pub(crate) mark: Option<String>,
}

#[cfg(any(feature = "networkd", feature = "networkmanager"))]
impl Place {
    /// Files that their names say are ours.
    pub(crate) fn by_name(directory: &str, prefix: &str) -> Self {
        Self { directory: directory.into(), prefixes: vec![prefix.to_owned()], mark: None }
    }
}

/// Removes what is left of an earlier description by a renderer that has just written these files.
pub(crate) fn remove(system: &System, place: &Place, written: &[PathBuf]) {
    for name in system.files.list(&place.directory).unwrap_or_default() {
        let path = place.directory.join(&name);
        let ours = place.prefixes.iter().any(|prefix| name.starts_with(prefix.as_str()));
        if !ours || written.contains(&path) || !system.files.is_file(&path) {
            continue;
        }
        let begins = |mark: &String| system.files.text(&path).is_some_and(|text| text.starts_with(mark));
        if !place.mark.as_ref().is_none_or(begins) {
            continue;
        }
        tracing::info!("Removing {}, which described a link that is described no more", path.display());
        if let Err(error) = system.files.remove(&path) {
            tracing::warn!("{error}");
        }
    }
}
