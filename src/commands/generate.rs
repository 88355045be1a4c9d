//! `generate`: what packagers need, made from the program itself.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use clap_complete::Shell;
use model::System;
use model::effects::{Attributes, FileError};

use crate::{cloud_cfg, output};

/// `generate`.
#[derive(Debug, Args)]
pub(crate) struct Generate {
    #[command(subcommand)]
    what: What,
}

/// What is made.
#[derive(Debug, Subcommand)]
enum What {
    /// Print cloud.cfg of a distribution.
    CloudCfg {
        /// The distribution.
        distro: String,
    },
    /// Write the man pages into a directory.
    Man {
        /// The directory.
        directory: PathBuf,
    },
    /// Write completions for bash, zsh and fish into a directory.
    Completions {
        /// The directory.
        directory: PathBuf,
    },
    /// Write the reference pages of the modules and of the commands into a directory.
    Reference {
        /// The directory.
        directory: PathBuf,
    },
    /// Write the JSON schemas of cloud-config and network-config into a directory, for editors.
    #[cfg(feature = "schema")]
    Schema {
        /// The directory.
        directory: PathBuf,
    },
    /// Write the templates that the program carries into a directory.
    Templates {
        /// The directory.
        directory: PathBuf,
    },
}

fn write(system: &System, directory: &Path, name: &str, content: &[u8]) -> Result<(), FileError> {
    let here = system::current_directory().unwrap_or_default();
    system.files.write(&here.join(directory).join(name), content, &Attributes::mode(0o644))
}

/// A page for the program, for each command of it and for each program that stands beside it.
fn man(system: &System, directory: &Path) -> Result<(), FileError> {
    let definition = crate::cli::definition();
    pages(system, directory, &definition, "cloud-init")
}

fn pages(system: &System, directory: &Path, command: &clap::Command, name: &str) -> Result<(), FileError> {
    let mut page = Vec::new();
    // Rendering into memory cannot fail.
    let _ = clap_mangen::Man::new(command.clone().name(name.to_owned())).render(&mut page);
    write(system, directory, &format!("{name}.1"), &page)?;
    for sub in command.get_subcommands() {
        let own = match sub.get_name() {
            "help" | "hotplugd" | "hook-hotplug" | "generator" | "write-ssh-key-fingerprints" => continue,
            own @ ("cloud-id" | "ds-identify") => own.to_owned(),
            own => format!("{name}-{own}"),
        };
        pages(system, directory, sub, &own)?;
    }
    Ok(())
}

fn completions(system: &System, directory: &Path) -> Result<(), FileError> {
    for (shell, name) in
        [(Shell::Bash, "cloud-init"), (Shell::Zsh, "_cloud-init"), (Shell::Fish, "cloud-init.fish")]
    {
        let mut text = Vec::new();
        clap_complete::generate(shell, &mut crate::cli::definition(), "cloud-init", &mut text);
        write(system, directory, name, &text)?;
    }
    Ok(())
}

/// The schemas, and the file that names the versions there are, by the original's file names.
#[cfg(feature = "schema")]
fn schemas(system: &System, directory: &Path) -> Result<(), FileError> {
    const CLOUD_CONFIG: &str = "schema-cloud-config-v1.json";
    let versions = serde_json::json!({
        "$schema": "http://json-schema.org/draft-04/schema#",
        "oneOf": [{"allOf": [{"properties": {"version": {"enum": ["v1"]}}}, {"$ref": CLOUD_CONFIG}]}],
    });
    let versions = format!("{versions:#}\n");
    for (name, text) in [
        (CLOUD_CONFIG, modules::CLOUD_CONFIG_SCHEMA),
        ("schema-network-config-v1.json", schema::network::V1),
        ("schema-network-config-v2.json", schema::network::V2),
        ("versions.schema.cloud-config.json", versions.as_str()),
    ] {
        write(system, directory, name, text.as_bytes())?;
    }
    Ok(())
}

/// Writes it.
pub(crate) fn run(options: &Generate) -> u8 {
    let system = super::host();
    let outcome = match &options.what {
        What::CloudCfg { distro } => {
            let Some(text) = cloud_cfg::text(distro) else {
                output::error(&format!(
                    "error: no cloud.cfg for '{distro}'; there is one for: {}",
                    cloud_cfg::names().join(", ")
                ));
                return 1;
            };
            output::text(&text);
            Ok(())
        }
        What::Man { directory } => man(&system, directory),
        What::Completions { directory } => completions(&system, directory),
        What::Reference { directory } => super::reference::pages()
            .iter()
            .try_for_each(|(name, text)| write(&system, directory, name, text.as_bytes())),
        #[cfg(feature = "schema")]
        What::Schema { directory } => schemas(&system, directory),
        What::Templates { directory } => modules::TEMPLATES
            .iter()
            .try_for_each(|(name, text)| write(&system, directory, &format!("{name}.tmpl"), text.as_bytes())),
    };
    match outcome {
        Ok(()) => 0,
        Err(error) => {
            output::error(&format!("error: {error}"));
            1
        }
    }
}
