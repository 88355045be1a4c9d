//! `devel render`: a user-data that is a jinja template, as this machine would render it.

use std::path::PathBuf;

use clap::Args;
use engine::{instance_data, json, template};
use model::System;

use crate::input;
use crate::output;

/// `devel render`.
#[derive(Debug, Args)]
pub(crate) struct Render {
    /// The user-data; - is standard input.
    user_data: PathBuf,
    /// The instance-data; that of this machine unless given.
    #[arg(short, long, value_name = "FILE")]
    instance_data: Option<PathBuf>,
    /// Also show on standard error what is logged.
    #[arg(short, long)]
    pub(crate) debug: bool,
}

/// Prints it; 1 where that cannot be done.
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
        .ok_or_else(|| format!("{} cannot be read, or is no JSON; try as root", file.display()))?;
    let name = options.user_data.display().to_string();
    let text = input::read(system, &options.user_data)
        .map_err(|error| format!("Missing user-data file: {name}: {}", error.source))?;
    let text = String::from_utf8_lossy(&text);
    if !template::is_jinja(&text) {
        return Err(format!("{name}:1: is no template: its first line has to be '## template: jinja'"));
    }
    let rendered = template::render_instance_template(&name, &text, &data)
        .map_err(|error| format!("Failed to render templated user-data file '{name}'. {error}"))?;
    if rendered.is_empty() {
        return Err(format!("Unable to render user-data file: {name}: it renders to nothing"));
    }
    Ok(rendered)
}
