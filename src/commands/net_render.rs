//! `net render`: the files of a network description, to read.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use network_managers::convert;

use super::net_convert;
use super::net_input::{self, InputError, Kind};
use crate::output;

/// `net`.
#[derive(Debug, Subcommand)]
pub(crate) enum Net {
    /// Print the files that a network description becomes, writing none.
    Render(Render),
}

/// `net render`.
#[derive(Debug, Args)]
pub(crate) struct Render {
    /// The network description; its form is told from its content.
    description: PathBuf,
    /// Its form, where that is told wrong.
    #[arg(short, long, value_enum)]
    kind: Option<Kind>,
    /// The network manager that the files are for; given more than once, for each.
    #[arg(short, long, value_parser = net_convert::renderer, default_value = "netplan")]
    renderer: Vec<String>,
    /// The distribution whose paths and headers are used.
    #[arg(short = 'D', long, value_parser = net_convert::distro, default_value = "debian")]
    distro: String,
    /// A link of the machine that the description is for.
    #[arg(short, long, value_name = "NAME,MAC", value_parser = net_input::named)]
    mac: Vec<(String, String)>,
    /// Print one JSON document: an object for each file.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(options: &Render) -> u8 {
    let (config, links, _) = match net_input::read(&options.description, options.kind, &options.mac) {
        Ok(read) => read,
        Err(error) => return failed(&error),
    };
    let settings = network_managers::Settings::of(&options.distro);
    let nothing = system::Scratch::new();
    let mut documents = Vec::new();
    for renderer in &options.renderer {
        let converted = match convert::convert(&config, &links, renderer, &settings, &nothing) {
            Ok(converted) => converted,
            Err(error) => {
                output::error(&format!("error: {renderer}: {error}"));
                return 1;
            }
        };
        for key in &converted.unexpressed {
            output::error(&format!("warning: {key}"));
        }
        for file in converted.files {
            if options.json {
                documents.push(serde_json::json!({
                    "renderer": renderer,
                    "path": file.path,
                    "mode": format!("{:04o}", file.mode),
                    "content": file.content,
                }));
            } else {
                output::text(&format!(
                    "# {} {:04o} ({renderer})\n{}\n",
                    file.path.display(),
                    file.mode,
                    file.content
                ));
            }
        }
    }
    if options.json {
        output::line(&format!("{:#}", serde_json::Value::from(documents)));
    }
    0
}

fn failed(error: &InputError) -> u8 {
    output::error(&format!("error: {error}"));
    1
}
