//! `plan`: the four stages of a first boot against an overlay. Nothing is touched and no network is asked.

mod accounts;
mod assumed;
mod document;
mod evidence;
mod examples;
mod library;
mod mask;
mod roots;
mod show;
mod watch;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use engine::boot::{Boot, NoHooks};
use model::datasource::Medium;
use model::effects::{Attributes, ReadFiles};
use model::{Stage, System};
use system::{Effect, Host, Overlay, Scratch, TreeHttp};

use self::accounts::Accounts;
use self::assumed::Assumed;
use crate::output;

pub(crate) use self::document::{json, json_schema};
pub(crate) use self::library::{Data, of_data};
pub(crate) use self::show::text;
pub(crate) use self::watch::Warning;

/// How a plan is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// What a plan starts from.
#[derive(Debug, Default, Args)]
#[allow(clippy::struct_field_names, reason = "the names of options")]
pub(crate) struct Source {
    /// One of the embedded examples.
    #[arg(long, value_name = "NAME")]
    example: Option<String>,
    /// The root of an image; without it, a small built-in root of the distribution.
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
    /// The distribution: its id in os-release, perhaps with a version (centos:7).
    #[arg(long, value_name = "ID")]
    distro: Option<String>,
    /// User-data.
    #[arg(long, value_name = "FILE")]
    user_data: Option<PathBuf>,
    /// Metadata of a NoCloud seed.
    #[arg(long, value_name = "FILE")]
    meta_data: Option<PathBuf>,
    /// Vendor-data.
    #[arg(long, value_name = "FILE")]
    vendor_data: Option<PathBuf>,
    /// Network config.
    #[arg(long, value_name = "FILE")]
    network_config: Option<PathBuf>,
    /// The data source of the machine, any of this build.
    #[arg(long, value_name = "NAME")]
    data_source: Option<String>,
    /// A directory of the data source's documents: of a metadata service its paths are the addresses'.
    #[arg(long, value_name = "DIR")]
    metadata_tree: Option<PathBuf>,
    /// A value of the firmware, by dmidecode's keyword or by its file in /sys/class/dmi/id (system-serial-number=X).
    #[arg(long, value_name = "KEY=VALUE")]
    dmi: Vec<String>,
    /// The kernel command line.
    #[arg(long, value_name = "TEXT")]
    cmdline: Option<String>,
    /// A directory that answers what user-data asks for: http://HOST/PATH is HOST/PATH below it, or PATH.
    #[arg(long, value_name = "DIR")]
    url_tree: Option<PathBuf>,
    /// Ask the network for what no directory answers.
    #[arg(long)]
    fetch: bool,
}

impl Source {
    /// Whether there is nothing to boot with: a root at most.
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

    /// What was given, for the plan's first line.
    fn given(&self) -> Vec<String> {
        let example = self.example.iter().map(|name| format!("example: {name}"));
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

    /// The root, made absolute.
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

    /// A machine on which the data has been consumed, as a first boot does it.
    #[cfg(feature = "explain")]
    pub(crate) fn consumed(&self) -> Result<System, PlanError> {
        let (system, _) = overlay(&inputs(self)?)?.system();
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
    /// How it is printed.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Print the JSON schema of what --format json prints.
    #[arg(long)]
    json_schema: bool,
}

/// Input that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlanError {
    #[error("there is no example '{name}'{hint}; --list-examples lists them")]
    Example { name: String, hint: String },
    #[error("cannot read {path}: {reason}")]
    Input { path: String, reason: String },
    #[error("{path}: no data source is known by such a directory: name it with --data-source")]
    Tree { path: String },
    #[error("there is no data source '{name}' in this program: it has {known}")]
    DataSource { name: String, known: String },
    #[error("the data source {0} is read from its configuration alone: it has no --metadata-tree")]
    NoDocuments(&'static str),
    #[error("{option} is part of a NoCloud seed, which the data source {name} does not read")]
    NotRead { option: String, name: &'static str },
    #[error("--dmi {given}: KEY=VALUE is wanted, with a KEY such as system-serial-number or product_serial")]
    Dmi { given: String },
    #[error("--fetch: this program was built without HTTP")]
    NoHttp,
    #[error("{0}: not a directory")]
    NoDirectory(String),
    #[error("cannot plan for '{0}': this program configures {1}")]
    Distro(String, String),
    #[error(
        "there is no built-in root of '{wanted}', only of the versions {versions}; --root takes an image's"
    )]
    Version { wanted: String, versions: String },
    #[error(transparent)]
    Boot(#[from] engine::boot::BootError),
    #[error(transparent)]
    File(#[from] model::effects::FileError),
}

/// Everything that a plan starts from.
struct Inputs {
    /// What is read below everything.
    root: Arc<dyn ReadFiles>,
    /// Files laid over the root before the boot.
    files: Vec<(PathBuf, Vec<u8>)>,
    /// What answers requests: files, and where among them the tree is.
    tree: Option<(Arc<dyn ReadFiles>, PathBuf)>,
    /// What answers what user-data asks for.
    urls: Option<PathBuf>,
    /// Whether the network is asked for what no directory answers.
    fetch: bool,
    /// A device with the label and directory of its files.
    devices: Vec<(model::effects::BlockDevice, PathBuf)>,
}

/// What came of it.
pub(crate) struct Planned {
    /// What was taken for granted.
    pub(crate) assumed: Assumed,
    pub(crate) effects: Vec<Effect>,
    /// Warnings, each with the number of effects that came before it.
    pub(crate) warnings: Vec<Warning>,
    /// Errors of stages.
    pub(crate) errors: Vec<String>,
    /// What in the user-data was probably not meant as it is written, each with its place.
    pub(crate) advice: Vec<String>,
    /// What only the machine will know, each with its place.
    pub(crate) notes: Vec<String>,
    /// Names of owners.
    pub(crate) accounts: Accounts,
}

/// Plans and prints; 0, 2 with warnings (advice and notes are none), 1 when the input cannot be used.
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
            output::text(&match options.format {
                Format::Text => text(&planned),
                Format::Json => json(&planned),
            });
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
    let mut inputs =
        Inputs { root: root.0, files: root.1, tree: None, urls: None, fetch: false, devices: Vec::new() };
    overlay_options(options, &mut inputs)?;
    Ok(inputs)
}

fn absolute(path: &Path) -> Result<PathBuf, PlanError> {
    let input = |reason: String| PlanError::Input { path: path.display().to_string(), reason };
    system::absolute(path).map_err(|error| input(error.to_string()))
}

fn read(path: &Path) -> Result<Vec<u8>, PlanError> {
    let input = |reason: String| PlanError::Input { path: path.display().to_string(), reason };
    Host::root(None).read(&absolute(path)?).map_err(|error| input(error.source.to_string()))
}

/// Files given on the command line become a NoCloud seed, or a tree that answers for a metadata service.
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
    let seed = Path::new("/var/lib/cloud/seed/nocloud");
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

/// The machine with the inputs laid over its root; not recorded.
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
    Ok(system.files)
}

/// Runs the four stages.
fn boot(inputs: &Inputs, root: Option<&Path>, given: Vec<String>) -> Result<Planned, PlanError> {
    let (system, recording) = overlay(inputs)?.system();
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

/// What in the merged user-data was probably not meant as it is written.
#[cfg(feature = "schema")]
fn advice(system: &System, warnings: &[Warning]) -> Vec<String> {
    let loader = engine::config::Loader::new(system, Vec::new());
    let paths = engine::config::paths(&loader.base());
    // What cannot be read was warned of.
    let Ok(config) = loader.written(&paths.instance("cloud-config.txt")) else { return Vec::new() };
    let placed = |finding: schema::Finding| match &finding.origin {
        Some(origin) => format!("{origin}: {}", finding.public()),
        None => finding.public(),
    };
    let is_warned_of = |finding: &schema::Finding| {
        let place = finding.origin.as_ref().map(|origin| format!("{origin}: "));
        place.is_some_and(|place| warnings.iter().any(|warning| warning.message.contains(&place)))
    };
    let all = schema::advise(&config).into_iter();
    all.filter(|finding| !is_warned_of(finding)).map(placed).collect()
}

/// Without the schema nothing is known of keys.
#[cfg(not(feature = "schema"))]
fn advice(_system: &System, _warnings: &[Warning]) -> Vec<String> {
    Vec::new()
}

/// The machine, nothing booted yet.
fn overlay(inputs: &Inputs) -> Result<Overlay, PlanError> {
    Ok(Overlay {
        lower: prepared(inputs)?,
        http: Arc::new(evidence::Answers::new(inputs)?),
        devices: inputs.devices.clone(),
        // The same plan prints the same: a time of its own, 2024-01-01 00:00:00 UTC.
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
        // On a machine the stage fails and the next one runs; so it is here.
        Err(error) => Ok(vec![format!("stage {stage} failed: {error}")]),
    }
}
