//! The table of what is built into this program: one row per member of a family, each behind its feature.

use engine::Registry;
#[cfg(feature = "plan")]
use model::distro::Release;
use model::distro::{Facts, Family};
use model::{Distro, DistroError, Node, System};

/// Everything that the enabled features include.
pub(crate) fn registry() -> Registry {
    Registry {
        sources: datasources::all(),
        modules: modules::all(),
        absent_modules: modules::absent(),
        removed_modules: modules::REMOVED,
        distro,
        templates: modules::TEMPLATES,
        #[cfg(feature = "schema")]
        cloud_config_schema: Some(modules::CLOUD_CONFIG_SCHEMA),
        #[cfg(not(feature = "schema"))]
        cloud_config_schema: None,
        version: crate::VERSION,
    }
}

/// The families of distributions, each with its releases for `plan`.
fn families() -> Vec<&'static Family> {
    vec![
        #[cfg(feature = "distro-debian")]
        &debian::FAMILY,
        #[cfg(feature = "distro-rhel")]
        &rhel::FAMILY,
        #[cfg(feature = "distro-freebsd")]
        &bsd::FAMILY,
        #[cfg(feature = "distro-alpine")]
        &alpine::FAMILY,
        #[cfg(feature = "distro-aosc")]
        &aosc::FAMILY,
        #[cfg(feature = "distro-arch")]
        &arch::FAMILY,
        #[cfg(feature = "distro-gentoo")]
        &gentoo::FAMILY,
        #[cfg(feature = "distro-photon")]
        &photon::FAMILY,
        #[cfg(feature = "distro-suse")]
        &suse::FAMILY,
    ]
}

/// The releases that have a built-in root.
#[cfg(feature = "plan")]
pub(crate) fn releases() -> impl Iterator<Item = &'static Release> {
    let families: Vec<&'static [Release]> = vec![
        #[cfg(feature = "distro-debian")]
        debian::RELEASES,
        #[cfg(feature = "distro-rhel")]
        rhel::RELEASES,
        #[cfg(feature = "distro-freebsd")]
        bsd::RELEASES,
        #[cfg(feature = "distro-alpine")]
        alpine::RELEASES,
        #[cfg(feature = "distro-aosc")]
        aosc::RELEASES,
        #[cfg(feature = "distro-arch")]
        arch::RELEASES,
        #[cfg(feature = "distro-gentoo")]
        gentoo::RELEASES,
        #[cfg(feature = "distro-photon")]
        photon::RELEASES,
        #[cfg(feature = "distro-suse")]
        suse::RELEASES,
    ];
    families.into_iter().flatten()
}

/// The name of a distribution's family.
#[cfg(feature = "plan")]
pub(crate) fn family(distro: &str) -> Option<&'static str> {
    families().into_iter().find(|family| family.member(distro).is_some()).map(|family| family.name)
}

/// The rows of the distributions built into this program.
pub(crate) fn distros() -> impl Iterator<Item = &'static Facts> {
    families().into_iter().flat_map(|family| family.members)
}

/// The names of the distributions built into this program.
pub(crate) fn distro_names() -> Vec<&'static str> {
    distros().map(|facts| facts.name).collect()
}

fn distro(system: &System, name: &str, system_info: &Node) -> Result<Box<dyn Distro>, DistroError> {
    let created = families().into_iter().find_map(|family| family.create(system, name, system_info));
    created.unwrap_or_else(|| {
        Err(DistroError::Unknown {
            origin: system_info.get("distro").unwrap_or(system_info).origin.clone(),
            name: name.to_owned(),
            known: distro_names().join(", "),
        })
    })
}

/// HTTP, if built in.
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
