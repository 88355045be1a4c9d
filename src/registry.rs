//! The one table of what is in this program: a row per member of a family, each behind its feature.

use engine::Registry;
use model::{Distro, DistroError, Node, System};

/// Everything that the features put in.
pub(crate) fn registry() -> Registry {
    Registry {
        sources: datasources::all(),
        modules: modules::all(),
        absent_modules: modules::absent(),
        removed_modules: modules::REMOVED,
        distro,
        templates: modules::TEMPLATES,
        #[cfg(feature = "schema")]
        cloud_config_schema: Some(modules::cloud_config_schema),
        #[cfg(not(feature = "schema"))]
        cloud_config_schema: None,
        version: crate::VERSION,
    }
}

/// Names of distributions that this program configures.
pub(crate) fn distro_names() -> Vec<&'static str> {
    const NAMES: &[&[&str]] = &[
        #[cfg(feature = "distro-debian")]
        debian::NAMES,
        #[cfg(feature = "distro-rhel")]
        rhel::NAMES,
    ];
    NAMES.concat()
}

#[cfg_attr(not(any(feature = "distro-debian", feature = "distro-rhel")), allow(unused_variables))]
fn distro(system: &System, name: &str, system_info: &Node) -> Result<Box<dyn Distro>, DistroError> {
    #[cfg(feature = "distro-debian")]
    if debian::NAMES.contains(&name) {
        return debian::make(system, name, system_info);
    }
    #[cfg(feature = "distro-rhel")]
    if rhel::NAMES.contains(&name) {
        return rhel::make(system, name, system_info);
    }
    Err(DistroError::Failed(format!(
        "{}: system_info.distro: this program has no distribution '{name}'; it was built with: {}",
        system_info
            .get("distro")
            .map_or_else(|| system_info.origin.to_string(), |node| node.origin.to_string()),
        distro_names().join(", ")
    )))
}

/// HTTP, where it was built in.
pub(crate) fn http() -> std::sync::Arc<dyn model::effects::Http> {
    #[cfg(feature = "http")]
    {
        std::sync::Arc::new(fetch::Fetch::new())
    }
    #[cfg(not(feature = "http"))]
    {
        std::sync::Arc::new(system::NoHttp)
    }
}
