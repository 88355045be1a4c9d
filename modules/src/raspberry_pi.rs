//! `rpi`: interfaces of a Raspberry Pi.

use schema::forms::Either;
use model::module::{Described, Listed};
use model::{Frequency, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::Flag;

/// The module; what it is for is in its [`Described::SUMMARY`].
pub struct RaspberryPi;

/// Hardware interfaces of a Raspberry Pi (SPI, I²C, serial, 1-Wire), and USB gadget mode.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// The interfaces to enable.
    pub rpi: Option<Rpi>,
}

impl Described for RaspberryPi {
    const NAME: &'static str = "raspberry_pi";
    const DASHED: bool = false;
    const STAGE: Stage = Stage::Config;
    const FREQUENCY: Frequency = Frequency::Instance;
    const DISTROS: &'static [&'static str] = &["raspberry-pi-os"];
    const KEYS: &'static [&'static str] = &["rpi"];
    const LISTED: Listed = Listed::Nowhere;
    const TITLE: &'static str = "Raspberry Pi";
    const SUMMARY: &'static str = "Enables or disables interfaces of a Raspberry Pi, and reboots if necessary.";
    type Config = Config;
}

/// `rpi`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Rpi {
    /// Interfaces on the GPIO header.
    pub interfaces: Option<Interfaces>,
    /// Enable USB gadget mode. Default: false.
    #[schemars(extend("default" = false))]
    pub enable_usb_gadget: Option<Flag>,
}

/// `rpi.interfaces`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Interfaces {
    /// SPI. Default: false.
    #[schemars(extend("default" = false))]
    pub spi: Option<Flag>,
    /// I²C. Default: false.
    #[schemars(extend("default" = false))]
    pub i2c: Option<Flag>,
    /// The serial port: true for console and hardware, or a mapping to select them. Default: false.
    #[schemars(extend("default" = false))]
    pub serial: Option<Either<Flag, Serial>>,
    /// 1-Wire. Default: false.
    #[schemars(extend("default" = false))]
    pub onewire: Option<Flag>,
}

/// `rpi.interfaces.serial`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Serial {
    /// Enable the serial console. Default: false.
    #[schemars(extend("default" = false))]
    pub console: Option<Flag>,
    /// Enable the serial hardware. Default: false.
    #[schemars(extend("default" = false))]
    pub hardware: Option<Flag>,
}
