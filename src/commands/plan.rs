//! `plan`: runs the four stages of a first boot against an overlay, without changing anything or using the network.

mod accounts;
mod assumed;
mod distinct;
mod document;
mod evidence;
mod examples;
mod library;
mod mask;
mod roots;
mod script;
mod show;
mod watch;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use engine::boot::{Boot, NoHooks};
use model::datasource::Medium;
use model::effects::{Attributes, ReadFiles, Reading};
use model::{Stage, System};
use system::{Effect, Host, Overlay, Scratch, TreeHttp};

use self::accounts::Accounts;
use self::assumed::Assumed;
use self::script::Script;
use crate::output;

pub(crate) use self::document::{json, json_schema};
pub(crate) use self::library::{Data, of_data};
pub(crate) use self::show::text;
pub(crate) use self::watch::Warning;

/// The output format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
}

/// The input of a plan.
#[derive(Debug, Default, Args)]
#[allow(clippy::struct_field_names, reason = "the names of options")]
pub(crate) struct Source {
    /// Use one of the embedded examples.
    #[arg(long, value_name = "NAME")]
    example: Option<String>,
    /// The root directory of an image [default: a small built-in root of the distribution].
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
    /// The distribution: its ID in os-release, optionally with a version (centos:7).
    #[arg(long, value_name = "ID")]
    distro: Option<String>,
    /// Path of the user-data.
    #[arg(long, value_name = "FILE")]
    user_data: Option<PathBuf>,
    /// Path of the meta-data of a NoCloud seed.
    #[arg(long, value_name = "FILE")]
    meta_data: Option<PathBuf>,
    /// Path of the vendor-data.
    #[arg(long, value_name = "FILE")]
    vendor_data: Option<PathBuf>,
    /// Path of the network-config.
    #[arg(long, value_name = "FILE")]
    network_config: Option<PathBuf>,
    /// The data source of the machine; any that this build includes. Without its documents, its example is used.
    #[arg(long, value_name = "NAME")]
    data_source: Option<String>,
    /// A directory with the data source's documents; for a metadata service, laid out as its URL paths.
    #[arg(long, value_name = "DIR")]
    metadata_tree: Option<PathBuf>,
    /// A firmware value, by dmidecode keyword or by file name in /sys/class/dmi/id (system-serial-number=X).
    #[arg(long, value_name = "KEY=VALUE")]
    dmi: Vec<String>,
    /// The kernel command line.
    #[arg(long, value_name = "TEXT")]
    cmdline: Option<String>,
    /// A directory that answers requests from user-data: http://HOST/PATH reads HOST/PATH below it, or PATH.
    #[arg(long, value_name = "DIR")]
    url_tree: Option<PathBuf>,
    /// Fetch from the network what no directory answers.
    #[arg(long)]
    fetch: bool,
}

impl Source {
    /// Whether there is no input besides a root.
    #[cfg(feature = "explain")]
    pub(crate) fn only_root(&self) -> bool {
        let given = [&self.user_data, &self.meta_data, &self.vendor_data, &self.network_config];
        given.iter().all(|given| given.is_none())
            && self.metadata_tree.is_none()
            && self.data_source.is_none()
            && self.url_tree.is_none()
            && self.dmi.is_empty()
            && self.cmdline.is_none()
            && !self.fetch
            && self.example.is_none()
            && self.distro.is_none()
    }

    /// Whether the data source's example stands for its documents.
    fn uses_example(&self) -> bool {
        let given = [&self.user_data, &self.meta_data, &self.vendor_data, &self.network_config];
        self.data_source.is_some()
            && self.metadata_tree.is_none()
            && given.iter().all(|given| given.is_none())
    }

    /// The inputs, for the first line of the plan.
    fn given(&self) -> Vec<String> {
        let source = self.data_source.iter().filter(|_| self.uses_example());
        let example = self.example.iter().chain(source).map(|name| format!("example: {name}"));
        let files = [
            ("user-data", &self.user_data),
            ("meta-data", &self.meta_data),
            ("vendor-data", &self.vendor_data),
            ("network-config", &self.network_config),
            ("metadata-tree", &self.metadata_tree),
        ];
        let files = files.into_iter().filter_map(|(name, path)| Some((name, path.as_ref()?)));
        example.chain(files.map(|(name, path)| format!("{name}: {}", path.display()))).collect()
    }

    /// The root as an absolute path.
    #[cfg(feature = "explain")]
    pub(crate) fn root(&self) -> Result<Option<PathBuf>, PlanError> {
        let Some(root) = &self.root else { return Ok(None) };
        let root = absolute(root)?;
        if Host::root(None).is_dir(&root) {
            Ok(Some(root))
        } else {
            Err(PlanError::NoDirectory(root.display().to_string()))
        }
    }

    /// A machine on which a first boot has consumed the data.
    #[cfg(feature = "explain")]
    pub(crate) fn consumed(&self) -> Result<System, PlanError> {
        let inputs = inputs(self)?;
        let (mut system, _) = overlay(&inputs)?.system();
        inputs.script.lay_over(&mut system);
        let registry = crate::registry::registry();
        for stage in [Stage::Local, Stage::Network] {
            run_stage(&system, &registry, stage)?;
        }
        Ok(system)
    }
}

/// `plan`.
#[derive(Debug, Args)]
pub(crate) struct Plan {
    #[command(flatten)]
    source: Source,
    /// List the embedded examples.
    #[arg(long)]
    list_examples: bool,
    /// Output format.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Also show changes to cloud-init's own state in the text output.
    #[arg(long)]
    all: bool,
    /// Print the JSON schema of the output of --format json.
    #[arg(long)]
    json_schema: bool,
}

/// Unusable input.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlanError {
    #[error("unknown example '{name}'{hint}; --list-examples lists all")]
    Example { name: String, hint: String },
    #[error("cannot read {path}: {reason}")]
    Input { path: String, reason: String },
    #[error("{path}: cannot detect the data source of this directory; name it with --data-source")]
    Tree { path: String },
    #[error("unknown data source '{name}'; this build includes {known}")]
    DataSource { name: String, known: String },
    #[error("data source {0} has no directory of documents; --metadata-tree does not apply")]
    NoDocuments(&'static str),
    #[error("{option} is part of a NoCloud seed; data source {name} does not read it")]
    NotRead { option: String, name: &'static str },
    #[error("--dmi {given}: expected KEY=VALUE, such as system-serial-number=X or product_serial=X")]
    Dmi { given: String },
    #[error("--fetch: not supported, this program was built without HTTP")]
    NoHttp,
    #[error("{0}: not a directory")]
    NoDirectory(String),
    #[error("unknown distribution '{0}'; this build includes {1}")]
    Distro(String, String),
    #[error("no built-in root for '{wanted}'; built-in versions are {versions}; use --root for an image")]
    Version { wanted: String, versions: String },
    #[error(transparent)]
    Boot(#[from] engine::boot::BootError),
    #[error(transparent)]
    File(#[from] model::effects::FileError),
}

/// The directory of the NoCloud seed.
const SEED: &str = "/var/lib/cloud/seed/nocloud";

/// The input of the boot.
struct Inputs {
    /// The root below everything else.
    root: Arc<dyn ReadFiles>,
    /// Files laid over the root before the boot.
    files: Vec<(PathBuf, Vec<u8>)>,
    /// Files that answer requests to the metadata service, and the directory of their tree.
    tree: Option<(Arc<dyn ReadFiles>, PathBuf)>,
    /// The directory that answers requests from user-data.
    urls: Option<PathBuf>,
    /// Whether requests without an answer in a directory go to the network.
    fetch: bool,
    /// Block devices, each with the directory of its files.
    devices: Vec<(model::effects::BlockDevice, PathBuf)>,
    /// What programs and serial ports answer.
    script: Script,
}

/// The result.
pub(crate) struct Planned {
    /// The assumptions.
    pub(crate) assumed: Assumed,
    pub(crate) effects: Vec<Effect>,
    /// Warnings, each with the number of effects before it.
    pub(crate) warnings: Vec<Warning>,
    /// Errors of stages.
    pub(crate) errors: Vec<String>,
    /// Probable mistakes in the user-data, each with its place.
    pub(crate) advice: Vec<String>,
    /// What depends on the real machine, each with its place.
    pub(crate) notes: Vec<String>,
    /// Names of owners.
    pub(crate) accounts: Accounts,
}

/// The names of the embedded examples.
#[cfg(feature = "packaging")]
pub(crate) fn example_names() -> Vec<String> {
    examples::list().into_iter().map(|(name, _)| name.to_owned()).collect()
}

/// Plans and prints; returns 0, 2 with warnings (advice and notes do not count), 1 for unusable input.
pub(crate) fn run(options: &Plan) -> u8 {
    if options.list_examples {
        for (name, about) in examples::list() {
            output::line(&format!("{name:24} {about}"));
        }
        return 0;
    }
    if options.json_schema {
        output::text(&json_schema());
        return 0;
    }
    match inputs(&options.source)
        .and_then(|inputs| boot(&inputs, options.source.root.as_deref(), options.source.given()))
    {
        Ok(planned) => {
            match options.format {
                Format::Text => output::styled(&text(&planned, options.all), show::style),
                Format::Json => output::written(|out| json(&planned, out)),
            }
            if planned.warnings.is_empty() && planned.errors.is_empty() { 0 } else { 2 }
        }
        Err(error) => {
            output::error(&format!("error: {error}"));
            1
        }
    }
}

fn inputs(options: &Source) -> Result<Inputs, PlanError> {
    if let Some(name) = &options.example {
        let mut inputs = examples::inputs(name)?;
        overlay_options(options, &mut inputs)?;
        return Ok(inputs);
    }
    let root = match &options.root {
        Some(root) => {
            let root = absolute(root)?;
            if !Host::root(None).is_dir(&root) {
                return Err(PlanError::NoDirectory(root.display().to_string()));
            }
            roots::of_image(root, options.distro.as_deref())?
        }
        None => roots::built_in(options.distro.as_deref().unwrap_or("debian"))?,
    };
    let mut inputs = Inputs {
        root: root.0,
        files: root.1,
        tree: None,
        urls: None,
        fetch: false,
        devices: Vec::new(),
        script: Script::default(),
    };
    overlay_options(options, &mut inputs)?;
    Ok(inputs)
}

fn absolute(path: &Path) -> Result<PathBuf, PlanError> {
    let input = |reason: String| PlanError::Input { path: path.display().to_string(), reason };
    system::absolute(path).map_err(|error| input(error.to_string()))
}

fn read(path: &Path) -> Result<Vec<u8>, PlanError> {
    let input = |reason: String| PlanError::Input { path: path.display().to_string(), reason };
    Host::root(None)
        .read_with(&absolute(path)?, &Reading::any_kind())
        .map_err(|error| input(error.source.to_string()))
}

/// Turns files from the command line into a NoCloud seed, or a tree that answers for a metadata service.
fn overlay_options(options: &Source, inputs: &mut Inputs) -> Result<(), PlanError> {
    let given = [
        ("user-data", &options.user_data),
        ("meta-data", &options.meta_data),
        ("vendor-data", &options.vendor_data),
        ("network-config", &options.network_config),
    ];
    let source = evidence::apply(options, inputs)?;
    if given.iter().all(|(_, path)| path.is_none()) {
        return Ok(());
    }
    if let Some(about) = source.filter(|about| !matches!(about.evidence.medium, Medium::Seed(_))) {
        let unread = given.iter().find(|(_, path)| path.is_some()).map_or("", |(name, _)| name);
        return Err(PlanError::NotRead { option: format!("--{unread}"), name: about.name });
    }
    let seed = Path::new(SEED);
    for (name, path) in given {
        match path {
            Some(path) => inputs.files.push((seed.join(name), read(path)?)),
            None if name == "meta-data" => {
                inputs.files.push((seed.join(name), b"instance-id: planned\n".to_vec()));
            }
            None if name == "user-data" => inputs.files.push((seed.join(name), Vec::new())),
            None => {}
        }
    }
    if source.is_none() {
        inputs.files.push(source_list("NoCloud"));
    }
    Ok(())
}

fn source_list(name: &str) -> (PathBuf, Vec<u8>) {
    ("/run/cloud-init/cloud.cfg".into(), format!("datasource_list: [ {name}, None ]\n").into_bytes())
}

/// The machine, with the inputs laid over its root unrecorded.
fn prepared(inputs: &Inputs) -> Result<Arc<dyn ReadFiles>, PlanError> {
    let nothing: Arc<dyn ReadFiles> = Arc::new(Scratch::new());
    let http = Arc::new(TreeHttp::new(nothing, None));
    let base = Overlay {
        lower: inputs.root.clone(),
        http,
        devices: Vec::new(),
        now: std::time::Duration::ZERO,
        seed: 1,
    };
    let (system, _) = base.system();
    for (path, content) in &inputs.files {
        system.files.write(path, content, &Attributes::mode(0o644))?;
    }
    inputs.script.prepare(system.files.as_ref())?;
    Ok(system.files)
}

/// Runs the four stages.
fn boot(inputs: &Inputs, root: Option<&Path>, given: Vec<String>) -> Result<Planned, PlanError> {
    let (mut system, recording) = overlay(inputs)?.system();
    inputs.script.lay_over(&mut system);
    let registry = crate::registry::registry();
    let run = || {
        let mut errors = Vec::new();
        for stage in [Stage::Local, Stage::Network, Stage::Config, Stage::Final] {
            errors.extend(run_stage(&system, &registry, stage)?);
        }
        Ok::<_, PlanError>(errors)
    };
    let (errors, warnings) = watch::during(&recording, run);
    let files = system.files.as_ref();
    let paths = engine::config::paths(&engine::config::Loader::new(&system, Vec::new()).base());
    Ok(Planned {
        assumed: Assumed::read(files, &paths.instance("datasource"), root, given),
        effects: recording.effects(),
        errors: errors?,
        advice: advice(&system, &warnings),
        warnings,
        notes: recording.notes(),
        accounts: Accounts::read(files),
    })
}

/// Probable mistakes in the merged user-data and in the network configurations.
#[cfg(feature = "schema")]
fn advice(system: &System, warnings: &[Warning]) -> Vec<String> {
    let loader = engine::config::Loader::new(system, Vec::new());
    let base = loader.base();
    let paths = engine::config::paths(&base);
    let seed = Path::new(SEED).join("network-config");
    // A warning has already reported an unreadable document.
    let seeded = system.files.read(&seed).ok();
    let seeded = seeded.and_then(|text| model::Node::from_yaml(&seed.display().to_string(), &text).ok()?);
    let networks = seeded.iter().chain(base.get("network")).flat_map(schema::network::advise);
    let written = loader.written(&paths.instance("cloud-config.txt"));
    let keys = written.as_ref().map(modules::advise).unwrap_or_default();
    let placed = |finding: schema::Finding| match &finding.origin {
        Some(origin) => format!("{origin}: {}", finding.public()),
        None => finding.public(),
    };
    let is_warned_of = |finding: &schema::Finding| {
        let place = finding.origin.as_ref().map(|origin| format!("{origin}: "));
        place.is_some_and(|place| warnings.iter().any(|warning| warning.message.contains(&place)))
    };
    networks.chain(keys).filter(|finding| !is_warned_of(finding)).map(placed).collect()
}

/// Without the schema, nothing is known about keys.
#[cfg(not(feature = "schema"))]
fn advice(_system: &System, _warnings: &[Warning]) -> Vec<String> {
    Vec::new()
}

/// The machine before the boot.
fn overlay(inputs: &Inputs) -> Result<Overlay, PlanError> {
    Ok(Overlay {
        lower: prepared(inputs)?,
        http: Arc::new(evidence::Answers::new(inputs)?),
        devices: inputs.devices.clone(),
        // A fixed time, 2024-01-01 00:00:00 UTC, makes the output reproducible.
        now: std::time::Duration::from_secs(1_704_067_200),
        seed: 0x5eed,
    })
}

fn run_stage(system: &System, registry: &engine::Registry, stage: Stage) -> Result<Vec<String>, PlanError> {
    let mut boot = Boot::new(system, registry, stage, Vec::new(), false)?;
    let outcome = match stage {
        Stage::Local => boot.local(&mut NoHooks),
        Stage::Network => boot.network(&mut NoHooks),
        Stage::Config => boot.modules("config", &mut NoHooks),
        _ => boot.modules("final", &mut NoHooks),
    };
    match outcome {
        Ok(outcome) => Ok(outcome.errors),
        // On a real machine the stage fails and the next one runs, so it does here.
        Err(error) => Ok(vec![format!("stage {stage} failed: {error}")]),
    }
}
