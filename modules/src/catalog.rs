//! All upstream modules in the order in which they run, with their descriptions, stages, distributions and keys.
//!
//! Each module describes itself ([`Described`]); the table in the crate's root defines the order.

#[cfg(feature = "derive")]
use schema::document::Section;
#[cfg(feature = "derive")]
use schemars::{JsonSchema as _, Schema, SchemaGenerator};

use model::module::{Described, Listed};
use model::{Frequency, Stage};

/// The description of a module, available without running it.
pub struct Entry {
    /// Its name in cloud.cfg.
    pub name: &'static str,
    /// Whether the schema also accepts its name with `-`.
    #[cfg(feature = "derive")]
    dashed: bool,
    /// Names in earlier releases.
    pub aliases: &'static [&'static str],
    /// The stage in which the distributions' cloud.cfg lists it.
    pub stage: Stage,
    /// Its frequency, unless cloud.cfg overrides it.
    pub frequency: Frequency,
    /// The distributions it is for; empty for all.
    pub distros: &'static [&'static str],
    /// The module is skipped unless one of these keys is set; empty for always.
    pub keys: &'static [&'static str],
    /// The keys that have no effect without the module.
    pub own_keys: &'static [&'static str],
    /// The distributions whose cloud.cfg lists it.
    pub listed: Listed,
    /// Whether this program implements it.
    pub built: bool,
    /// A title.
    pub title: &'static str,
    /// A one-sentence summary.
    pub summary: &'static str,
    /// Further information; may be empty.
    pub details: &'static str,
    /// Generates the schema of its keys. At run time, the published schema is used instead.
    #[cfg(feature = "derive")]
    pub schema: fn(&mut SchemaGenerator) -> Schema,
}

impl Entry {
    /// A module's description of itself.
    pub(crate) const fn of<D: Described>(built: bool) -> Self {
        Self {
            name: D::NAME,
            #[cfg(feature = "derive")]
            dashed: D::DASHED,
            aliases: D::ALIASES,
            stage: D::STAGE,
            frequency: D::FREQUENCY,
            distros: D::DISTROS,
            keys: D::KEYS,
            own_keys: D::OWN_KEYS,
            listed: D::LISTED,
            built,
            title: D::TITLE,
            summary: D::SUMMARY,
            details: D::DETAILS,
            #[cfg(feature = "derive")]
            schema: D::Config::json_schema,
        }
    }
}

/// The modules, in the order in which they run.
pub fn modules() -> impl Iterator<Item = &'static Entry> {
    crate::CATALOG.iter()
}

/// Modules whose keys another one describes, or that have none.
#[cfg(feature = "derive")]
fn has_own_keys(entry: &Entry) -> bool {
    entry.name != "write_files_deferred"
}

/// The schema of a cloud-config, generated from the types. It is complete only with all features; the published schema,
/// which [`crate::cloud_config_schema`] reads, is generated that way.
#[cfg(feature = "derive")]
pub fn derive_cloud_config_schema() -> serde_json::Value {
    let sections: Vec<Section> = modules()
        .filter(|entry| has_own_keys(entry))
        .map(|entry| Section {
            name: entry.name,
            title: entry.title,
            summary: entry.summary,
            schema: entry.schema,
        })
        .collect();
    let mut names = Vec::new();
    for entry in modules() {
        names.push(entry.name.to_owned());
        names.extend(entry.dashed.then(|| entry.name.replace('_', "-")));
        names.extend(entry.aliases.iter().flat_map(|name| [(*name).to_owned(), name.replace('_', "-")]));
    }
    names.sort();
    names.dedup();
    schema::document::assemble(&names, &sections)
}

/// The schema of what Ubuntu's installer reads below `autoinstall`, generated from the types.
#[cfg(feature = "derive")]
pub fn derive_autoinstall_schema() -> serde_json::Value {
    schema::document::of_key::<crate::ubuntu_autoinstall::answers::Answers>("autoinstall")
}

/// Additional examples, including the keys that belong to no module: the module, and the text.
const FURTHER: &[(&str, &str)] = &[
    ("base", include_str!("../examples/base.yaml")),
    ("growpart", include_str!("../examples/growpart-2.yaml")),
    ("lxd", include_str!("../examples/lxd-2.yaml")),
    ("ntp", include_str!("../examples/ntp-2.yaml")),
    ("users_groups", include_str!("../examples/users_groups-2.yaml")),
    ("write_files", include_str!("../examples/write_files-2.yaml")),
];

/// The examples of a module; `base` has the one for keys that belong to no module.
pub fn examples(module: &str) -> impl Iterator<Item = &'static str> {
    let all = crate::EXAMPLES.iter().chain(FURTHER);
    all.filter(move |(name, _)| *name == module).map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_are_those_of_a_module() {
        assert_eq!(examples("growpart").count(), 2);
        assert!(examples("growpart").all(|text| text.contains("growpart:")));
        assert_eq!(examples("bootcmd").count(), 1);
        assert_eq!(examples("base").count(), 1);
        assert_eq!(examples("nothing").count(), 0);
    }

    #[test]
    fn absent_modules_are_those_that_are_not_built() {
        let absent: Vec<&str> = crate::absent().iter().map(|module| module.name).collect();
        let expected: Vec<&str> = modules().filter(|entry| !entry.built).map(|entry| entry.name).collect();
        assert_eq!(absent, expected);
        assert_eq!(absent.len() + crate::all().len(), modules().count());
    }
}
