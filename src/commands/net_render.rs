//! `net render`: prints the files of a network configuration.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use network_managers::convert;

use super::net_convert;
use super::net_input::{self, InputError, Kind};
use crate::output;

/// `net`.
#[derive(Debug, Subcommand)]
pub(crate) enum Net {
    /// Print the files that a network configuration renders to, without writing them.
    Render(Render),
}

/// `net render`.
#[derive(Debug, Args)]
pub(crate) struct Render {
    /// Path of the network configuration.
    description: PathBuf,
    /// Format of the input [default: detected from the content].
    #[arg(short, long, value_enum)]
    kind: Option<Kind>,
    /// Renderer to print files for; may be repeated.
    #[arg(short, long, value_parser = net_convert::renderer, default_value = "netplan")]
    renderer: Vec<String>,
    /// Distribution whose paths and file headers are used.
    #[arg(short = 'D', long, value_parser = net_convert::distro, default_value = "debian")]
    distro: String,
    /// A network device of the target machine; may be repeated.
    #[arg(short, long, value_name = "NAME,MAC", value_parser = net_input::named)]
    mac: Vec<(String, String)>,
    /// Print one JSON document with an object per file.
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
