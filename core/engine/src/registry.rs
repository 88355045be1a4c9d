//! The members of the families that this program includes.

use model::module::{Absent, AnyModule};
use model::{DataSource, Distro, DistroError, Node, System};

/// Creates a distribution by name from `system_info`; an unknown name is an error that lists the known ones.
pub type MakeDistro = fn(&System, &str, &Node) -> Result<Box<dyn Distro>, DistroError>;

/// The contents of this build.
pub struct Registry {
    /// Data sources.
    pub sources: Vec<Box<dyn DataSource>>,
    /// Modules.
    pub modules: Vec<Box<dyn AnyModule>>,
    /// Modules that this build does not include.
    pub absent_modules: Vec<Absent>,
    /// Names of removed modules, which are skipped.
    pub removed_modules: &'static [&'static str],
    /// Distributions.
    pub distro: MakeDistro,
    /// Built-in templates, for images without their own.
    pub templates: &'static [(&'static str, &'static str)],
    /// The schema of a cloud-config as JSON, if user-data is validated.
    pub cloud_config_schema: Option<&'static str>,
    /// The program's version.
    pub version: &'static str,
}

impl Registry {
    /// A source by its name in `datasource_list`.
    pub fn source(&self, name: &str) -> Option<&dyn DataSource> {
        self.sources.iter().find(|source| source.about().name.eq_ignore_ascii_case(name)).map(AsRef::as_ref)
    }

    /// A module by its name with `_`, or by an earlier name.
    pub fn module(&self, name: &str) -> Option<&dyn AnyModule> {
        let mut modules = self.modules.iter().map(AsRef::as_ref);
        modules.find(|module| module.name() == name || module.aliases().contains(&name))
    }

    /// A module that this build does not include.
    pub fn absent(&self, name: &str) -> Option<&Absent> {
        self.absent_modules.iter().find(|absent| absent.name == name || absent.aliases.contains(&name))
    }
}
