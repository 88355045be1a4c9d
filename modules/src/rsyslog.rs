//! `rsyslog`: rsyslog's configuration files, and remote hosts to send logs to.

mod remote;

use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use model::distro::{PackageSpec, ServiceAction};
use model::effects::{Attributes, Command};
use model::module::{Described, Listed, Report};
use model::{Context, Frequency, Module, ModuleError, Node, Spanned, Value, Stage};
use schema::forms::{Either, Object};
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::Error as _;

use crate::lenient::{Text, Words};

/// Writes the files and reloads rsyslog.
pub struct Rsyslog;

/// The system log: snippets of rsyslog's configuration, remote hosts, and the service.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// The settings; a list is the deprecated form of `configs`.
    #[schemars(with = "Settings")]
    pub rsyslog: Option<Spanned<Form>>,
    /// With the deprecated form: `config_filename`.
    #[schemars(skip)]
    pub rsyslog_filename: Option<String>,
    /// With the deprecated form: `config_dir`.
    #[schemars(skip)]
    pub rsyslog_dir: Option<String>,
}

/// The two forms of the key.
#[derive(Debug)]
pub enum Form {
    /// The settings.
    Settings(Settings),
    /// Deprecated: only the configuration snippets.
    List(Vec<Spanned<Piece>>),
}

impl<'de> Deserialize<'de> for Form {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let node = Node::deserialize(deserializer)?;
        let read = match &node.value {
            Value::List(_) => model::config::from_node(&node).map(Self::List),
            _ => model::config::from_node(&node).map(Self::Settings),
        };
        read.map_err(D::Error::custom)
    }
}

/// `rsyslog`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(inline, deny_unknown_fields)]
pub struct Settings {
    /// The directory of the files. Default: /etc/rsyslog.d.
    pub config_dir: Option<String>,
    /// The file for snippets without a file name. Default: 20-cloud-config.conf.
    pub config_filename: Option<String>,
    /// Configuration snippets: strings, or mappings with content and filename.
    #[schemars(with = "Vec<Either<Text, PieceKeys>>")]
    pub configs: Vec<Spanned<Piece>>,
    /// Remote hosts by name: `[filter] [@[@]]host[:port]`, in rsyslog's syntax.
    #[schemars(with = "Object")]
    pub remotes: IndexMap<String, Option<Spanned<Text>>>,
    /// The command to reload rsyslog, or `auto` for the service. Default: auto.
    #[schemars(with = "Either<Auto, Vec<Text>>")]
    pub service_reload_command: Option<Words>,
    /// Install rsyslog if it is missing. Default: false.
    pub install_rsyslog: bool,
    /// The program that shows whether it is installed. Default: rsyslogd.
    pub check_exe: Option<String>,
    /// The packages to install. Default: `[rsyslog]`.
    #[schemars(extend("uniqueItems" = true))]
    pub packages: Option<Vec<String>>,
}

/// `auto`.
#[derive(JsonSchema)]
#[schemars(inline, with = "Node", extend("enum" = ["auto"]))]
struct Auto;

/// A configuration snippet with its file.
#[derive(JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
#[allow(dead_code, reason = "snippets are read from the tree; this type describes them")]
struct PieceKeys {
    /// The file name below `config_dir`. Default: `config_filename`.
    filename: Option<Text>,
    /// The configuration lines.
    content: Text,
}

/// A configuration snippet.
#[derive(Debug)]
pub struct Piece {
    /// The file name below the directory; `None` for the default one.
    pub filename: Option<String>,
    /// The lines; `None` if they are missing.
    pub content: Option<String>,
}

impl<'de> Deserialize<'de> for Piece {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let node = Node::deserialize(deserializer)?;
        if node.as_map().is_some() {
            let text = |key: &str| node.get(key).filter(|text| !text.is_null()).and_then(Node::scalar_text);
            return Ok(Self { filename: text("filename"), content: text("content") });
        }
        let kind = node.value.a_kind();
        let content = node
            .scalar_text()
            .ok_or_else(|| D::Error::custom(format!("expected text or a mapping, found {kind}")))?;
        Ok(Self { filename: None, content: Some(content) })
    }
}

impl Described for Rsyslog {
    const NAME: &'static str = "rsyslog";
    const STAGE: Stage = Stage::Network;
    const FREQUENCY: Frequency = Frequency::Instance;
    const KEYS: &'static [&'static str] = &["rsyslog"];
    const LISTED: Listed = Listed::Everywhere;
    const TITLE: &'static str = "rsyslog";
    const SUMMARY: &'static str = "Configures rsyslog, and forwards logs to remote hosts.";
    const DETAILS: &'static str = "Files are written below /etc/rsyslog.d; the service is reloaded if they changed.";
    type Config = Config;
}

impl Module for Rsyslog {
    fn run(&self, context: &Context<'_>, config: Config, report: &mut Report) -> Result<(), ModuleError> {
        let settings = match config.rsyslog {
            None => { report.skip("rsyslog is not set"); return Ok(()); }
            Some(Spanned { value: Form::Settings(settings), .. }) => settings,
            Some(Spanned { value: Form::List(configs), origin }) => {
                report.deprecate(
                    Some(&origin),
                    "a list for rsyslog is deprecated since 22.2: use rsyslog.configs",
                );
                let (config_dir, config_filename) = (config.rsyslog_dir, config.rsyslog_filename);
                Settings { config_dir, config_filename, configs, ..Settings::default() }
            }
        };
        if settings.install_rsyslog {
            install(context, &settings)?;
        }
        let remotes = remote::lines(&settings.remotes, report);
        if write(context, &settings, remotes, report)? == 0 {
            report.skipped = Some("rsyslog has nothing to write".into());
            return Ok(());
        }
        if let Err(error) = reload(context, settings.service_reload_command.as_ref()) {
            report.warn(None, format!("cannot reload rsyslog: {error}"));
        }
        Ok(())
    }
}

fn install(context: &Context<'_>, settings: &Settings) -> Result<(), ModuleError> {
    let program = settings.check_exe.as_deref().unwrap_or("rsyslogd");
    if context.system.commands.which(program).is_some() {
        return Ok(());
    }
    let names = settings.packages.clone().unwrap_or_else(|| vec!["rsyslog".to_owned()]);
    let packages: Vec<PackageSpec> = names.into_iter().map(PackageSpec::named).collect();
    Ok(context.distro.packages().install(&packages)?)
}

/// Writes the snippets, the remotes last; returns the number of files. The first snippet of a file replaces its
/// content.
fn write(
    context: &Context<'_>,
    settings: &Settings,
    remotes: Option<String>,
    report: &mut Report,
) -> Result<usize, ModuleError> {
    let directory = Path::new(settings.config_dir.as_deref().unwrap_or("/etc/rsyslog.d"));
    let usual = settings.config_filename.as_deref().unwrap_or("20-cloud-config.conf");
    let mut texts: IndexMap<PathBuf, String> = IndexMap::new();
    let mut add = |name: &str, content: &str| {
        let text = texts.entry(directory.join(name)).or_default();
        text.push_str(content);
        if !content.ends_with('\n') {
            text.push('\n');
        }
    };
    for piece in &settings.configs {
        let Some(content) = &piece.value.content else {
            report.warn(Some(&piece.origin), "this entry of rsyslog.configs has no content");
            continue;
        };
        match piece.value.filename.as_deref().unwrap_or(usual).trim() {
            "" => report.warn(Some(&piece.origin), "this entry of rsyslog.configs has an empty filename"),
            name => add(name, content),
        }
    }
    if let Some(remotes) = remotes {
        add(usual.trim(), &remotes);
    }
    for (path, text) in &texts {
        context.system.files.write(path, text.as_bytes(), &Attributes::mode(0o644))?;
    }
    Ok(texts.len())
}

fn reload(context: &Context<'_>, command: Option<&Words>) -> Result<(), ModuleError> {
    let words = command.map(Words::texts).unwrap_or_default();
    match words.as_slice() {
        [] => {}
        [auto] if auto == "auto" => {}
        // A single string is a complete command line.
        [line] => {
            return Ok(context.system.commands.run(&Command::line(["/bin/sh", "-c", line])).map(|_| ())?);
        }
        words => {
            return Ok(context.system.commands.run(&Command::line(words.iter().cloned())).map(|_| ())?);
        }
    }
    let service = context.config.at(&["system_info", "rsyslog_svcname"]).and_then(Node::scalar_text);
    let service = service.unwrap_or_else(|| "rsyslog".to_owned());
    Ok(context.distro.services().manage(ServiceAction::TryReload, &service)?)
}
