//! The members of the families that this program was built with.

use model::module::{Absent, AnyModule};
use model::{DataSource, Distro, DistroError, Node, System};

/// Makes a distribution of a name from `system_info`; an unknown name is an error that lists the known ones.
pub type MakeDistro = fn(&System, &str, &Node) -> Result<Box<dyn Distro>, DistroError>;

/// What the program was built with.
pub struct Registry {
    /// Data sources.
    pub sources: Vec<Box<dyn DataSource>>,
    /// Modules.
    pub modules: Vec<Box<dyn AnyModule>>,
    /// Modules that there are and that this program was built without.
    pub absent_modules: Vec<Absent>,
    /// Names of modules of old releases, which are passed over.
    pub removed_modules: &'static [&'static str],
    /// Distributions.
    pub distro: MakeDistro,
    /// Templates that the program carries, for images that ship none.
    pub templates: &'static [(&'static str, &'static str)],
    /// The schema of a cloud-config, where user-data is checked.
    pub cloud_config_schema: Option<fn() -> serde_json::Value>,
    /// The program's version.
    pub version: &'static str,
}

impl Registry {
    /// A source by its name in `datasource_list`.
    pub fn source(&self, name: &str) -> Option<&dyn DataSource> {
        self.sources.iter().find(|source| source.about().name.eq_ignore_ascii_case(name)).map(AsRef::as_ref)
    }

    /// A module by its name with `_`, or by a name of earlier releases.
    pub fn module(&self, name: &str) -> Option<&dyn AnyModule> {
        let mut modules = self.modules.iter().map(AsRef::as_ref);
        modules.find(|module| module.name() == name || module.aliases().contains(&name))
    }

    /// A module that this program was built without.
    pub fn absent(&self, name: &str) -> Option<&Absent> {
        self.absent_modules.iter().find(|absent| absent.name == name || absent.aliases.contains(&name))
    }
}
