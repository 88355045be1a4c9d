//! The layers of the configuration and their precedence.
//!
//! From low to high: built-in, /etc/cloud/cloud.cfg, cloud.cfg.d/*.cfg by name, /run/cloud-init/cloud.cfg, the kernel
//! command line (`cc:`), the data source, vendor-data, vendor-data2, user-data, the file in `CLOUD_CFG`, and the files
//! given with `-f`.

mod builtin;
mod cmdline;
pub mod origins;

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use md5::{Digest as _, Md5};
use model::config::Origin;
use model::{Instance, Node, Paths, System, Value};

use crate::{merge, state, template};

pub use builtin::builtin;
pub use cmdline::{UrlError, fetch_cmdline_url, kernel_command_line, url_from_cmdline};

/// The main file.
pub const CLOUD_CONFIG: &str = "/etc/cloud/cloud.cfg";

/// A configuration file that cannot be used. The others are.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It is unreadable.
    #[error(transparent)]
    File(#[from] model::effects::FileError),
    /// It is not valid YAML. Its text is not shown: configuration contains passwords, and many can read the log.
    #[error("{}", .0.without_text())]
    Yaml(#[from] yaml::Error),
    /// It is too large.
    #[error("{}: larger than {mib} MiB, this is no configuration", path.display())]
    Large {
        /// The file.
        path: PathBuf,
        /// The limit.
        mib: usize,
    },
    /// It is not a mapping.
    #[error("{origin}: expected a mapping of configuration keys, found {found}")]
    NoMapping {
        /// Where its content starts.
        origin: Origin,
        /// The type found, with its article.
        found: &'static str,
    },
    /// It is a template that cannot be rendered.
    #[error(transparent)]
    Template(#[from] model::module::TemplateError),
}

/// Reads configuration.
pub struct Loader<'a> {
    /// Effects.
    pub system: &'a System,
    /// Files given with `-f`, in increasing precedence.
    pub extra: Vec<PathBuf>,
    /// Merged cloud-configs, cached: a stage reads them several times, and they rarely change.
    read: RefCell<HashMap<PathBuf, Written>>,
    /// The kernel command line, which stays what it is.
    cmdline: OnceCell<String>,
}

/// A merged cloud-config: its text, its origins, and the result.
struct Written {
    digest: Digest,
    node: Node,
}

/// Identifies a text and its origins without keeping them.
type Digest = [u8; 16];

fn digest(text: &[u8], origins: Option<&str>) -> Digest {
    let mut digest = Md5::new_with_prefix(text.len().to_le_bytes());
    digest.update(text);
    digest.update(origins.unwrap_or_default());
    digest.finalize().into()
}

impl<'a> Loader<'a> {
    /// Creates a loader; `extra` are the files given with `-f`, in increasing precedence.
    pub fn new(system: &'a System, extra: Vec<PathBuf>) -> Self {
        Self { system, extra, read: RefCell::default(), cmdline: OnceCell::new() }
    }
}

impl Loader<'_> {
    /// Reads a file: YAML, or jinja if its first line says so. A missing or empty file is an empty mapping.
    pub fn file(&self, path: &Path, instance_data: Option<&Path>) -> Result<Node, LoadError> {
        let bytes = self.bytes(path)?;
        self.content(path, &bytes, instance_data)
    }

    /// The content of a file, unless it is so large that it cannot be read anyway.
    fn bytes(&self, path: &Path) -> Result<Vec<u8>, LoadError> {
        let limit = yaml::Limits::BOOT.max_bytes;
        match self.system.files.stat(path)? {
            Some(found) if found.len > limit as u64 => {
                Err(LoadError::Large { path: path.to_owned(), mib: limit >> 20 })
            }
            _ => Ok(self.system.files.read(path)?),
        }
    }

    fn content(&self, path: &Path, bytes: &[u8], instance_data: Option<&Path>) -> Result<Node, LoadError> {
        let name = path.display().to_string();
        let text = String::from_utf8_lossy(bytes);
        if !template::is_jinja(&text) {
            return parsed(&name, bytes);
        }
        let Some(kept) = instance_data else {
            tracing::warn!("skipping {name}: jinja templates are not supported here");
            return Ok(Node::empty_map(Origin::whole(&name)));
        };
        let data = self.system.files.text(kept);
        let Some(data) = data.and_then(|text| serde_json::from_str(&text).ok()) else {
            // Without a known data source there is none yet; the configuration is read again later.
            tracing::debug!("skipping {name}: jinja template, and no instance data yet");
            return Ok(Node::empty_map(Origin::whole(&name)));
        };
        let rendered = template::render_instance_template(self.system.sandbox.as_ref(), &name, &text, &data)?;
        document(&name, rendered.as_bytes())
    }

    /// A merged cloud-config of the instance, with the origin of each value.
    pub fn written(&self, path: &Path) -> Result<Node, LoadError> {
        let text = self.bytes(path)?;
        let origins = state::read(self.system, &origins::beside(path));
        let origins = origins.and_then(|bytes| String::from_utf8(bytes).ok());
        let digest = digest(&text, origins.as_deref());
        if let Some(read) = self.read.borrow().get(path).filter(|read| read.digest == digest) {
            return Ok(read.node.clone());
        }
        let mut node = self.content(path, &text, None)?;
        if let Some(kept) = &origins {
            origins::restore(&mut node, kept);
        }
        let written = Written { digest, node: node.clone() };
        self.read.borrow_mut().insert(path.to_owned(), written);
        Ok(node)
    }

    fn optional(&self, path: &Path, instance_data: Option<&Path>) -> Option<Node> {
        usable(self.file(path, instance_data))
    }

    fn directory(&self, directory: &Path, instance_data: Option<&Path>) -> Vec<Node> {
        let names = self.system.files.list(directory).unwrap_or_default();
        names
            .iter()
            .filter(|name| name.ends_with(".cfg"))
            .filter_map(|name| self.optional(&directory.join(name), instance_data))
            .collect()
    }

    /// cloud.cfg and its directory, in decreasing precedence.
    fn main_files(&self, instance_data: &Path) -> Vec<Node> {
        let main = self.optional(Path::new(CLOUD_CONFIG), Some(instance_data));
        let named = main
            .as_ref()
            .and_then(|node| node.get("conf_d"))
            .map(|node| node.scalar_text().unwrap_or_default());
        let directory = named.unwrap_or_else(|| format!("{CLOUD_CONFIG}.d"));
        let mut found = if directory.is_empty() {
            Vec::new()
        } else {
            self.directory(Path::new(directory.trim()), Some(instance_data))
        };
        found.reverse();
        found.extend(main);
        found
    }

    /// Everything below the data source: the system configuration.
    pub fn base(&self) -> Node {
        let usual = Paths::default().run_dir;
        let first = merge::layers(self.layers_with(&usual));
        match other_run_dir(&first) {
            Some(run_dir) => merge::layers(self.layers_with(&run_dir)),
            None => first,
        }
    }

    /// The layers of the system configuration, in decreasing precedence.
    pub fn base_layers(&self) -> Vec<Node> {
        let layers = self.layers_with(&Paths::default().run_dir);
        match other_run_dir(&merge::layers(layers.clone())) {
            Some(run_dir) => self.layers_with(&run_dir),
            None => layers,
        }
    }

    fn layers_with(&self, run_dir: &Path) -> Vec<Node> {
        let instance_data = run_dir.join("instance-data-sensitive.json");
        let mut strongest_first = Vec::new();
        strongest_first.extend(self.kernel());
        strongest_first.extend(self.optional(&run_dir.join("cloud.cfg"), None));
        strongest_first.extend(self.main_files(&instance_data));
        strongest_first.push(builtin());
        strongest_first
    }

    fn kernel(&self) -> Option<Node> {
        let text = cmdline::configuration(self.cmdline.get_or_init(|| kernel_command_line(self.system)));
        if text.trim().is_empty() {
            return None;
        }
        match document("kernel command line", text.as_bytes()) {
            Ok(node) => Some(node),
            Err(error) => {
                tracing::warn!("Failed loading configuration: {error}");
                None
            }
        }
    }

    /// The files given with `-f`, then that of `CLOUD_CFG`, in decreasing precedence.
    fn named(&self) -> Vec<Node> {
        let given = self.extra.iter().rev().cloned();
        let by_variable = self.system.environment.var("CLOUD_CFG").map(PathBuf::from);
        given.chain(by_variable).filter_map(|path| self.optional(&path, None)).collect()
    }

    /// The paths set by the system configuration and files on the command line; the same for stages and for commands
    /// that read their state.
    pub fn paths(&self, base: &Node) -> Paths {
        let mut strongest_first = self.named();
        strongest_first.push(base.clone());
        paths(&merge::layers(strongest_first))
    }

    /// The complete configuration: `base` with the instance's data.
    pub fn merged(&self, base: &Node, paths: &Paths, instance: Option<&Instance>, vendor: bool) -> Node {
        let mut strongest_first = self.named();
        let mut written = vec!["cloud-config.txt"];
        if vendor {
            written.extend(["vendor2-cloud-config.txt", "vendor-cloud-config.txt"]);
        }
        let read = |name: &&str| usable(self.written(&paths.instance(name)));
        strongest_first.extend(written.iter().filter_map(read));
        if let Some(config) = instance.and_then(|instance| instance.config.clone()) {
            strongest_first.push(Node::from_json(config, &Origin::whole("data source")));
        }
        strongest_first.push(base.clone());
        merge::layers(strongest_first)
    }
}

/// The result of a read: errors are reported and skipped, missing files are skipped.
fn usable(read: Result<Node, LoadError>) -> Option<Node> {
    match read {
        Ok(node) => Some(node),
        Err(LoadError::File(error)) if error.is_not_found() => None,
        Err(error) => {
            tracing::warn!("Failed loading configuration: {error}");
            None
        }
    }
}

/// The configured run directory, if it is not the default.
fn other_run_dir(config: &Node) -> Option<PathBuf> {
    let named = config.at(&["system_info", "paths", "run_dir"]).and_then(Node::as_str).map(PathBuf::from);
    named.filter(|named| *named != Paths::default().run_dir)
}

/// The largest file whose content is remembered: no stage shall hold a second one of the user's documents.
const REMEMBERED: usize = 64 << 10;

thread_local! {
    /// Configuration files by name: a stage reads them several times, and seldom finds them changed.
    static PARSED: RefCell<HashMap<String, Written>> = RefCell::default();
}

/// Reads a mapping, unless the file had the same content before.
fn parsed(name: &str, bytes: &[u8]) -> Result<Node, LoadError> {
    if bytes.len() > REMEMBERED {
        return document(name, bytes);
    }
    let digest = digest(bytes, None);
    let known = PARSED.with_borrow(|parsed| {
        parsed.get(name).filter(|known| known.digest == digest).map(|known| known.node.clone())
    });
    if let Some(node) = known {
        return Ok(node);
    }
    let node = document(name, bytes)?;
    PARSED.with_borrow_mut(|parsed| parsed.insert(name.to_owned(), Written { digest, node: node.clone() }));
    Ok(node)
}

/// Reads a mapping; an empty document is an empty mapping.
pub fn document(source: &str, bytes: &[u8]) -> Result<Node, LoadError> {
    match Node::from_yaml(source, bytes)? {
        None => Ok(Node::empty_map(Origin::whole(source))),
        Some(node) => match &node.value {
            Value::Map(_) => Ok(node),
            Value::Null => Ok(Node::empty_map(Origin::whole(source))),
            other => Err(LoadError::NoMapping { found: other.a_kind(), origin: node.origin }),
        },
    }
}

/// The paths in `system_info.paths`.
pub fn paths(config: &Node) -> Paths {
    let mut paths = Paths::default();
    let set = |slot: &mut PathBuf, name: &str| {
        if let Some(text) = config.at(&["system_info", "paths", name]).and_then(Node::as_str) {
            *slot = PathBuf::from(text);
        }
    };
    set(&mut paths.cloud_dir, "cloud_dir");
    set(&mut paths.run_dir, "run_dir");
    set(&mut paths.templates_dir, "templates_dir");
    set(&mut paths.docs_dir, "docs_dir");
    paths
}

#[cfg(test)]
mod tests {
    use super::*;
    use system::Scratch;

    fn merged(root: Scratch) -> Node {
        let (system, _) = root.system();
        let loader = Loader::new(&system, Vec::new());
        let base = loader.base();
        loader.merged(&base, &Paths::default(), None, true)
    }

    #[test]
    fn each_layer_beats_the_ones_below_it() {
        let root = Scratch::new()
            .file("/etc/cloud/cloud.cfg", "a: 1\nb: 1\nm: {x: 1, y: 1}\nl: [1]\n")
            .file("/etc/cloud/cloud.cfg.d/20.cfg", "b: 2\nc: 2\n")
            .file("/etc/cloud/cloud.cfg.d/30.cfg", "c: 3\nm: {y: 3}\nl: [2, 3]\n")
            .file("/etc/cloud/cloud.cfg.d/README", "c: 9\n")
            .file("/run/cloud-init/cloud.cfg", "d: run\n")
            .file("/proc/cmdline", "quiet cc: {d: cmdline, e: 5} end_cc ro\n")
            .file("/var/lib/cloud/instance/cloud-config.txt", "#cloud-config\nf: user\n")
            .file("/var/lib/cloud/instance/vendor-cloud-config.txt", "#cloud-config\nf: vendor\ng: vendor\n");
        let config = merged(root);
        let text = |path: &[&str]| config.at(path).map(|node| node.to_json().to_string()).unwrap_or_default();
        for (path, expected) in [
            (&["a"][..], "1"),
            (&["b"], "2"),
            (&["c"], "3"),
            (&["d"], "\"cmdline\""),
            (&["e"], "5"),
            (&["f"], "\"user\""),
            (&["g"], "\"vendor\""),
            (&["m"], r#"{"y":3,"x":1}"#),
            (&["l"], "[2,3]"),
            (&["def_log_file"], "\"/var/log/cloud-init.log\""),
        ] {
            assert_eq!(text(path), expected, "{path:?}");
        }
        assert_eq!(config.get("c").expect("set").origin.to_string(), "/etc/cloud/cloud.cfg.d/30.cfg:1:4");
    }

    #[test]
    fn a_cloud_config_that_was_written_anew_is_read_anew() {
        let (system, _) =
            Scratch::new().file("/var/lib/cloud/instance/cloud-config.txt", "#cloud-config\nf: 1\n").system();
        let loader = Loader::new(&system, Vec::new());
        let path = Paths::default().instance("cloud-config.txt");
        let value = || loader.written(&path).expect("a mapping").get("f").and_then(Node::as_int);
        assert_eq!((value(), value()), (Some(1), Some(1)));
        let write = |path: &Path, text: &str| {
            system
                .files
                .write(path, text.as_bytes(), &model::effects::Attributes::secret())
                .expect("written");
        };
        write(&path, "#cloud-config\nf: 2\n");
        assert_eq!(value(), Some(2));
        // The origins file is also considered.
        write(&origins::beside(&path), r#"{"sources": ["part-001"], "places": [["/f", 0, 7, 4]]}"#);
        let node = loader.written(&path).expect("a mapping");
        assert_eq!(node.get("f").expect("there").origin.to_string(), "part-001:7:4");
    }

    #[test]
    fn a_configuration_file_that_was_changed_is_read_anew() {
        let (system, _) = Scratch::new().file(CLOUD_CONFIG, "a: 1\n").system();
        let value = || Loader::new(&system, Vec::new()).base().get("a").and_then(Node::as_int);
        assert_eq!((value(), value()), (Some(1), Some(1)));
        // Of the same size, and within the same second.
        let write = |text: &str| {
            let attributes = model::effects::Attributes::default();
            system.files.write(Path::new(CLOUD_CONFIG), text.as_bytes(), &attributes).expect("written");
        };
        write("a: 2\n");
        assert_eq!(value(), Some(2));
        write("a: [\n");
        assert_eq!(value(), None);
        write("a: 1\n");
        assert_eq!(value(), Some(1));
    }

    #[test]
    fn a_broken_file_is_passed_over() {
        let root = Scratch::new()
            .file("/etc/cloud/cloud.cfg", "a: 1\n")
            .file("/etc/cloud/cloud.cfg.d/20.cfg", "a: [\n")
            .file("/etc/cloud/cloud.cfg.d/30.cfg", "- list\n");
        assert_eq!(merged(root).get("a").and_then(Node::as_int), Some(1));
    }
}
