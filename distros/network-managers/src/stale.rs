//! Removes our files of an earlier configuration: they would bring up removed devices, or configure a device twice.
//! Files of other programs are kept.

use std::path::PathBuf;

use model::System;

/// A directory, and the prefix of our files in it.
pub(crate) struct Place {
    pub(crate) directory: PathBuf,
    pub(crate) prefixes: Vec<String>,
    /// The first line of our files, if the name alone does not identify them.
    pub(crate) mark: Option<String>,
}

#[cfg(any(feature = "networkd", feature = "networkmanager"))]
impl Place {
    /// Files identified by their names.
    pub(crate) fn by_name(directory: &str, prefix: &str) -> Self {
        Self { directory: directory.into(), prefixes: vec![prefix.to_owned()], mark: None }
    }
}

/// Removes files of an earlier configuration, after a renderer has written these.
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
        tracing::info!("Removing {}: its network device is no longer configured", path.display());
        if let Err(error) = system.files.remove(&path) {
            tracing::warn!("{error}");
        }
    }
}
