//! What the planned machine shows of its data source, and what answers its requests.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use metadata::dmi;
use model::About;
use model::datasource::{Medium, Page};
use model::effects::{BlockDevice, Http, HttpError, ReadFiles, Request, Response};
use system::{Host, Scratch, TreeHttp};

use super::script::Script;
use super::{Inputs, PlanError, Source, absolute, source_list};

/// The directory of a device's files: a plan reads them through the device only.
const DEVICE_FILES: &str = "/device-of-the-plan";

/// The MAC address of eth0 in the sources' examples.
const EXAMPLE_MAC: &[u8] = b"52:54:00:12:34:56\n";

/// Lays the evidence over the root; returns the data source if the options determine it.
pub(super) fn apply(options: &Source, inputs: &mut Inputs) -> Result<Option<&'static About>, PlanError> {
    let host = Host::root(None);
    let tree = options.metadata_tree.as_deref().map(|path| directory(host.as_ref(), path)).transpose()?;
    let about = match (&options.data_source, &tree) {
        (Some(name), _) => Some(named(name)?),
        (None, Some(tree)) => Some(recognised(host.as_ref(), tree)?),
        (None, None) => None,
    };
    if let Some(about) = about {
        inputs.files.extend(about.evidence.dmi.iter().map(|(file, value)| field(file, value)));
        inputs.files.push(source_list(about.name));
    }
    match (about, tree) {
        (Some(about), Some(tree)) => give(about, &host, &tree, inputs)?,
        (Some(about), None) if options.uses_example() => example(about, inputs)?,
        _ => {}
    }
    for given in &options.dmi {
        let wrong = || PlanError::Dmi { given: given.clone() };
        let (key, value) = given.split_once('=').ok_or_else(wrong)?;
        inputs.files.push(field(dmi::file_of_either(key).ok_or_else(wrong)?, value));
    }
    if let Some(text) = &options.cmdline {
        inputs.files.push(("/proc/cmdline".into(), format!("{text}\n").into_bytes()));
    }
    inputs.urls = options.url_tree.as_deref().map(|path| directory(host.as_ref(), path)).transpose()?;
    inputs.fetch = options.fetch;
    Ok(about)
}

fn directory(host: &dyn ReadFiles, path: &Path) -> Result<PathBuf, PlanError> {
    let path = absolute(path)?;
    if host.is_dir(&path) { Ok(path) } else { Err(PlanError::NoDirectory(path.display().to_string())) }
}

fn field(file: &str, value: &str) -> (PathBuf, Vec<u8>) {
    (Path::new("/sys/class/dmi/id").join(file), format!("{value}\n").into_bytes())
}

fn abouts() -> Vec<&'static About> {
    crate::registry::registry().sources.iter().map(|source| source.about()).collect()
}

fn named(name: &str) -> Result<&'static About, PlanError> {
    let known = abouts();
    let found = known.iter().find(|about| about.name.eq_ignore_ascii_case(name));
    found.copied().ok_or_else(|| PlanError::DataSource {
        name: name.to_owned(),
        known: known.iter().map(|about| about.name).collect::<Vec<_>>().join(", "),
    })
}

/// The data source whose documents the directory has, possibly below the usual address.
fn recognised(host: &dyn ReadFiles, tree: &Path) -> Result<&'static About, PlanError> {
    let bases = [tree.to_owned(), tree.join("169.254.169.254")];
    let has = |about: &&&About| {
        let paths = about.evidence.tree;
        !paths.is_empty() && bases.iter().any(|base| paths.iter().all(|path| host.exists(&base.join(path))))
    };
    abouts().iter().find(has).copied().ok_or_else(|| PlanError::Tree { path: tree.display().to_string() })
}

/// Makes the machine the source's example.
fn example(about: &About, inputs: &mut Inputs) -> Result<(), PlanError> {
    let broken = |reason| PlanError::Example { name: about.name.to_owned(), hint: format!(": {reason}") };
    let example = Page::parse(about.page).map_err(broken)?.example;
    inputs.files.push(("/sys/class/net/eth0/address".into(), EXAMPLE_MAC.to_vec()));
    inputs.files.extend(example.files.iter().map(|(path, text)| (path.into(), text.clone().into_bytes())));
    if !example.config.is_empty() {
        inputs.files.push(("/etc/cloud/cloud.cfg.d/90-example.cfg".into(), example.config.into_bytes()));
    }
    inputs.script = Script { programs: example.programs, serial: example.serial };
    if example.documents.is_empty() {
        return Ok(());
    }
    let documents = example.documents.iter();
    let tree = documents.fold(Scratch::new(), |tree, (path, text)| tree.file(&format!("/{path}"), text));
    let tree: Arc<dyn ReadFiles> = Arc::new(tree);
    give(about, &tree, Path::new("/"), inputs)
}

/// Adds the documents to the machine.
fn give(about: &About, host: &Arc<dyn ReadFiles>, tree: &Path, inputs: &mut Inputs) -> Result<(), PlanError> {
    match about.evidence.medium {
        Medium::Service => inputs.tree = Some((host.clone(), tree.to_owned())),
        Medium::Seed(name) => {
            let seed = Path::new("/var/lib/cloud/seed").join(name);
            copy(host.as_ref(), tree, &seed, &mut inputs.files)?;
        }
        Medium::Device { label, filesystem } => {
            copy(host.as_ref(), tree, Path::new(DEVICE_FILES), &mut inputs.files)?;
            let device = BlockDevice {
                path: "/dev/vdb".into(),
                filesystem: Some(filesystem.to_owned()),
                label: Some(label.to_owned()),
                size: 64 << 20,
                ..BlockDevice::default()
            };
            inputs.devices.push((device, DEVICE_FILES.into()));
        }
        Medium::Configuration => return Err(PlanError::NoDocuments(about.name)),
    }
    Ok(())
}

fn copy(
    host: &dyn ReadFiles,
    from: &Path,
    to: &Path,
    files: &mut Vec<(PathBuf, Vec<u8>)>,
) -> Result<(), PlanError> {
    for name in host.list(from)? {
        let (from, to) = (from.join(&name), to.join(&name));
        if host.is_dir(&from) {
            copy(host, &from, &to, files)?;
        } else {
            files.push((to, host.read(&from)?));
        }
    }
    Ok(())
}

/// What answers requests: the tree of a metadata service; otherwise the tree of URLs, then the network if allowed.
pub(super) struct Answers {
    service: TreeHttp,
    urls: Option<TreeHttp>,
    network: Option<Arc<dyn Http>>,
}

impl Answers {
    pub(super) fn new(inputs: &Inputs) -> Result<Self, PlanError> {
        if inputs.fetch && !cfg!(feature = "http") {
            return Err(PlanError::NoHttp);
        }
        let service = match &inputs.tree {
            Some((files, directory)) => TreeHttp::new(files.clone(), Some(directory.clone())),
            None => TreeHttp::new(Host::root(None), None),
        };
        let urls = inputs.urls.as_ref().map(|path| TreeHttp::new(Host::root(None), Some(path.clone())));
        Ok(Self { service, urls, network: inputs.fetch.then(crate::registry::http) })
    }
}

/// Whether the directory has no answer, so that the next responder is asked.
fn is_silent(outcome: &Result<Response, HttpError>) -> bool {
    match outcome {
        Ok(response) => response.status == 404,
        Err(error) => matches!(error, HttpError::Status { status: 404, .. } | HttpError::NotAsked { .. }),
    }
}

impl Http for Answers {
    fn send(&self, request: &Request) -> Result<Response, HttpError> {
        let directories: [Option<&TreeHttp>; 2] = if request.metadata_service {
            [Some(&self.service), self.urls.as_ref()]
        } else {
            [self.urls.as_ref(), Some(&self.service)]
        };
        let mut silent = None;
        for directory in directories.into_iter().flatten() {
            let outcome = directory.send(request);
            if !is_silent(&outcome) {
                return outcome;
            }
            // The missing file is a better explanation than the disabled network.
            if silent.is_none() || !matches!(outcome, Err(HttpError::NotAsked { .. })) {
                silent = Some(outcome);
            }
        }
        match (&self.network, silent) {
            (Some(network), _) => network.send(request),
            (None, Some(outcome)) => outcome,
            (None, None) => Err(HttpError::NotAsked { url: request.shown() }),
        }
    }
}
