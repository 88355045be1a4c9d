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

fn man(system: &System, directory: &Path) -> Result<(), FileError> {
    let command = crate::cli::definition();
    let page = |command: &clap::Command| {
        let mut page = Vec::new();
        // Rendering into memory cannot fail.
        let _ = clap_mangen::Man::new(command.clone()).render(&mut page);
        page
    };
    write(system, directory, "cloud-init.1", &page(&command))?;
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        let name = match sub.get_name() {
            "cloud-id" | "ds-identify" => sub.get_name().to_owned(),
            name => format!("cloud-init-{name}"),
        };
        let named = sub.clone().name(name.clone());
        write(system, directory, &format!("{name}.1"), &page(&named))?;
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
