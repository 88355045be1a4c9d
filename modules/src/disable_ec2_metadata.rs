//! `disable_ec2_metadata`: blocks the EC2 metadata service.

use model::module::{Described, Listed, Report};
use model::effects::Command;
use model::{Context, Frequency, Module, ModuleError, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::Flag;

/// Adds the route.
pub struct DisableEc2Metadata;

/// Whether to block access to the EC2 metadata service after the boot has read it.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// Reject packets to 169.254.169.254 with a route, at every boot. Default: false.
    #[schemars(extend("default" = false))]
    pub disable_ec2_metadata: Option<Flag>,
}

impl Described for DisableEc2Metadata {
    const NAME: &'static str = "disable_ec2_metadata";
    const STAGE: Stage = Stage::Config;
    const FREQUENCY: Frequency = Frequency::Always;
    const KEYS: &'static [&'static str] = &["disable_ec2_metadata"];
    const LISTED: Listed = Listed::Everywhere;
    const TITLE: &'static str = "Disable EC2 metadata";
    const SUMMARY: &'static str = "Makes the EC2 metadata service unreachable.";
    type Config = Config;
}

impl Module for DisableEc2Metadata {
    fn run(&self, context: &Context<'_>, config: Config, report: &mut Report) -> Result<(), ModuleError> {
        if !config.disable_ec2_metadata.unwrap_or_default().0 {
            report.skip("disable_ec2_metadata is not set");
            return Ok(());
        }
        let commands = &context.system.commands;
        let words: &[&str] = if commands.which("ip").is_some() {
            &["ip", "route", "add", "prohibit", "169.254.169.254"]
        } else if commands.which("ifconfig").is_some() {
            &["route", "add", "-host", "169.254.169.254", "reject"]
        } else {
            report.warn(None, "cannot block the metadata service: neither ip nor route is installed");
            return Ok(());
        };
        commands.run(&Command::line(words.iter().copied()).inherit_output())?;
        Ok(())
    }
}
