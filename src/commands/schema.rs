//! `schema`: validates a cloud-config or a network-config.

mod judge;
mod netplan;
mod parts;

use clap::{Args, ValueEnum};
use model::System;

use self::judge::{Outcome, Stop};
use self::parts::{Kind, Part};
use crate::output::{self, Style};

/// `schema`.
#[derive(Debug, Args)]
pub(crate) struct Schema {
    /// Path of the cloud-config or network-config to validate.
    #[arg(short, long, value_name = "FILE")]
    config_file: Option<std::path::PathBuf>,
    /// Type of the file [default: cloud-config].
    #[arg(short = 't', long = "schema-type", value_enum)]
    kind: Option<SchemaType>,
    /// Path of instance-data.json, for rendering a '## template: jinja'.
    #[arg(short, long, value_name = "FILE")]
    instance_data: Option<std::path::PathBuf>,
    /// Validate the user-data, vendor-data and network-config of this machine.
    #[arg(long)]
    system: bool,
    /// Print the file with its errors and deprecations annotated.
    #[arg(long)]
    annotate: bool,
}

/// The expected type of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SchemaType {
    CloudConfig,
    NetworkConfig,
}

/// What all parts of a run share.
struct Run<'a> {
    system: &'a System,
    instance_data: std::path::PathBuf,
    annotate: bool,
    /// The prefix of each line if there are several parts.
    indent: &'static str,
    /// The directory of the reference pages, if they are installed.
    pages: Option<String>,
}

/// The reference pages of the package that has installed this program.
fn installed_pages(system: &System) -> Option<String> {
    let prefix = system::executable()?.parent()?.parent()?.join("share/doc/cloud-init-rs/reference");
    system.files.exists(&prefix).then(|| prefix.display().to_string())
}

/// Prints lines on standard output.
fn say(lines: &str) {
    output::styled(&format!("{lines}\n"), style);
}

/// Prints lines on standard error.
fn tell_error(lines: &str) {
    output::styled_error(lines, style);
}

/// How a terminal shows a line of the result.
fn style(line: &str) -> Style {
    let is_marked = |mark: &str| line.contains(&format!("\t\t# {mark}"));
    let line = line.trim_start();
    let begins = |words: &[&str]| words.iter().any(|word| line.starts_with(word));
    if begins(&["Valid schema"]) {
        Style::Green
    } else if is_marked("E") || begins(&["Invalid ", "Error:", "# Errors:", "# E", "^"]) {
        Style::Red
    } else if is_marked("D")
        || begins(&["Cloud config schema deprecations:", "warning:", "advice:", "# Deprecations:", "# D"])
    {
        Style::Yellow
    } else if begins(&["see "]) && line.ends_with(".md") {
        Style::Dim
    } else {
        Style::Plain
    }
}

fn stopped(message: &str) -> u8 {
    tell_error(message);
    1
}

/// Validates one file, or the data of this machine.
pub(crate) fn run(options: &Schema) -> u8 {
    if options.config_file.is_some() == options.system {
        return stopped("Error:\nExpected one of --config-file or --system arguments");
    }
    if options.system && options.kind.is_some() {
        output::line("WARNING: The --schema-type parameter is inapplicable when --system is present");
    }
    let system = super::host();
    let (_, paths) = super::configuration(&system);
    let is_root = system.environment.uid() == 0;
    let instance_data = options.instance_data.clone().unwrap_or_else(|| {
        if is_root { engine::instance_data::sensitive_path(&paths) } else { paths.run("instance-data.json") }
    });
    let parts = match &options.config_file {
        Some(path) => {
            let kind = match options.kind {
                Some(SchemaType::NetworkConfig) => Kind::NetworkConfig,
                _ => Kind::UserData,
            };
            vec![Part { kind, path: path.clone() }]
        }
        None if !is_root => {
            return stopped(
                "Error:\nUnable to read system userdata or vendordata as non-root user. Try using sudo.",
            );
        }
        None => parts::of_machine(&system, &paths),
    };
    let several = parts.len() > 1;
    if several {
        let kinds: Vec<&str> = parts.iter().map(|part| part.kind.name()).collect();
        output::line(&format!("Found cloud-config data types: {}", kinds.join(", ")));
    }
    let indent = if several { "  " } else { "" };
    let run = Run {
        system: &system,
        instance_data,
        annotate: options.annotate,
        indent,
        pages: installed_pages(&system),
    };
    let mut invalid: Vec<&str> = Vec::new();
    for (number, part) in parts.iter().enumerate() {
        if number == 0 && !parts::exists(&system, &part.path) {
            return stopped(&format!("Error: Config file {} does not exist", part.path.display()));
        }
        if several {
            output::line(&format!("\n{}. {} at {}:", number + 1, part.kind.name(), part.path.display()));
        }
        match judge::judge(&run, part) {
            Ok(Outcome::Valid) => {
                let shown = part.path.display().to_string();
                let name = if options.config_file.is_some() { shown.as_str() } else { part.kind.name() };
                say(&format!("{indent}Valid schema {name}"));
            }
            Ok(Outcome::NotJudged) => {}
            Ok(Outcome::Invalid) => invalid.push(part.kind.name()),
            Err(Stop(message)) => return stopped(&format!("Error:\n{message}")),
        }
    }
    if invalid.is_empty() {
        return 0;
    }
    stopped(&format!("Error: Invalid schema: {}\n", invalid.join(", ")))
}
