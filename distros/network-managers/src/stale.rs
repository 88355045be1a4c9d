//! Files of ours that an earlier description needed and this one does not: they would bring up links that are gone, or
//! give a link two configurations. Nothing of anybody else's is touched.

use std::path::PathBuf;

use model::System;

use crate::Settings;
use crate::probe::Backend;

/// A directory, and what the names of our files in it begin with.
struct Place {
    directory: PathBuf,
    prefixes: Vec<String>,
    /// The first line of our files, where the name alone does not say that one is ours.
    mark: Option<String>,
}

#[cfg(feature = "ifcfg")]
fn split(prefix: &str) -> Option<(PathBuf, String)> {
    let (directory, name) = prefix.rsplit_once('/')?;
    Some((PathBuf::from(directory), name.to_owned()))
}

#[allow(unused_variables, reason = "each renderer has its own settings")]
fn place(renderer: Backend, settings: &Settings) -> Option<Place> {
    #[allow(unused_variables, reason = "a build without renderers has no files")]
    let by_name = |directory: &str, prefix: &str| {
        Some(Place { directory: directory.into(), prefixes: vec![prefix.to_owned()], mark: None })
    };
    match renderer {
        #[cfg(feature = "networkd")]
        Backend::Networkd => by_name(settings.networkd.directory.trim_end_matches('/'), "10-cloud-init-"),
        #[cfg(feature = "networkmanager")]
        Backend::NetworkManager => by_name(crate::networkmanager::CONNECTIONS, "cloud-init-"),
        #[cfg(feature = "ifcfg")]
        Backend::Ifcfg => {
            let ifcfg = &settings.ifcfg;
            let (directory, _) = split(&ifcfg.link_prefix)?;
            let all = [&ifcfg.link_prefix, &ifcfg.routes_prefix, &ifcfg.routes6_prefix];
            let prefixes = all.into_iter().filter_map(|prefix| split(prefix)).map(|(_, name)| name).collect();
            let mark = crate::ifcfg::header('#').lines().next().map(str::to_owned);
            Some(Place { directory, prefixes, mark })
        }
        // One file for all links.
        _ => None,
    }
}

/// Removes what is left of an earlier description by a renderer that has just written these files.
pub(crate) fn remove(system: &System, renderer: Backend, settings: &Settings, written: &[PathBuf]) {
    let Some(place) = place(renderer, settings) else { return };
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
