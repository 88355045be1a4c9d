//! `salt_minion`: installs, configures and starts the Salt minion.

use model::module::{Described, Listed};
use model::{Frequency, Secret, Stage};
use schema::forms::Object;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::Text;

/// The module; what it is for is in its [`Described::SUMMARY`].
pub struct SaltMinion;

/// The Salt minion: package, service, configuration files and keys.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// The minion configuration.
    pub salt_minion: Option<Settings>,
}

impl Described for SaltMinion {
    const NAME: &'static str = "salt_minion";
    const STAGE: Stage = Stage::Final;
    const FREQUENCY: Frequency = Frequency::Instance;
    const KEYS: &'static [&'static str] = &["salt_minion"];
    const LISTED: Listed = Listed::Everywhere;
    const TITLE: &'static str = "Salt";
    const SUMMARY: &'static str = "Installs, configures and starts the Salt minion.";
    type Config = Config;
}

/// `salt_minion`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Settings {
    /// The package name. Default: salt-minion.
    pub pkg_name: Option<Text>,
    /// The service name. Default: salt-minion.
    pub service_name: Option<Text>,
    /// The configuration directory. Default: /etc/salt.
    pub config_dir: Option<Text>,
    /// The content of the file `minion` in that directory.
    pub conf: Option<Object>,
    /// The content of the file `grains` in that directory.
    pub grains: Option<Object>,
    /// The minion's public key.
    pub public_key: Option<Text>,
    /// The minion's private key.
    pub private_key: Option<Secret<Text>>,
    /// The key directory. Default: `pki/minion` below `config_dir`.
    pub pki_dir: Option<Text>,
}
