//! `salt_minion`: the Salt minion is installed, configured and started.

use model::Secret;
use schema::forms::Object;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::Text;

/// The keys.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// How the minion is set up.
    pub salt_minion: Option<SaltMinion>,
}

/// `salt_minion`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct SaltMinion {
    /// The package. Default: salt-minion.
    pub pkg_name: Option<Text>,
    /// The service. Default: salt-minion.
    pub service_name: Option<Text>,
    /// The directory of the configuration. Default: /etc/salt.
    pub config_dir: Option<Text>,
    /// Keys of the file `minion` there.
    pub conf: Option<Object>,
    /// Keys of the file `grains` there.
    pub grains: Option<Object>,
    /// The minion's public key.
    pub public_key: Option<Text>,
    /// The minion's private key.
    pub private_key: Option<Secret<Text>>,
    /// The directory of the keys. Default: `pki/minion` below `config_dir`.
    pub pki_dir: Option<Text>,
}
