//! Every module of the original, in the order in which they run: what it is, when it runs, where, and its keys.
//!
//! A module of this build says it of itself ([`Module`]); of the others, [`described`](crate::described) has the keys.

mod config_stage;
mod examples;
mod final_stage;
mod network_stage;

pub use examples::examples;
use model::{Frequency, Module, Stage};
#[cfg(feature = "derive")]
use schema::document::Section;
use schemars::JsonSchema;
#[cfg(feature = "derive")]
use schemars::{Schema, SchemaGenerator};

/// What is known of a module without running it.
pub struct Entry {
    /// Its name in cloud.cfg.
    pub name: &'static str,
    /// The stage in which the distributions' cloud.cfg have it.
    pub stage: Stage,
    /// How often it runs, unless cloud.cfg says otherwise.
    pub frequency: Frequency,
    /// The distributions it is for; empty for all.
    pub distros: &'static [&'static str],
    /// It is passed over unless one of these keys is there; empty for always.
    pub keys: &'static [&'static str],
    /// Whether this program has it.
    pub built: bool,
    /// A heading.
    pub title: &'static str,
    /// What it does, in a sentence.
    pub summary: &'static str,
    /// What else is to know; may be empty.
    pub details: &'static str,
    /// Makes the schema of its keys. A program has the schema as it is published and needs this no more.
    #[cfg(feature = "derive")]
    pub schema: fn(&mut SchemaGenerator) -> Schema,
}

/// The heading, the sentence and the rest of an entry.
pub type Texts = [&'static str; 3];

/// Of a module that is not built: its name, how often it runs, its distributions and its keys.
pub type Facts = (&'static str, Frequency, &'static [&'static str], &'static [&'static str]);

impl Entry {
    /// Of a module of this build.
    pub const fn built<M: Module>(_module: &M, stage: Stage, [title, summary, details]: Texts) -> Self {
        Self {
            name: M::NAME,
            stage,
            frequency: M::FREQUENCY,
            distros: M::DISTROS,
            keys: M::KEYS,
            built: true,
            title,
            summary,
            details,
            #[cfg(feature = "derive")]
            schema: M::Config::json_schema,
        }
    }

    /// Of a module that this program does not have.
    pub const fn described<C: JsonSchema>(
        (name, frequency, distros, keys): Facts,
        stage: Stage,
        [title, summary, details]: Texts,
    ) -> Self {
        Self {
            name,
            stage,
            frequency,
            distros,
            keys,
            built: false,
            title,
            summary,
            details,
            #[cfg(feature = "derive")]
            schema: C::json_schema,
        }
    }
}

/// The modules, in the order in which they run.
pub fn modules() -> impl Iterator<Item = &'static Entry> {
    [network_stage::MODULES, config_stage::MODULES, final_stage::MODULES].into_iter().flatten()
}

/// Modules whose keys another describes, or that have none.
#[cfg(feature = "derive")]
fn has_own_keys(entry: &Entry) -> bool {
    entry.name != "write_files_deferred"
}

/// The schema of a cloud-config, made from the types. It is whole only with every feature; what is published, and what
/// [`crate::cloud_config_schema`] reads, was made so.
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
    schema::document::assemble(&sections)
}
