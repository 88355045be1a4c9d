//! `ntp`: the time synchronization client.

use model::module::{Described, Listed, Report};
use std::path::{Path, PathBuf};

use model::distro::{Init, PackageSpec, ServiceAction, Services, TimeClient};
use model::effects::Attributes;
use model::{Context, Frequency, Module, ModuleError, Node, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Text};

/// Configures a client, and installs it.
pub struct Ntp;

/// Time synchronization: the servers and pools to use, and the client.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// Servers and client; null for the defaults.
    #[schemars(extend("type" = ["null", "object"]))]
    pub ntp: Option<Settings>,
}

impl Described for Ntp {
    const NAME: &'static str = "ntp";
    const STAGE: Stage = Stage::Config;
    const FREQUENCY: Frequency = Frequency::Instance;
    const DISTROS: &'static [&'static str] = &["almalinux", "alpine", "aosc", "azurelinux", "centos", "cloudlinux", "cos", "debian", "eurolinux", "fedora", "freebsd", "mariner", "miraclelinux", "openbsd", "openeuler", "OpenCloudOS", "openmandriva", "opensuse", "opensuse-microos", "opensuse-tumbleweed", "opensuse-leap", "photon", "raspberry-pi-os", "rhel", "rocky", "sle_hpc", "sle-micro", "sles", "TencentOS", "ubuntu", "virtuozzo"];
    const KEYS: &'static [&'static str] = &["ntp"];
    const LISTED: Listed = Listed::Everywhere;
    const TITLE: &'static str = "Time";
    const SUMMARY: &'static str = "Installs and configures a time synchronization client.";
    const DETAILS: &'static str = "Without keys (`ntp: {}`), the distribution's client and pool are used.";
    type Config = Config;
}

/// How many servers of the pool are used without others.
const POOL_SERVERS: usize = 4;

impl Module for Ntp {
    fn run(&self, context: &Context<'_>, config: Config, report: &mut Report) -> Result<(), ModuleError> {
        // The key without a value is enough.
        let Some(node) = context.config.get("ntp") else {
            report.skip("ntp is not set");
            return Ok(());
        };
        let settings = config.ntp.unwrap_or_default();
        if settings.enabled.as_ref().is_some_and(|enabled| !enabled.0) {
            report.skip("ntp.enabled is false");
            return Ok(());
        }
        let chosen = Chosen::new(context, node, &settings)?;
        let sources = Sources::new(context, &settings, &chosen.service);
        let files = &context.system.files;
        if files.exists(&chosen.file) {
            let mut kept = chosen.file.clone().into_os_string();
            kept.push(".dist");
            files.rename(&chosen.file, Path::new(&kept))?;
        }
        if let Some(sources) = sources {
            let (name, template) = chosen.template(context)?;
            let text = context.templates.render(&name, &template, &sources.variables())?;
            files.write(&chosen.file, text.as_bytes(), &Attributes::mode(0o644))?;
        }
        if context.system.commands.which(&chosen.program).is_none() {
            let packages: Vec<PackageSpec> = chosen.packages.iter().map(PackageSpec::named).collect();
            context.distro.packages().install(&packages)?;
        }
        let services = context.distro.services();
        if services.init() == Init::Bsd {
            replace_base(services, &chosen.service, report);
            services.manage(ServiceAction::Enable, &chosen.service)?;
        }
        Ok(services.manage(ServiceAction::Reload, &chosen.service)?)
    }
}

/// Stops the base system's ntpd, which would occupy the port.
fn replace_base(services: &dyn Services, service: &str, report: &mut Report) {
    const BASE: &str = "ntpd";
    if service == BASE {
        return;
    }
    for action in [ServiceAction::Stop, ServiceAction::Disable] {
        if let Err(error) = services.manage(action, BASE) {
            report.warn(None, format!("cannot replace the base system's ntpd: {error}"));
        }
    }
}

/// The client with the settings of `ntp.config`.
struct Chosen {
    file: PathBuf,
    program: String,
    packages: Vec<String>,
    service: String,
    /// The user's template, or the name of a shipped one.
    template: Template,
}

enum Template {
    Own(String),
    Shipped(String),
}

impl Chosen {
    fn new(context: &Context<'_>, node: &Node, settings: &Settings) -> Result<Self, ModuleError> {
        let own = settings.config.as_ref();
        let known = known(context, settings)?;
        let text = |key: &str, own: Option<&Text>, known: Option<&str>| {
            own.map(|text| text.0.clone()).filter(|text| !text.is_empty()).or_else(|| known.map(str::to_owned)).ok_or_else(|| {
                let message = format!("this client is not known on {}: ntp.config needs {key}", context.distro.info().name);
                ModuleError::Invalid { origin: node.origin.clone(), message }
            })
        };
        let packages = own.and_then(|own| own.packages.as_ref());
        let packages = match (packages, known) {
            (Some(own), _) => own.iter().map(|name| name.0.clone()).collect(),
            (None, Some(known)) => known.packages.iter().map(|name| (*name).to_owned()).collect(),
            (None, None) => vec![text("packages", None, None)?],
        };
        let template = match own.and_then(|own| own.template.as_ref()).filter(|text| !text.0.is_empty()) {
            Some(own) => Template::Own(own.0.clone()),
            None => {
                let name = text("template", None, known.map(|known| known.template))?;
                Template::Shipped(name.replace("{distro}", &context.distro.info().name))
            }
        };
        Ok(Self {
            file: text("confpath", own.and_then(|own| own.confpath.as_ref()), known.map(|known| known.file))?.into(),
            program: text("check_exe", own.and_then(|own| own.check_exe.as_ref()), known.map(|known| known.program))?,
            service: text("service_name", own.and_then(|own| own.service_name.as_ref()), known.map(|known| known.service))?,
            packages,
            template,
        })
    }

    fn template(&self, context: &Context<'_>) -> Result<(String, String), ModuleError> {
        match &self.template {
            Template::Own(text) => Ok(("ntp.config.template".to_owned(), text.clone())),
            Template::Shipped(name) => {
                let missing = || ModuleError::Failed(format!("No template found, not rendering {name}"));
                Ok((name.clone(), context.templates.shipped(name).ok_or_else(missing)?))
            }
        }
    }
}

/// The client that user-data, the image or what is installed determines; `None` if user-data has to describe it.
fn known(context: &Context<'_>, settings: &Settings) -> Result<Option<TimeClient>, ModuleError> {
    let auto = |name: &String| name.as_str() != "auto";
    let clients = context.distro.time_sync()?;
    if let Some(name) = settings.ntp_client.as_ref().map(|name| name.0.clone()).filter(auto) {
        return Ok(clients.clients().iter().find(|client| client.name == name).copied());
    }
    let image = context.config.at(&["system_info", "ntp_client"]).and_then(Node::scalar_text);
    Ok(Some(clients.choose(image.as_deref())?))
}

/// Where the time comes from.
struct Sources {
    servers: Vec<String>,
    pools: Vec<String>,
    allow: Vec<String>,
    peers: Vec<String>,
}

impl Sources {
    /// Those of user-data, or the distribution's pool. `None` if the image's file has them.
    fn new(context: &Context<'_>, settings: &Settings, service: &str) -> Option<Self> {
        let hosts = |list: &Option<Vec<Host>>| -> Vec<String> {
            list.iter().flatten().map(|host| host.0.0.clone()).collect()
        };
        let mut sources = Self {
            servers: hosts(&settings.servers),
            pools: hosts(&settings.pools),
            allow: settings.allow.iter().flatten().map(|network| network.0.clone()).collect(),
            peers: hosts(&settings.peers),
        };
        let name = context.distro.info().name.as_str();
        let none = sources.servers.is_empty() && sources.pools.is_empty();
        if none && name == "cos" {
            return None;
        }
        // Busybox's ntpd has no pools.
        if sources.servers.is_empty() && name == "alpine" && service == "ntpd" {
            sources.servers = pool(name);
        } else if none {
            sources.pools = pool(name);
        }
        Some(sources)
    }

    fn variables(&self) -> serde_json::Value {
        let Self { servers, pools, allow, peers } = self;
        serde_json::json!({"servers": servers, "pools": pools, "allow": allow, "peers": peers})
    }
}

/// Distributions without a part of the pool that they are known to have.
const WITHOUT_PART: &[&str] = &[
    "alpine", "aosc", "azurelinux", "eurolinux", "mariner", "miraclelinux", "openeuler", "OpenCloudOS",
    "openmandriva", "TencentOS", "virtuozzo",
];

/// The servers of a distribution's part of the pool.
fn pool(distro: &str) -> Vec<String> {
    let part = match distro {
        name if WITHOUT_PART.contains(&name) => String::new(),
        "raspberry-pi-os" => "debian.".to_owned(),
        name if name.starts_with("opensuse") || name.starts_with("sle") => "opensuse.".to_owned(),
        name => format!("{name}."),
    };
    (0..POOL_SERVERS).map(|number| format!("{number}.{part}pool.ntp.org")).collect()
}

/// `ntp`. Without pools and servers, four of `N.DISTRIBUTION.pool.ntp.org` are used.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Settings {
    /// NTP pools. Not supported by Busybox's ntpd on Alpine Linux.
    #[schemars(extend("uniqueItems" = true))]
    pub pools: Option<Vec<Host>>,
    /// NTP servers.
    #[schemars(extend("uniqueItems" = true))]
    pub servers: Option<Vec<Host>>,
    /// NTP peers.
    #[schemars(extend("uniqueItems" = true))]
    pub peers: Option<Vec<Host>>,
    /// Networks (ADDRESS/BITS) that are allowed to query this machine.
    #[schemars(extend("uniqueItems" = true))]
    pub allow: Option<Vec<Text>>,
    /// The client: chrony, ntp, openntpd, ntpdate, systemd-timesyncd, or `auto` for the distribution's first choice.
    /// Default: auto.
    #[schemars(extend("default" = "auto"))]
    pub ntp_client: Option<Text>,
    /// Install and configure a client. Default: true.
    #[schemars(extend("default" = true))]
    pub enabled: Option<Flag>,
    /// Overrides settings of a known client, or describes an unknown one.
    pub config: Option<Client>,
}

/// A host.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, extend("format" = "hostname"))]
#[serde(transparent)]
pub struct Host(pub Text);

/// `ntp.config`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields, extend("minProperties" = 1))]
pub struct Client {
    /// The configuration file.
    pub confpath: Option<Text>,
    /// The program whose presence shows that it is installed.
    pub check_exe: Option<Text>,
    /// Packages to install.
    #[schemars(extend("uniqueItems" = true))]
    pub packages: Option<Vec<Text>>,
    /// The service name.
    pub service_name: Option<Text>,
    /// A template for the file, with `## template:jinja` on its first line; its variables are servers, pools, allow and
    /// peers.
    pub template: Option<Text>,
}

#[cfg(all(test, feature = "templates"))]
mod tests {
    use super::*;
    use crate::templates::TEMPLATES;

    #[test]
    fn every_distribution_has_a_file_of_every_client() {
        let has = |name: &str| TEMPLATES.iter().any(|(known, _)| *known == name);
        for distro in Ntp::DISTROS.iter().filter(|name| **name != "openbsd") {
            for client in ["chrony", "ntp"] {
                assert!(has(&format!("{client}.conf.{distro}")), "{client} on {distro}");
            }
        }
        assert!(has("ntpd.conf.openbsd"));
    }

    #[test]
    fn parts_of_the_pool() {
        assert_eq!(pool("debian")[0], "0.debian.pool.ntp.org");
        assert_eq!(pool("raspberry-pi-os")[1], "1.debian.pool.ntp.org");
        assert_eq!(pool("sle-micro")[2], "2.opensuse.pool.ntp.org");
        assert_eq!(pool("opensuse-leap")[3], "3.opensuse.pool.ntp.org");
        assert_eq!(pool("TencentOS")[3], "3.pool.ntp.org");
    }
}
