//! The command line: the original's commands, options and exit codes.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use crate::commands;

/// Configures a cloud instance at boot.
#[derive(Debug, Parser)]
#[command(
    name = "cloud-init",
    disable_version_flag = true,
    // A missing command is told by `commands::run`, after the options that stand alone.
    subcommand_required = false,
    arg_required_else_help = false
)]
pub(crate) struct Cli {
    /// Show the version and exit.
    #[arg(short = 'v', long)]
    pub(crate) version: bool,
    /// Also show on standard error what is logged.
    #[arg(short, long)]
    pub(crate) debug: bool,
    /// Go on even if no data source is found (at your own risk).
    #[arg(long)]
    pub(crate) force: bool,
    /// Run all boot stages in one process, each when it is asked for over a socket.
    #[arg(long, hide = true)]
    pub(crate) all_stages: bool,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Find the data source and apply what belongs to the beginning of a boot.
    Init(Init),
    /// Run the modules of a stage.
    Modules(Modules),
    /// Run a single module.
    Single(Single),
    /// Show values of the instance-data.
    Query(Query),
    /// List the defined features.
    Features(commands::features::Features),
    /// Tell whether a cloud-config or network-config is what it may be, and where it is not.
    #[cfg(feature = "schema")]
    Schema(commands::schema::Schema),
    /// Remove state so that the next boot is a first one.
    Clean(Clean),
    /// Tell how cloud-init is doing, or wait for it.
    Status(Status),
    /// Tell from the log what each boot took.
    #[cfg(feature = "admin-tools")]
    #[command(subcommand)]
    Analyze(commands::analyze::Analyze),
    /// Put the logs and what belongs to them into a tar archive.
    #[cfg(feature = "admin-tools")]
    CollectLogs(commands::collect_logs::CollectLogs),
    /// Look at network descriptions.
    #[cfg(feature = "net-tools")]
    #[command(subcommand)]
    Net(commands::net_render::Net),
    /// Tools for developers of images.
    #[command(subcommand)]
    Devel(Devel),
    /// Show what a first boot would do, touching nothing.
    #[cfg(feature = "plan")]
    Plan(commands::plan::Plan),
    /// Tell which file or part set a value of the configuration, and what won by which rule.
    #[cfg(feature = "explain")]
    Explain(commands::explain::Explain),
    /// Print the cloud-id of this instance.
    #[command(hide = true)]
    CloudId(CloudId),
    /// Judge which data sources this machine may have.
    #[command(hide = true)]
    DsIdentify(DsIdentify),
    /// Configure each link that udev's hook tells of.
    #[command(hide = true)]
    Hotplugd,
    /// Be the hook that udev runs.
    #[command(hide = true)]
    HookHotplug,
    /// Run a command once, once for each instance, or at every boot.
    #[command(hide = true, disable_help_flag = true)]
    Per {
        /// FREQUENCY (once, instance or always), NAME, COMMAND and its arguments.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<OsString>,
    },
    /// Print the host keys and their fingerprints for the console.
    #[command(hide = true)]
    WriteSshKeyFingerprints {
        /// Types of keys whose fingerprints, and types of keys that are not shown, each list with commas.
        hidden: Vec<OsString>,
    },
    /// Be the systemd generator.
    #[command(hide = true)]
    Generator {
        /// The three directories of systemd.generator(7).
        directories: Vec<OsString>,
    },
    /// Write what packagers need: cloud.cfg, man pages, completions.
    #[cfg(feature = "packaging")]
    Generate(commands::generate::Generate),
}

/// `devel`.
#[derive(Debug, Subcommand)]
pub(crate) enum Devel {
    /// Configure links that appear while the machine runs.
    HotplugHook(HotplugHook),
    /// Put files together to a user-data of several parts.
    #[cfg(feature = "admin-tools")]
    MakeMime(commands::make_mime::MakeMime),
    /// Print a user-data that is a jinja template, rendered.
    #[cfg(feature = "admin-tools")]
    Render(commands::render::Render),
    /// Write the files that a network manager needs for a network description.
    #[cfg(feature = "net-tools")]
    NetConvert(commands::net_convert::NetConvert),
}

/// `devel hotplug-hook`.
#[derive(Debug, Args)]
pub(crate) struct HotplugHook {
    /// The kind of device.
    #[arg(short, long, value_parser = ["net"])]
    pub(crate) subsystem: String,
    #[command(subcommand)]
    pub(crate) action: HotplugAction,
}

/// What `devel hotplug-hook` does.
#[derive(Debug, Subcommand)]
pub(crate) enum HotplugAction {
    /// Tell whether links that appear are configured.
    Query,
    /// Configure a link that has appeared.
    Handle {
        /// The device's path in /sys.
        #[arg(short, long, value_name = "PATH")]
        devpath: String,
        /// What has happened to it.
        #[arg(short, long, value_parser = ["add"])]
        udevaction: String,
    },
    /// Have links configured that appear from now on.
    Enable,
}

/// A line that udev's hook has written: `devel hotplug-hook` without these two words.
#[derive(Debug, Parser)]
#[command(name = "hotplug-hook", no_binary_name = true)]
pub(crate) struct HookLine {
    #[command(flatten)]
    pub(crate) hook: HotplugHook,
}

/// `init`.
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Start in local mode, before the network is configured.
    #[arg(short, long)]
    pub(crate) local: bool,
    /// Further configuration files, which beat all others.
    #[arg(short, long = "file", value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

/// A stage's list of modules.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Mode {
    Init,
    Config,
    Final,
}

/// `modules`.
#[derive(Debug, Args)]
pub(crate) struct Modules {
    /// Which list of cloud.cfg is run.
    #[arg(short, long, value_enum, default_value = "config")]
    pub(crate) mode: Mode,
    /// Further configuration files, which beat all others.
    #[arg(short, long = "file", value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

/// How often a single module runs.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Frequency {
    Instance,
    Always,
    Once,
}

/// `single`.
#[derive(Debug, Args)]
pub(crate) struct Single {
    /// The module's name.
    #[arg(short, long)]
    pub(crate) name: String,
    /// How often, instead of the module's own.
    #[arg(long, value_enum)]
    pub(crate) frequency: Option<Frequency>,
    /// Report the events of this run.
    #[arg(long)]
    pub(crate) report: bool,
    /// Further configuration files, which beat all others.
    #[arg(short, long = "file", value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Arguments of the module.
    pub(crate) module_args: Vec<String>,
}

/// `query`.
#[derive(Debug, Args)]
pub(crate) struct Query {
    /// Also show on standard error what is logged.
    #[arg(short, long)]
    pub(crate) debug: bool,
    /// Path of instance-data.json.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) instance_data: Option<PathBuf>,
    /// List the keys below the variable, or at the top.
    #[arg(short, long)]
    pub(crate) list_keys: bool,
    /// Path of the user-data.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) user_data: Option<PathBuf>,
    /// Path of the vendor-data.
    #[arg(short = 'v', long, value_name = "FILE")]
    pub(crate) vendor_data: Option<PathBuf>,
    /// Print everything.
    #[arg(short, long)]
    pub(crate) all: bool,
    /// Print a jinja template, such as '{{ v1.cloud_name }}', rendered.
    #[arg(short, long)]
    pub(crate) format: Option<String>,
    /// A dotted path such as v1.local_hostname.
    pub(crate) varname: Option<String>,
}

/// `clean`.
#[derive(Debug, Args)]
pub(crate) struct Clean {
    /// Remove the logs.
    #[arg(short, long)]
    pub(crate) logs: bool,
    /// Have /etc/machine-id made anew at the next boot.
    #[arg(long)]
    pub(crate) machine_id: bool,
    /// Restart afterwards.
    #[arg(short, long)]
    pub(crate) reboot: bool,
    /// Remove the seed directory too.
    #[arg(short, long)]
    pub(crate) seed: bool,
    /// Remove written configuration of these kinds.
    #[arg(short, long, num_args = 1.., value_parser = ["all", "ssh_config", "network", "datasource", "fstab"])]
    pub(crate) configs: Vec<String>,
}

/// How a document is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Json,
    Tabular,
    Yaml,
}

/// `status`.
#[derive(Debug, Args)]
pub(crate) struct Status {
    /// How it is printed.
    #[arg(long, value_enum, default_value = "tabular")]
    pub(crate) format: Format,
    /// Also the details.
    #[arg(short, long)]
    pub(crate) long: bool,
    /// Wait until cloud-init is done.
    #[arg(short, long)]
    pub(crate) wait: bool,
}

/// `cloud-id`.
#[derive(Debug, Parser)]
#[command(name = "cloud-id")]
pub(crate) struct CloudId {
    /// All standard keys as JSON.
    #[arg(short, long)]
    pub(crate) json: bool,
    /// With the region, separated by a tab.
    #[arg(short, long)]
    pub(crate) long: bool,
    /// Path of instance-data.json.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) instance_data: Option<PathBuf>,
}

/// `ds-identify`.
#[derive(Debug, Parser)]
#[command(name = "ds-identify")]
pub(crate) struct DsIdentify {
    /// Judge again even if this boot has a verdict.
    #[arg(long)]
    pub(crate) force: bool,
}

/// The command line's definition, for man pages and completions.
#[cfg_attr(not(feature = "packaging"), allow(dead_code))]
pub(crate) fn definition() -> clap::Command {
    Cli::command()
}

/// Runs the command line and gives the exit code.
pub(crate) fn run(arguments: Vec<OsString>) -> u8 {
    let program = arguments.first().map(PathBuf::from).unwrap_or_default();
    let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
    // The same program under the names of the original's helpers.
    match name.as_str() {
        "ds-identify" => {
            return parsed::<DsIdentify>(arguments, |options| commands::ds_identify::run(&options));
        }
        "cloud-id" => return parsed::<CloudId>(arguments, |options| commands::cloud_id::run(&options)),
        "hook-hotplug" => return commands::hotplug::tell(),
        "cloud-init-hotplugd" => return commands::hotplug::serve(false),
        "cloud-init-per" | "cloud-init-run-module" => {
            return commands::per::run(&name, arguments.get(1..).unwrap_or_default());
        }
        "write-ssh-key-fingerprints" => {
            return commands::host_keys::run(arguments.get(1..).unwrap_or_default());
        }
        "cloud-init-generator" => return commands::generator::run(arguments.get(1..).unwrap_or_default()),
        _ => {}
    }
    // `-v` alone: the original prints the name by which it was called.
    if let [_, only] = arguments.as_slice()
        && (only == "-v" || only == "--version")
    {
        let shown = system::executable().unwrap_or(program);
        output::line(&format!("{} {}", shown.display(), crate::VERSION));
        return 0;
    }
    parsed::<Cli>(arguments, commands::run)
}

use crate::output;

fn parsed<T: CommandFactory + FromArgMatches>(arguments: Vec<OsString>, run: impl FnOnce(T) -> u8) -> u8 {
    let matches =
        T::command().try_get_matches_from(arguments).and_then(|matches| T::from_arg_matches(&matches));
    match matches {
        Ok(options) => run(options),
        Err(error) => {
            let _ = error.print();
            u8::try_from(error.exit_code()).unwrap_or(2)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definitions_hold_together() {
        for command in [Cli::command(), CloudId::command(), DsIdentify::command(), HookLine::command()] {
            command.debug_assert();
        }
    }
}
