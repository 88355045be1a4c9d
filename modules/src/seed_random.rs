//! `random_seed`: entropy for the kernel's pool.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::effects::{Attributes, Command};
use model::gzip::gunzip;
use model::module::{Described, Listed, Report};
use model::{Context, Frequency, Module, ModuleError, Node, Secret, Spanned, Value, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Text, Words};

/// The maximum size of a decompressed seed in bytes.
const MAX_UNPACKED: u64 = 64 << 20;

/// Adds the configured data and the metadata to the pool.
pub struct SeedRandom;

/// Entropy for the kernel's pool: data, and a command that provides more.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// The seed.
    pub random_seed: Option<Seed>,
}

/// `random_seed`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(inline, deny_unknown_fields)]
pub struct Seed {
    /// The file to write to. Default: /dev/urandom.
    #[schemars(extend("default" = "/dev/urandom"))]
    pub file: Option<Text>,
    /// The seed data.
    #[schemars(with = "Secret<Text>")]
    pub data: Option<Spanned<Secret<Node>>>,
    /// The encoding of `data`: raw, base64, b64, gzip, gz. Default: raw.
    #[schemars(extend("enum" = ["raw", "base64", "b64", "gzip", "gz"], "default" = "raw"))]
    pub encoding: Option<Text>,
    /// A command with arguments that adds entropy; `RANDOM_SEED_FILE` is set in its environment.
    pub command: Option<Spanned<Words>>,
    /// Fail if the command does not exist. Default: false.
    #[schemars(extend("default" = false))]
    pub command_required: Flag,
}

impl Described for SeedRandom {
    const NAME: &'static str = "seed_random";
    const STAGE: Stage = Stage::Network;
    const FREQUENCY: Frequency = Frequency::Instance;
    const KEYS: &'static [&'static str] = &[];
    const OWN_KEYS: &'static [&'static str] = &["random_seed"];
    const LISTED: Listed = Listed::Except(&["netbsd"]);
    const TITLE: &'static str = "Random seed";
    const SUMMARY: &'static str = "Adds entropy from the configuration and the metadata to the kernel's random pool.";
    const DETAILS: &'static str = "A command can add more, for example from a network service.";
    type Config = Config;
}

impl Module for SeedRandom {
    fn run(&self, context: &Context<'_>, config: Config, _report: &mut Report) -> Result<(), ModuleError> {
        let seed = config.random_seed.unwrap_or_default();
        let file = seed.file.as_ref().map_or("/dev/urandom", |file| file.0.as_str());
        let mut bytes = match &seed.data {
            Some(data) => decode(data, seed.encoding.as_ref())?,
            None => Vec::new(),
        };
        // OpenStack and Azure provide one.
        if let Some(text) = context.instance.metadata.get("random_seed").and_then(serde_json::Value::as_str) {
            // In metadata, binary data is base64 after this prefix.
            match text.strip_prefix("ci-b64:").and_then(|encoded| STANDARD.decode(encoded).ok()) {
                Some(decoded) => bytes.extend(decoded),
                None => bytes.extend_from_slice(text.as_bytes()),
            }
        }
        if !bytes.is_empty() {
            let attributes = Attributes { secret: true, ..Attributes::default() };
            context.system.files.append(Path::new(file), &bytes, &attributes)?;
        }
        run_command(context, &seed, file)?;
        Ok(())
    }
}

fn decode(data: &Spanned<Secret<Node>>, encoding: Option<&Text>) -> Result<Vec<u8>, ModuleError> {
    let invalid = |message: String| ModuleError::Invalid { origin: data.origin.clone(), message };
    let node = data.value.expose();
    let bytes = match &node.value {
        Value::Binary(bytes) => bytes.clone(),
        Value::Null => return Ok(Vec::new()),
        other => node
            .scalar_text()
            .ok_or_else(|| invalid(format!("random_seed.data must be text, found {}", other.kind())))?
            .into_bytes(),
    };
    match encoding.map(|encoding| encoding.0.to_lowercase()).unwrap_or_default().as_str() {
        "" | "raw" => Ok(bytes),
        "base64" | "b64" => {
            let letters: Vec<u8> = bytes.into_iter().filter(|byte| !byte.is_ascii_whitespace()).collect();
            STANDARD.decode(letters).map_err(|_| invalid("random_seed.data is not valid base64".into()))
        }
        "gzip" | "gz" => gunzip(&bytes, MAX_UNPACKED)
            .map_err(|error| invalid(format!("cannot decompress random_seed.data: {error}"))),
        other => Err(invalid(format!("random_seed.encoding must be raw, base64, b64, gzip or gz, not '{other}'"))),
    }
}

fn run_command(context: &Context<'_>, seed: &Seed, file: &str) -> Result<(), ModuleError> {
    let words = seed.command.as_ref().map(|command| command.value.texts()).unwrap_or_default();
    let required = |why: String| {
        let origin =
            seed.command.as_ref().map_or_else(model::Origin::built_in, |command| command.origin.clone());
        ModuleError::Invalid { origin, message: format!("{why} but random_seed.command_required is true") }
    };
    let Some(program) = words.first() else {
        return if seed.command_required.0 { Err(required("no command is set".into())) } else { Ok(()) };
    };
    if context.system.commands.which(program).is_none() {
        if seed.command_required.0 {
            return Err(required(format!("command '{program}' not found")));
        }
        tracing::debug!("command '{program}' to add entropy not found");
        return Ok(());
    }
    let command = Command::line(words).env("RANDOM_SEED_FILE", file).inherit_output().of_user();
    context.system.commands.run(&command)?;
    Ok(())
}
