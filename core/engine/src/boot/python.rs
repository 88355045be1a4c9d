//! Detects modules and data sources in Python, which this program does not run, and reports them.

use std::path::PathBuf;

use model::Node;
use model::effects::ReadFiles;

use super::Boot;

/// Where distributions install Python packages, below each `python3…` directory.
const LIBRARIES: &[&str] = &["/usr/local/lib", "/usr/lib", "/usr/lib64"];
/// The package of upstream's data sources.
const OWN_SOURCES: &str = "cloudinit.sources";

/// Finds a file of an installed Python package.
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
    /// The Python file of a module listed in cloud.cfg.
    pub(super) fn python_module(&self, name: &str) -> Option<PathBuf> {
        installed(self.system.files.as_ref(), &format!("cloudinit/config/cc_{name}.py"))
    }

    /// Warns about data sources in Python: unknown ones in `datasource_list`, and packages in `datasource_pkg_list`.
    pub(super) fn warn_of_python_sources(&self) {
        let list = |key: &str| self.config.get(key).and_then(Node::as_list).unwrap_or_default();
        let extra: Vec<(&Node, &str)> = list("datasource_pkg_list")
            .iter()
            .filter_map(|node| Some((node, node.as_str()?.trim())))
            .filter(|(_, package)| !package.is_empty() && *package != OWN_SOURCES)
            .collect();
        for (node, package) in &extra {
            tracing::warn!(
                "{}: datasource_pkg_list: data sources in Python packages are not supported: {package}",
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
                    "{}: data source {name} is written in Python ({}), which is not supported",
                    node.origin,
                    file.display()
                );
            }
        }
    }
}
