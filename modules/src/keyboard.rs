//! `keyboard`: the keyboard layout.

use model::module::{Described, Listed, Report};
use model::distro::KeyboardLayout;
use model::{Context, Frequency, Module, ModuleError, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::Text;

/// Sets the keyboard.
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
    const LISTED: Listed = Listed::Except(&["almalinux", "centos", "cloudlinux", "eurolinux", "miraclelinux", "rhel", "rocky", "virtuozzo", "photon"]);
    const TITLE: &'static str = "Keyboard";
    const SUMMARY: &'static str = "Sets the keyboard layout.";
    type Config = Config;
}

/// The model of most keyboards.
const MODEL: &str = "pc105";

impl Module for Keyboard {
    fn run(&self, context: &Context<'_>, config: Config, report: &mut Report) -> Result<(), ModuleError> {
        let Some(settings) = config.keyboard else {
            report.skip("keyboard is not set");
            return Ok(());
        };
        let text = |text: Option<Text>| text.map(|text| text.0);
        // Alpine's keymaps are chosen by layout and variant only.
        let model = if context.distro.info().name == "alpine" { "" } else { MODEL };
        let keyboard = KeyboardLayout {
            layout: settings.layout.0,
            model: text(settings.model).unwrap_or_else(|| model.to_owned()),
            variant: text(settings.variant).unwrap_or_default(),
            options: text(settings.options).unwrap_or_default(),
        };
        tracing::debug!("Setting keyboard layout to '{}'", keyboard.layout);
        Ok(context.distro.keyboard()?.apply(&keyboard)?)
    }
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
