//! `keyboard`: the keyboard layout.

use model::module::{Described, Listed};
use model::{Frequency, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::Text;

/// The module; what it is for is in its [`Described::SUMMARY`].
pub struct Keyboard;

/// The keyboard layout, model and variant, for the console and X11.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// The keyboard settings, with the values of keyboard(5).
    pub keyboard: Option<Settings>,
}

impl Described for Keyboard {
    const NAME: &'static str = "keyboard";
    const STAGE: Stage = Stage::Config;
    const FREQUENCY: Frequency = Frequency::Instance;
    const DISTROS: &'static [&'static str] = &["alpine", "arch", "debian", "ubuntu", "raspberry-pi-os", "almalinux", "amazon", "azurelinux", "centos", "cloudlinux", "eurolinux", "fedora", "mariner", "miraclelinux", "openmandriva", "photon", "rhel", "rocky", "virtuozzo", "opensuse", "opensuse-leap", "opensuse-microos", "opensuse-tumbleweed", "sle_hpc", "sle-micro", "sles", "suse"];
    const KEYS: &'static [&'static str] = &["keyboard"];
    const LISTED: Listed = Listed::On(&["debian", "ubuntu"]);
    const TITLE: &'static str = "Keyboard";
    const SUMMARY: &'static str = "Sets the keyboard layout.";
    type Config = Config;
}

/// `keyboard`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Settings {
    /// The layout (XKBLAYOUT): us, de, fr.
    pub layout: Text,
    /// The model (XKBMODEL). Default: pc105.
    #[schemars(extend("default" = "pc105"))]
    pub model: Option<Text>,
    /// The variant (XKBVARIANT). Required on Alpine Linux.
    pub variant: Option<Text>,
    /// Options (XKBOPTIONS).
    pub options: Option<Text>,
}
