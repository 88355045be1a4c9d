//! `keyboard`: the layout of the console's keyboard.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::Text;

/// The keys.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// The keyboard; its words are those of keyboard(5).
    pub keyboard: Option<Keyboard>,
}

/// `keyboard`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Keyboard {
    /// The layout (XKBLAYOUT): us, de, fr.
    pub layout: Text,
    /// The model (XKBMODEL). Default: pc105.
    #[schemars(extend("default" = "pc105"))]
    pub model: Option<Text>,
    /// The variant (XKBVARIANT). Alpine Linux needs it.
    pub variant: Option<Text>,
    /// Options (XKBOPTIONS).
    pub options: Option<Text>,
}
