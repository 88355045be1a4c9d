//! `rpi`: interfaces of a Raspberry Pi.

use std::path::Path;
use std::time::Duration;

use model::distro::PowerState;
use model::effects::Command;
use model::module::{Described, Listed, Report};
use model::{Context, Frequency, Module, ModuleError, Node, Stage};
use schema::forms::Either;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::Flag;

/// Enables or disables the interfaces.
pub struct RaspberryPi;

/// Hardware interfaces of a Raspberry Pi (SPI, I²C, serial, 1-Wire), and USB gadget mode.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// The interfaces to enable.
    #[schemars(with = "Rpi")]
    pub rpi: Option<Node>,
}

impl Described for RaspberryPi {
    const NAME: &'static str = "raspberry_pi";
    const DASHED: bool = false;
    const STAGE: Stage = Stage::Config;
    const FREQUENCY: Frequency = Frequency::Instance;
    const DISTROS: &'static [&'static str] = &["raspberry-pi-os"];
    const KEYS: &'static [&'static str] = &["rpi"];
    const LISTED: Listed = Listed::On(&["raspberry-pi-os"]);
    const TITLE: &'static str = "Raspberry Pi";
    const SUMMARY: &'static str = "Enables or disables interfaces of a Raspberry Pi, and reboots if necessary.";
    type Config = Config;
}

const GADGET: &str = "/usr/bin/rpi-usb-gadget";
const CONFIG: &str = "/usr/bin/raspi-config";
/// The interfaces without settings, and raspi-config's function for each.
const FUNCTIONS: &[(&str, &str)] = &[("spi", "do_spi"), ("i2c", "do_i2c"), ("onewire", "do_onewire")];

impl Module for RaspberryPi {
    fn run(&self, context: &Context<'_>, config: Config, report: &mut Report) -> Result<(), ModuleError> {
        let Some(rpi) = config.rpi.filter(Node::is_truthy) else {
            report.skip("rpi is not set");
            return Ok(());
        };
        let Some(keys) = rpi.as_map() else {
            report.warn(Some(&rpi.origin), format!("rpi: expected a mapping, found {}", rpi.value.a_kind()));
            return Ok(());
        };
        let mut changed = false;
        for (key, value) in keys {
            match key.to_string().as_str() {
                "enable_usb_gadget" => {
                    let enable = value.as_bool().ok_or_else(|| ModuleError::Invalid {
                        origin: value.origin.clone(),
                        message: "enable_usb_gadget: expected true or false".to_owned(),
                    })?;
                    changed |= gadget(context, enable, value, report);
                }
                "interfaces" => match value.as_map() {
                    Some(interfaces) if !interfaces.is_empty() => {
                        for (name, value) in interfaces {
                            changed |= interface(context, &name.to_string(), value, report);
                        }
                    }
                    Some(_) => return Ok(()),
                    None => {
                        report.warn(Some(&value.origin), "rpi.interfaces: expected a mapping");
                        return Ok(());
                    }
                },
                other => report.warn(Some(&value.key_origin()), format!("Unsupported key: {other}")),
            }
        }
        if changed {
            // The next boot must not change and reboot again.
            (context.mark_done)()?;
            let message = "Rebooting to apply config.txt changes...";
            let words = context.distro.services().shutdown_command(PowerState::Reboot, None, message);
            context.system.commands.run(&Command::line(words))?;
        }
        Ok(())
    }
}

/// Switches USB gadget mode; true if the machine must reboot.
fn gadget(context: &Context<'_>, enable: bool, node: &Node, report: &mut Report) -> bool {
    if !context.system.files.exists(Path::new(GADGET)) {
        report.warn(Some(&node.origin), format!("rpi-usb-gadget script not found: {GADGET}"));
        return false;
    }
    // Forced: it would ask on an unsupported device, from which the card may move to a supported one.
    let command = Command::line([GADGET, if enable { "on" } else { "off" }, "-f"]);
    let command = command.timeout(Duration::from_secs(30)).inherit_output();
    done(context, &command, "Failed to configure rpi-usb-gadget", node, report)
}

fn done(context: &Context<'_>, command: &Command, failed: &str, node: &Node, report: &mut Report) -> bool {
    let outcome = context.system.commands.run(command);
    if let Err(error) = &outcome {
        report.warn(Some(&node.origin), format!("{failed}: {error}"));
    }
    outcome.is_ok()
}

/// Runs a function of raspi-config, which takes 0 to enable and 1 to disable.
fn configure(
    context: &Context<'_>,
    (function, enable): (&str, bool),
    (what, node): (&str, &Node),
    report: &mut Report,
) -> bool {
    let command = Command::line([CONFIG, "nonint", function, if enable { "0" } else { "1" }]);
    done(context, &command, &format!("Failed to configure {what}"), node, report)
}

/// Switches an interface; true if the machine must reboot.
fn interface(context: &Context<'_>, name: &str, value: &Node, report: &mut Report) -> bool {
    if name == "serial" {
        return serial(context, value, report);
    }
    let Some((_, function)) = FUNCTIONS.iter().find(|(known, _)| *known == name) else {
        report.warn(Some(&value.key_origin()), format!("Invalid key for interfaces: {name}"));
        return false;
    };
    let Some(enable) = value.as_bool() else {
        report.warn(Some(&value.origin), format!("Invalid value for interfaces.{name}: expected true or false"));
        return false;
    };
    configure(context, (function, enable), (name, value), report)
}

/// Switches the serial console and the UART; true if the machine must reboot.
fn serial(context: &Context<'_>, value: &Node, report: &mut Report) -> bool {
    let (console, mut hardware) = match (value.as_bool(), value.as_map()) {
        (Some(enable), _) => (enable, false),
        (None, Some(_)) => (serial_flag(value, "console", report), serial_flag(value, "hardware", report)),
        (None, None) => {
            let message = "Invalid value for interfaces.serial: expected true, false or a mapping";
            report.warn(Some(&value.origin), message);
            return false;
        }
    };
    let is_five = context.system.commands.run(&Command::line([CONFIG, "nonint", "is_pifive"])).is_ok();
    // Only model 5 has a second UART: elsewhere the console uses the only one.
    hardware |= console && !is_five;
    configure(context, ("do_serial_cons", console), ("serial console", value), report)
        && configure(context, ("do_serial_hw", hardware), ("serial hardware", value), report)
}

fn serial_flag(serial: &Node, key: &str, report: &mut Report) -> bool {
    let Some(value) = serial.get(key) else { return false };
    value.as_bool().unwrap_or_else(|| {
        let message = format!("Invalid value for interfaces.serial.{key}: expected true or false");
        report.warn(Some(&value.origin), message);
        false
    })
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
