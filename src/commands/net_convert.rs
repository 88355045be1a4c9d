//! `devel net-convert`: upstream's command.

use std::path::PathBuf;

use clap::Args;
use model::effects::Attributes;
use network_managers::convert;
use system::Host;

use super::net_input::{self, InputError, Kind};
use crate::output;

/// `devel net-convert`.
#[derive(Debug, Args)]
pub(crate) struct NetConvert {
    /// Path of the network configuration to read.
    #[arg(short = 'p', long, value_name = "PATH")]
    network_data: PathBuf,
    /// Format of the input.
    #[arg(short, long, value_enum)]
    kind: Kind,
    /// Directory to write the files to.
    #[arg(short, long, value_name = "PATH")]
    directory: PathBuf,
    /// Distribution whose paths and file headers are used.
    #[arg(short = 'D', long, value_parser = distro)]
    distro: String,
    /// A network device of the target machine; may be repeated.
    #[arg(short, long, value_name = "NAME,MAC", value_parser = net_input::named)]
    mac: Vec<(String, String)>,
    /// Also print the parsed input on standard error.
    #[arg(long)]
    pub(crate) debug: bool,
    /// Renderer to write files for.
    #[arg(short = 'O', long, value_parser = renderer)]
    output_kind: String,
}

/// A distribution's name.
pub(crate) fn distro(name: &str) -> Result<String, String> {
    network_managers::distros().find(|known| *known == name).map(str::to_owned).ok_or_else(|| {
        format!("expected one of: {}", network_managers::distros().collect::<Vec<_>>().join(", "))
    })
}

/// A renderer's name.
pub(crate) fn renderer(name: &str) -> Result<String, String> {
    let names = convert::names();
    names
        .iter()
        .find(|known| **known == name)
        .map(|known| (*known).to_owned())
        .ok_or_else(|| format!("expected one of: {}", names.join(", ")))
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Input(Box<InputError>),
    #[error(transparent)]
    Convert(Box<convert::ConvertError>),
    #[error(transparent)]
    File(#[from] model::effects::FileError),
}

impl From<InputError> for Error {
    fn from(error: InputError) -> Self {
        Self::Input(Box::new(error))
    }
}

impl From<convert::ConvertError> for Error {
    fn from(error: convert::ConvertError) -> Self {
        Self::Convert(Box::new(error))
    }
}

pub(crate) fn run(options: &NetConvert) -> u8 {
    match written(options) {
        Ok(()) => 0,
        Err(error) => {
            output::error(&format!("error: {error}"));
            1
        }
    }
}

fn written(options: &NetConvert) -> Result<(), Error> {
    let (config, links, kind) = net_input::read(&options.network_data, Some(options.kind), &options.mac)?;
    if options.debug {
        output::error(&format!("{:#}", config.node().to_json()));
    }
    let directory = net_input::absolute(&options.directory)?;
    let target = Host::system(Some(directory), crate::registry::http());
    let settings = network_managers::Settings::of(&options.distro);
    let converted =
        convert::convert(&config, &links, &options.output_kind, &settings, target.files.as_ref())?;
    for key in &converted.unexpressed {
        output::error(&format!("warning: {key}"));
    }
    target.files.gather();
    for file in &converted.files {
        let attributes =
            Attributes { mode: (!file.keeps_mode).then_some(file.mode), ..Attributes::default() };
        target.files.write(&file.path, file.content.as_bytes(), &attributes)?;
    }
    target.files.settle()?;
    let shown = options.directory.display().to_string();
    let name = clap::ValueEnum::to_possible_value(&kind).map(|value| value.get_name().to_owned());
    output::error(&format!(
        "Read input format '{}' from '{}'.\nWrote output format '{}' to '{}/'\n",
        name.unwrap_or_default(),
        options.network_data.display(),
        options.output_kind,
        shown.trim_end_matches('/')
    ));
    Ok(())
}
