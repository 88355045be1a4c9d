//! `apt`: mirrors, sources, keys, proxies and debconf selections.

mod conf;
mod debconf;
mod keys;
mod machine;
mod mirrors;
mod names;
mod old;
mod sources;
mod sources_list;
mod suites;

use std::path::Path;

use model::distro::PackageSpec;
use model::module::{Described, Listed, Report};
use model::{Context, Frequency, Module, ModuleError, Node, Secret, Stage};
use regex_lite::Regex;
use schema::forms::Named;
use schema::notes::untyped;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Text};
use keys::Keys;
use mirrors::Chosen;

/// Configures apt.
pub struct AptConfigure;

/// apt: mirrors, source lists and their keys, proxies, preferences, and debconf selections.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(transform = untyped)]
pub struct Config {
    /// The apt configuration.
    pub apt: Option<Apt>,
}

impl Described for AptConfigure {
    const NAME: &'static str = "apt_configure";
    const STAGE: Stage = Stage::Config;
    const FREQUENCY: Frequency = Frequency::Instance;
    const DISTROS: &'static [&'static str] = &["ubuntu", "debian", "raspberry-pi-os"];
    const KEYS: &'static [&'static str] = &[];
    const OWN_KEYS: &'static [&'static str] = &["apt"];
    const LISTED: Listed = Listed::On(&["debian", "ubuntu", "unknown"]);
    const TITLE: &'static str = "apt";
    const SUMMARY: &'static str = "Configures apt: mirrors, additional sources, keys, proxies, debconf selections.";
    const DETAILS: &'static str = "It also runs without keys, using the mirrors from the metadata.";
    type Config = Config;
}

/// Arguments for add-apt-repository, such as `ppa:NAME`.
const REPOSITORY: &str = r"^[\w-]+:\w";

impl Module for AptConfigure {
    fn run(&self, context: &Context<'_>, config: Config, report: &mut Report) -> Result<(), ModuleError> {
        let (node, apt) = match old::converted(context.config, report)? {
            Some(node) => {
                let apt = model::config::from_node(&node)?;
                (node, apt)
            }
            None => match context.config.get("apt") {
                Some(node) if node.is_null() => {
                    let message = "apt: expected a mapping, found null".to_owned();
                    return Err(ModuleError::Invalid { origin: node.origin.clone(), message });
                }
                node => (node.cloned().unwrap_or_default(), config.apt.unwrap_or_default()),
            },
        };
        debconf::apply(context, apt.debconf_selections.as_ref(), &node, report)?;
        if !node.is_truthy()
            && let Some(reason) = unusable(context)
        {
            report.skip(format!("no apt config and {reason}"));
            return Ok(());
        }
        let keys = Keys::new(context);
        let outcome = apply(context, &node, &apt, &keys, report);
        keys.close(report);
        outcome
    }
}

/// Why apt cannot be configured without keys.
fn unusable(context: &Context<'_>) -> Option<&'static str> {
    let system = context.system;
    if machine::is_ubuntu_core(system) {
        return Some("system is snappy.");
    }
    let installed = ["apt-get", "apt"].iter().any(|program| system.commands.which(program).is_some());
    (!installed).then_some("no apt commands.")
}

fn apply(
    context: &Context<'_>,
    node: &Node,
    apt: &Apt,
    keys: &Keys<'_>,
    report: &mut Report,
) -> Result<(), ModuleError> {
    let release = machine::codename(context, report);
    let arch = machine::architecture(context)?;
    let chosen = Chosen::new(context, apt, &arch)?;
    let matcher = matcher(node, apt)?;
    // What is neither true nor false keeps the list.
    let keeps = node.get("preserve_sources_list").is_some_and(|keep| {
        keep.scalar_text().is_none_or(|text| boolean::strict(&text) != Some(false))
    });
    let lists = apt.generate_mirrorlists.unwrap_or_default().0;
    let rewrites = !keeps && !lists;
    install(context, apt, rewrites, matcher.as_ref())?;
    let mut outcome = Ok(());
    if lists {
        sources_list::write_mirror_lists(context, &chosen)?;
    } else if rewrites {
        // Without a mirror's key, the image's list stays; proxies and sources do not depend on it.
        outcome = keys::of_mirrors(apt, keys, node, report).and_then(|mirror_keys| {
            sources_list::write(context, apt, node, &release, &chosen, &mirror_keys, report)?;
            mirrors::rename_lists(context, &chosen, &arch, report);
            Ok(())
        });
    }
    if let Err(error) = conf::apply(context, apt) {
        report.warn(Some(&node.origin), format!("Failed to apply proxy or apt config info: {error}"));
    }
    let added = match &apt.sources {
        Some(sources) => sources::add(context, sources, node, &release, &chosen, keys, matcher.as_ref(), report),
        None => Ok(()),
    };
    outcome.and(added)
}

/// What recognizes sources for add-apt-repository; `None` for an empty expression, which matches none.
fn matcher(node: &Node, apt: &Apt) -> Result<Option<Regex>, ModuleError> {
    let written = apt.add_apt_repo_match.as_ref().map_or(REPOSITORY, |text| text.0.as_str());
    if written.is_empty() {
        return Ok(None);
    }
    Regex::new(written).map(Some).map_err(|_| {
        let origin = node.get("add_apt_repo_match").map_or(&node.origin, |node| &node.origin).clone();
        ModuleError::Invalid { origin, message: format!("'{written}' is not a regular expression") }
    })
}

/// Installs what keys and sources need, all at once: an installation is slow.
fn install(context: &Context<'_>, apt: &Apt, rewrites: bool, matcher: Option<&Regex>) -> Result<(), ModuleError> {
    let mirrors = [&apt.primary, &apt.security].into_iter().flatten().flat_map(|mirrors| &mirrors.0);
    let of_mirrors = mirrors.filter(|_| rewrites).map(|mirror| (&mirror.key, &mirror.keyid));
    let sources = || apt.sources.iter().flat_map(|sources| sources.0.values());
    let mut keys = of_mirrors.chain(sources().map(|source| (&source.key, &source.keyid)));
    let needs_gpg = keys.any(|(key, id)| match key {
        Some(key) => keys::dearmored(&key.0).is_none(),
        None => id.is_some(),
    });
    let is_repository = |source: &Source| {
        let line = source.source.as_ref().map_or("", |line| line.0.as_str());
        matcher.is_some_and(|matcher| matcher.is_match(line))
    };
    let needed = [
        (needs_gpg, "gpg", "gnupg"),
        (sources().any(is_repository), "add-apt-repository", "software-properties-common"),
    ];
    let packages: Vec<PackageSpec> = needed
        .iter()
        .filter(|(needed, program, _)| *needed && context.system.commands.which(program).is_none())
        .map(|(_, _, package)| PackageSpec::named(*package))
        .collect();
    if packages.is_empty() {
        return Ok(());
    }
    Ok(context.distro.packages().install(&packages)?)
}

/// The origin of a value below `apt`, else of the whole.
fn place<'a>(node: &'a Node, path: &[&str]) -> &'a model::Origin {
    node.at(path).map_or(&node.origin, |node| &node.origin)
}

fn path_text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// `apt`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields, extend("minProperties" = 1))]
pub struct Apt {
    /// Keep the image's sources list; entries of `sources` are still added. Default: false.
    #[schemars(extend("default" = false))]
    pub preserve_sources_list: Option<Flag>,
    /// Write mirror lists for apt-transport-mirror(1), /etc/apt/mirrors/DISTRIBUTION.list and
    /// DISTRIBUTION-security.list, instead of a sources list. Available in Debian's packages. Default: false.
    #[schemars(extend("default" = false))]
    pub generate_mirrorlists: Option<Flag>,
    /// Suites to disable: a name that may contain `$RELEASE`, or one of the aliases updates, backports, security,
    /// proposed and release.
    #[schemars(extend("minItems" = 1, "uniqueItems" = true))]
    pub disable_suites: Option<Vec<Text>>,
    /// Archive mirrors, by architecture. Default: the metadata's, else the distribution's.
    pub primary: Option<Mirrors>,
    /// Mirrors for security updates, by architecture. Default: `primary`.
    pub security: Option<Mirrors>,
    /// Sources matching this regular expression are passed to add-apt-repository. Default: `^[\w-]+:\w`.
    #[schemars(extend("default" = r"^[\w-]+:\w"))]
    pub add_apt_repo_match: Option<Text>,
    /// debconf-set-selections lines `PACKAGE QUESTION TYPE ANSWER`, under names of your choice.
    #[schemars(extend("minProperties" = 1))]
    pub debconf_selections: Option<Named<Secret<Text>>>,
    /// A template for the sources list, with `$MIRROR`, `$RELEASE`, `$PRIMARY`, `$SECURITY` and `$KEY_FILE`. Default:
    /// the distribution's.
    pub sources_list: Option<Text>,
    /// Lines of apt.conf(5).
    pub conf: Option<Text>,
    /// The HTTPS proxy: `https://[[USER][:PASSWORD]@]HOST[:PORT]/`.
    pub https_proxy: Option<Text>,
    /// The HTTP proxy, in the same format.
    pub http_proxy: Option<Text>,
    /// Alias of `http_proxy`.
    pub proxy: Option<Text>,
    /// The FTP proxy, in the same format.
    pub ftp_proxy: Option<Text>,
    /// Additional sources, each in a file of that name below /etc/apt/sources.list.d.
    pub sources: Option<Named<Source>>,
}

/// Mirrors.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "apt_configure.mirror", extend("minItems" = 1))]
#[serde(transparent)]
pub struct Mirrors(pub Vec<Mirror>);

/// A mirror: `uri`, else the first item of `search` whose host name resolves, else the result of `search_dns`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Mirror {
    /// The architectures it serves; `default` for those not named elsewhere.
    #[schemars(extend("minItems" = 1))]
    pub arches: Vec<Text>,
    /// The mirror's URL.
    #[schemars(extend("format" = "uri"))]
    pub uri: Option<Text>,
    /// Candidate URLs in order of preference.
    #[schemars(extend("minItems" = 1))]
    pub search: Option<Vec<Address>>,
    /// Search for the host DISTRIBUTION-mirror (for security updates: DISTRIBUTION-security-mirror) in the local
    /// domain, in localdomain and in the domains of resolv.conf.
    pub search_dns: Option<Flag>,
    /// The ID or fingerprint of a key to fetch from `keyserver`.
    pub keyid: Option<Text>,
    /// The key itself.
    pub key: Option<Text>,
    /// The key server for `keyid`. Default: keyserver.ubuntu.com.
    pub keyserver: Option<Text>,
}

/// A URL.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, extend("format" = "uri"))]
#[serde(transparent)]
pub struct Address(pub Text);

/// An additional source.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields, extend("minProperties" = 1))]
pub struct Source {
    /// A sources.list(5) line, or an argument for add-apt-repository, with the same variables as `sources_list`.
    pub source: Option<Text>,
    /// The ID or fingerprint of a key to fetch from `keyserver`.
    pub keyid: Option<Text>,
    /// The key itself.
    pub key: Option<Text>,
    /// The key server for `keyid`. Default: keyserver.ubuntu.com.
    pub keyserver: Option<Text>,
    /// The file name. Default: the source's name with `.list`.
    pub filename: Option<Text>,
    /// Append to an existing file instead of replacing it. Default: true.
    #[schemars(extend("default" = true))]
    pub append: Option<Flag>,
}
