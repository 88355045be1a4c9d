//! `devel render`: renders user-data that is a jinja template, with this machine's instance data.

use std::path::PathBuf;

use clap::Args;
use engine::{instance_data, json, template};
use model::System;

use crate::input;
use crate::output;

/// `devel render`.
#[derive(Debug, Args)]
pub(crate) struct Render {
    /// Path of the user-data; - for standard input.
    user_data: PathBuf,
    /// Path of the instance data [default: this machine's].
    #[arg(short, long, value_name = "FILE")]
    instance_data: Option<PathBuf>,
    /// Also print log messages on standard error.
    #[arg(short, long)]
    pub(crate) debug: bool,
}

/// Prints the rendered user-data; returns 1 on failure.
pub(crate) fn run(options: &Render) -> u8 {
    match rendered(&super::host(), options) {
        Ok(text) => {
            output::text(&text);
            0
        }
        Err(error) => {
            output::error(&format!("ERROR: {error}"));
            1
        }
    }
}

fn rendered(system: &System, options: &Render) -> Result<String, String> {
    let (_, paths) = super::configuration(system);
    let sensitive = instance_data::sensitive_path(&paths);
    let file = match &options.instance_data {
        Some(given) => system::absolute(given).map_err(|error| error.to_string())?,
        None if system.environment.uid() == 0 && system.files.exists(&sensitive) => sensitive,
        None => paths.run("instance-data.json"),
    };
    if !system.files.exists(&file) {
        return Err(format!("Missing instance-data.json file: {}", file.display()));
    }
    let data = json::read(system, &file)
        .ok_or_else(|| format!("{} is unreadable or not valid JSON; try as root", file.display()))?;
    let name = options.user_data.display().to_string();
    let text = input::read(system, &options.user_data)
        .map_err(|error| format!("Missing user-data file: {name}: {}", error.source))?;
    let text = String::from_utf8_lossy(&text);
    if !template::is_jinja(&text) {
        return Err(format!("{name}:1: not a template: the first line must be '## template: jinja'"));
    }
    let rendered = template::render_instance_template(system.sandbox.as_ref(), &name, &text, &data)
        .map_err(|error| format!("Failed to render templated user-data file '{name}'. {error}"))?;
    if rendered.is_empty() {
        return Err(format!("Unable to render user-data file: {name}: the result is empty"));
    }
    Ok(rendered)
}
