//! `rh_subscription`: registers this machine with Red Hat.

mod register;

use model::module::{Described, Listed, Report};
use model::{Context, Frequency, Module, ModuleError, Node, Secret, Stage};
use schema::forms::Either;
use schema::notes::deprecated;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Text};

/// Registers the machine.
pub struct RhSubscription;

/// The registration with Red Hat: account or activation key, service level, pools and repositories.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// The subscription: `username` and `password`, or `activation_key` and `org`.
    #[schemars(with = "Option<Subscription>")]
    pub rh_subscription: Option<Node>,
}

impl Described for RhSubscription {
    const NAME: &'static str = "rh_subscription";
    const STAGE: Stage = Stage::Config;
    const FREQUENCY: Frequency = Frequency::Instance;
    const DISTROS: &'static [&'static str] = &["fedora", "rhel"];
    const KEYS: &'static [&'static str] = &["rh_subscription"];
    const LISTED: Listed = Listed::On(&["almalinux", "centos", "cloudlinux", "eurolinux", "miraclelinux", "rhel", "rocky", "virtuozzo"]);
    const TITLE: &'static str = "Red Hat subscription";
    const SUMMARY: &'static str = "Registers this machine with Red Hat using subscription-manager.";
    type Config = Config;
}

impl Module for RhSubscription {
    fn run(&self, context: &Context<'_>, _: Config, report: &mut Report) -> Result<(), ModuleError> {
        let Some(section) = context.config.get("rh_subscription").filter(|node| node.is_truthy()) else {
            report.skip("rh_subscription is not set");
            return Ok(());
        };
        if section.as_map().is_none() {
            let message = format!("rh_subscription: expected a mapping, found {}", section.value.a_kind());
            return Err(ModuleError::Invalid { origin: section.origin.clone(), message });
        }
        register::run(context, section, report)
    }
}

/// The value of a key under either spelling.
fn value<'a>(section: &'a Node, key: &str) -> Option<&'a Node> {
    section.get(key).or_else(|| section.get(&key.replace('_', "-")).filter(|_| RESPELLED.contains(&key)))
}

/// Keys that have an old spelling with `-`; only one of the two may be set.
const RESPELLED: &[&str] = &[
    "activation_key",
    "auto_attach",
    "service_level",
    "add_pool",
    "enable_repo",
    "disable_repo",
    "rhsm_baseurl",
    "server_hostname",
];

fn one_spelling(schema: &mut schemars::Schema) {
    let not = |key: &&str| serde_json::json!({"not": {"required": [key, key.replace('_', "-")]}});
    schema.insert("allOf".to_owned(), RESPELLED.iter().map(not).collect());
}

/// `rh_subscription`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields, transform = one_spelling)]
pub struct Subscription {
    /// The user name; requires `password`.
    pub username: Option<Text>,
    /// The password.
    pub password: Option<Secret<Text>>,
    /// The activation key; requires `org`.
    pub activation_key: Option<ActivationKey>,
    /// Old spelling of activation_key.
    #[serde(rename = "activation-key")]
    #[schemars(transform = deprecated("25.3", "Use activation_key."))]
    pub old_activation_key: Option<ActivationKey>,
    /// The organization.
    pub org: Option<Either<Text, OldOrg>>,
    /// Attach matching subscriptions automatically.
    pub auto_attach: Option<AutoAttach>,
    /// Old spelling of auto_attach.
    #[serde(rename = "auto-attach")]
    #[schemars(transform = deprecated("25.3", "Use auto_attach."))]
    pub old_auto_attach: Option<AutoAttach>,
    /// The service level; requires `auto_attach`.
    pub service_level: Option<ServiceLevel>,
    /// Old spelling of service_level.
    #[serde(rename = "service-level")]
    #[schemars(transform = deprecated("25.3", "Use service_level."))]
    pub old_service_level: Option<ServiceLevel>,
    /// IDs of pools to attach.
    pub add_pool: Option<AddPool>,
    /// Old spelling of add_pool.
    #[serde(rename = "add-pool")]
    #[schemars(transform = deprecated("25.3", "Use add_pool."))]
    pub old_add_pool: Option<AddPool>,
    /// Repositories to enable.
    pub enable_repo: Option<EnableRepo>,
    /// Old spelling of enable_repo.
    #[serde(rename = "enable-repo")]
    #[schemars(transform = deprecated("25.3", "Use enable_repo."))]
    pub old_enable_repo: Option<EnableRepo>,
    /// Repositories to disable.
    pub disable_repo: Option<DisableRepo>,
    /// Old spelling of disable_repo.
    #[serde(rename = "disable-repo")]
    #[schemars(transform = deprecated("25.3", "Use disable_repo."))]
    pub old_disable_repo: Option<DisableRepo>,
    /// The release to lock packages to; the package manager's cache is then removed.
    pub release_version: Option<Text>,
    /// `baseurl` of /etc/rhsm/rhsm.conf.
    pub rhsm_baseurl: Option<RhsmBaseurl>,
    /// Old spelling of rhsm_baseurl.
    #[serde(rename = "rhsm-baseurl")]
    #[schemars(transform = deprecated("25.3", "Use rhsm_baseurl."))]
    pub old_rhsm_baseurl: Option<RhsmBaseurl>,
    /// `hostname` of the server in /etc/rhsm/rhsm.conf.
    pub server_hostname: Option<ServerHostname>,
    /// Old spelling of server_hostname.
    #[serde(rename = "server-hostname")]
    #[schemars(transform = deprecated("25.3", "Use server_hostname."))]
    pub old_server_hostname: Option<ServerHostname>,
}

/// A number instead of a string.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, transform = deprecated("24.2", "Use a quoted string."))]
#[serde(transparent)]
pub struct OldOrg(pub i64);

macro_rules! shared {
    ($(#[$doc:meta] $name:ident = $definition:literal, $type:ty;)*) => {$(
        #[$doc]
        #[derive(Debug, Deserialize, JsonSchema)]
        #[schemars(rename = $definition)]
        #[serde(transparent)]
        pub struct $name(pub $type);
    )*};
}

shared! {
    /// A key that registers without a password.
    ActivationKey = "rh_subscription_activation_key", Secret<Text>;
    /// Whether matching subscriptions are attached.
    AutoAttach = "rh_subscription_auto_attach", Flag;
    /// A service level.
    ServiceLevel = "rh_subscription_service_level", Text;
    /// Pool IDs.
    AddPool = "rh_subscription_add_pool", Vec<Text>;
    /// Repository names.
    EnableRepo = "rh_subscription_enable_repo", Vec<Text>;
    /// Repository names.
    DisableRepo = "rh_subscription_disable_repo", Vec<Text>;
    /// A URL.
    RhsmBaseurl = "rh_subscription_rhsm_baseurl", Text;
    /// A host name.
    ServerHostname = "rh_subscription_server_hostname", Text;
}
