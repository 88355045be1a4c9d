//! Modules and data sources that an image has in Python, which this program does not run: what is missing is named.

use std::path::PathBuf;

use model::Node;
use model::effects::ReadFiles;

use super::Boot;

/// Where distributions keep Python's packages, below each of their `python3…` directories.
const LIBRARIES: &[&str] = &["/usr/local/lib", "/usr/lib", "/usr/lib64"];
/// The package of the original's own sources.
const OWN_SOURCES: &str = "cloudinit.sources";

/// A file of a package that is installed for Python.
fn installed(files: &dyn ReadFiles, relative: &str) -> Option<PathBuf> {
    LIBRARIES.iter().map(PathBuf::from).find_map(|library| {
        let versions = files.list(&library).unwrap_or_default();
        versions.iter().filter(|name| name.starts_with("python3")).find_map(|version| {
            ["dist-packages", "site-packages"]
                .iter()
                .map(|packages| library.join(version).join(packages).join(relative))
                .find(|path| files.is_file(path))
        })
    })
}

impl Boot<'_> {
    /// The Python file of a module of cloud.cfg's lists.
    pub(super) fn python_module(&self, name: &str) -> Option<PathBuf> {
        installed(self.system.files.as_ref(), &format!("cloudinit/config/cc_{name}.py"))
    }

    /// Warns of sources that only Python has: those of `datasource_list` that this program does not know, and packages
    /// that `datasource_pkg_list` adds.
    pub(super) fn warn_of_python_sources(&self) {
        let list = |key: &str| self.config.get(key).and_then(Node::as_list).unwrap_or_default();
        let extra: Vec<(&Node, &str)> = list("datasource_pkg_list")
            .iter()
            .filter_map(|node| Some((node, node.as_str()?.trim())))
            .filter(|(_, package)| !package.is_empty() && *package != OWN_SOURCES)
            .collect();
        for (node, package) in &extra {
            tracing::warn!(
                "{}: datasource_pkg_list: data sources of the Python package {package} are not run by this program",
                node.origin
            );
        }
        let packages = || extra.iter().map(|(_, package)| *package).chain([OWN_SOURCES]);
        let unknown = list("datasource_list").iter().filter_map(|node| Some((node, node.as_str()?)));
        for (node, name) in unknown.filter(|(_, name)| self.registry.source(name).is_none()) {
            let file = packages().find_map(|package| {
                let directory = package.replace('.', "/");
                installed(self.system.files.as_ref(), &format!("{directory}/DataSource{name}.py"))
            });
            if let Some(file) = file {
                tracing::warn!(
                    "{}: data source {name} is written in Python ({}), which this program does not run",
                    node.origin,
                    file.display()
                );
            }
        }
    }
}
