//! `ntp`: the time synchronization client.

use model::module::{Described, Listed};
use model::{Frequency, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Text};

/// The module; what it is for is in its [`Described::SUMMARY`].
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

/// `ntp`. Without pools and servers, four of `N.DISTRIBUTION.pool.ntp.org` are used.
#[derive(Debug, Deserialize, JsonSchema)]
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
