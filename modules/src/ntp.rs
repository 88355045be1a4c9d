//! `ntp`: the client that keeps the clock right.

use model::module::{Described, Listed};
use model::{Frequency, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Text};

/// The module; what it is for is in its [`Described::SUMMARY`].
pub struct Ntp;

/// Time synchronisation: the servers and pools that are asked, and the client that asks them.
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
    const SUMMARY: &'static str = "Installs and configures a client that keeps the clock right.";
    const DETAILS: &'static str = "Without any keys (`ntp: {}`) the distribution's client gets the distribution's pool.";
    type Config = Config;
}

/// `ntp`. Without pools and servers there are four of `N.DISTRIBUTION.pool.ntp.org`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Settings {
    /// Pools of servers. Busybox's ntpd on Alpine Linux has none.
    #[schemars(extend("uniqueItems" = true))]
    pub pools: Option<Vec<Host>>,
    /// Servers.
    #[schemars(extend("uniqueItems" = true))]
    pub servers: Option<Vec<Host>>,
    /// Peers.
    #[schemars(extend("uniqueItems" = true))]
    pub peers: Option<Vec<Host>>,
    /// Networks (ADDRESS/BITS) that may ask this machine.
    #[schemars(extend("uniqueItems" = true))]
    pub allow: Option<Vec<Text>>,
    /// The client: chrony, ntp, openntpd, ntpdate, systemd-timesyncd, or `auto` for the first that the distribution
    /// prefers. Default: auto.
    #[schemars(extend("default" = "auto"))]
    pub ntp_client: Option<Text>,
    /// Install and configure a client. Default: true.
    #[schemars(extend("default" = true))]
    pub enabled: Option<Flag>,
    /// What is different from the known client, or describes one that is not known.
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
    /// The file of its configuration.
    pub confpath: Option<Text>,
    /// The program that shows whether it is installed.
    pub check_exe: Option<Text>,
    /// Packages to install.
    #[schemars(extend("uniqueItems" = true))]
    pub packages: Option<Vec<Text>>,
    /// The service.
    pub service_name: Option<Text>,
    /// A template for the file, with `## template:jinja` on its first line; its variables are servers, pools, allow
    /// and peers.
    pub template: Option<Text>,
}
