//! The command line: upstream's commands, options and exit codes.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use crate::commands;

/// Configures a cloud instance at boot.
#[derive(Debug, Parser)]
#[command(
    name = "cloud-init",
    disable_version_flag = true,
    // `commands::run` reports a missing command, after handling the options that stand alone.
    subcommand_required = false,
    arg_required_else_help = false
)]
pub(crate) struct Cli {
    /// Show the version and exit.
    #[arg(short = 'v', long)]
    pub(crate) version: bool,
    /// Also print log messages on standard error.
    #[arg(short, long)]
    pub(crate) debug: bool,
    /// Continue even if no data source is found (use at your own risk).
    #[arg(long)]
    pub(crate) force: bool,
    /// Run all boot stages in one process, each when requested over a socket.
    #[arg(long, hide = true)]
    pub(crate) all_stages: bool,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Detect the data source, set up the network and run the early boot modules.
    Init(Init),
    /// Run the modules of a boot stage.
    Modules(Modules),
    /// Run a single module.
    Single(Single),
    /// Query instance metadata, user-data and vendor-data.
    Query(Query),
    /// List the defined features.
    Features(commands::features::Features),
    /// Validate a cloud-config or network-config.
    #[cfg(feature = "schema")]
    Schema(commands::schema::Schema),
    /// Remove logs and artifacts so that cloud-init can run again as on a first boot.
    Clean(Clean),
    /// Show cloud-init's status, or wait for it to finish.
    Status(Status),
    /// Analyze the cloud-init log: boot times per stage and module.
    #[cfg(feature = "admin-tools")]
    #[command(subcommand)]
    Analyze(commands::analyze::Analyze),
    /// Collect logs and related files into a tar archive.
    #[cfg(feature = "admin-tools")]
    CollectLogs(commands::collect_logs::CollectLogs),
    /// Inspect network configurations.
    #[cfg(feature = "net-tools")]
    #[command(subcommand)]
    Net(commands::net_render::Net),
    /// Tools for image developers.
    #[command(subcommand)]
    Devel(Devel),
    /// Show what a first boot would do, without changing anything.
    #[cfg(feature = "plan")]
    Plan(commands::plan::Plan),
    /// Show where a configuration value comes from: which value took precedence, and why.
    #[cfg(feature = "explain")]
    Explain(commands::explain::Explain),
    /// Print the cloud-id of this instance.
    #[command(hide = true)]
    CloudId(CloudId),
    /// Detect which data sources this machine may use.
    #[command(hide = true)]
    DsIdentify(DsIdentify),
    /// Configure network devices as the udev hook reports them.
    #[command(hide = true)]
    Hotplugd,
    /// Pass a udev event on to hotplugd.
    #[command(hide = true)]
    HookHotplug,
    /// Run a command once, once per instance, or at every boot.
    #[command(hide = true, disable_help_flag = true)]
    Per {
        /// FREQUENCY (once, instance or always), NAME, and COMMAND with its arguments.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<OsString>,
    },
    /// Print the SSH host keys and their fingerprints to the console.
    #[command(hide = true)]
    WriteSshKeyFingerprints {
        /// Two comma-separated lists of key types: the fingerprints to omit, and the keys to omit.
        hidden: Vec<OsString>,
    },
    /// Run as the systemd generator.
    #[command(hide = true)]
    Generator {
        /// The three directories of systemd.generator(7).
        directories: Vec<OsString>,
    },
    /// Generate files for packaging: cloud.cfg, man pages, shell completions.
    #[cfg(feature = "packaging")]
    Generate(commands::generate::Generate),
}

/// `devel`.
#[derive(Debug, Subcommand)]
pub(crate) enum Devel {
    /// Configure network devices that are hot-plugged.
    HotplugHook(HotplugHook),
    /// Combine files into multi-part MIME user-data.
    #[cfg(feature = "admin-tools")]
    MakeMime(commands::make_mime::MakeMime),
    /// Render user-data that is a jinja template.
    #[cfg(feature = "admin-tools")]
    Render(commands::render::Render),
    /// Convert a network configuration to the files of a network renderer.
    #[cfg(feature = "net-tools")]
    NetConvert(commands::net_convert::NetConvert),
}

/// `devel hotplug-hook`.
#[derive(Debug, Args)]
pub(crate) struct HotplugHook {
    /// The subsystem of the device.
    #[arg(short, long, value_parser = ["net"])]
    pub(crate) subsystem: String,
    #[command(subcommand)]
    pub(crate) action: HotplugAction,
}

/// What `devel hotplug-hook` does.
#[derive(Debug, Subcommand)]
pub(crate) enum HotplugAction {
    /// Show whether hotplug is enabled.
    Query,
    /// Handle a hotplug event.
    Handle {
        /// The sysfs path of the device.
        #[arg(short, long, value_name = "PATH")]
        devpath: String,
        /// The udev action.
        #[arg(short, long, value_parser = ["add"])]
        udevaction: String,
    },
    /// Enable hotplug.
    Enable,
}

/// A line written by the udev hook: the arguments of `devel hotplug-hook`.
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
    /// Additional configuration files, which override all others.
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
    /// The list of modules in cloud.cfg to run.
    #[arg(short, long, value_enum, default_value = "config")]
    pub(crate) mode: Mode,
    /// Additional configuration files, which override all others.
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
    /// Override the module's frequency.
    #[arg(long, value_enum)]
    pub(crate) frequency: Option<Frequency>,
    /// Report the events of this run to the configured handlers.
    #[arg(long)]
    pub(crate) report: bool,
    /// Additional configuration files, which override all others.
    #[arg(short, long = "file", value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Arguments for the module.
    pub(crate) module_args: Vec<String>,
}

/// `query`.
#[derive(Debug, Args)]
pub(crate) struct Query {
    /// Also print log messages on standard error.
    #[arg(short, long)]
    pub(crate) debug: bool,
    /// Path to instance-data.json.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) instance_data: Option<PathBuf>,
    /// List the keys below VARNAME, or the top-level keys.
    #[arg(short, long)]
    pub(crate) list_keys: bool,
    /// Path to the user-data.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) user_data: Option<PathBuf>,
    /// Path to the vendor-data.
    #[arg(short = 'v', long, value_name = "FILE")]
    pub(crate) vendor_data: Option<PathBuf>,
    /// Print all instance data.
    #[arg(short, long)]
    pub(crate) all: bool,
    /// Render a jinja template string, such as '{{ v1.cloud_name }}'.
    #[arg(short, long)]
    pub(crate) format: Option<String>,
    /// A dotted path such as v1.local_hostname.
    pub(crate) varname: Option<String>,
}

/// `clean`.
#[derive(Debug, Args)]
pub(crate) struct Clean {
    /// Also remove the logs.
    #[arg(short, long)]
    pub(crate) logs: bool,
    /// Reset /etc/machine-id, so that the next boot generates a new one.
    #[arg(long)]
    pub(crate) machine_id: bool,
    /// Reboot afterwards.
    #[arg(short, long)]
    pub(crate) reboot: bool,
    /// Also remove the seed directory.
    #[arg(short, long)]
    pub(crate) seed: bool,
    /// Remove generated configuration files of these types.
    #[arg(short, long, num_args = 1.., value_parser = ["all", "ssh_config", "network", "datasource", "fstab"])]
    pub(crate) configs: Vec<String>,
    /// Remove nothing: list what an image still contains of an instance, and exit with 1 if there is something.
    #[arg(long, conflicts_with_all = ["logs", "machine_id", "reboot", "seed", "configs"])]
    pub(crate) check: bool,
}

/// The output format of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Json,
    Tabular,
    Yaml,
}

/// `status`.
#[derive(Debug, Args)]
pub(crate) struct Status {
    /// Output format.
    #[arg(long, value_enum, default_value = "tabular")]
    pub(crate) format: Format,
    /// Also show details.
    #[arg(short, long)]
    pub(crate) long: bool,
    /// Wait until cloud-init has finished. The running stage and module are printed on standard error.
    #[arg(short, long)]
    pub(crate) wait: bool,
    /// With --wait: give up after this time, print the status so far, and exit with 124, like timeout(1).
    #[arg(long, value_name = "SECONDS", requires = "wait", value_parser = seconds)]
    pub(crate) timeout: Option<Duration>,
}

/// Parses a number of seconds.
fn seconds(text: &str) -> Result<Duration, String> {
    let number: f64 = text.parse().map_err(|_| "expected a number of seconds".to_owned())?;
    Duration::try_from_secs_f64(number).map_err(|_| "expected a number of seconds of 0 or more".to_owned())
}

/// Print the cloud-id of this instance.
#[derive(Debug, Parser)]
#[command(name = "cloud-id")]
pub(crate) struct CloudId {
    /// Print all standardized keys as JSON.
    #[arg(short, long)]
    pub(crate) json: bool,
    /// Also print the region, separated by a tab.
    #[arg(short, long)]
    pub(crate) long: bool,
    /// Path to instance-data.json.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) instance_data: Option<PathBuf>,
}

/// Detect which data sources this machine may use.
#[derive(Debug, Parser)]
#[command(name = "ds-identify")]
pub(crate) struct DsIdentify {
    /// Detect again even if this boot already has a result.
    #[arg(long)]
    pub(crate) force: bool,
}

/// The definition of the command line, for man pages and completions.
#[cfg_attr(not(any(feature = "packaging", test)), allow(dead_code))]
pub(crate) fn definition() -> clap::Command {
    // Documents have lines of any length.
    Cli::command().term_width(0)
}

/// The helper programs that have a man page: this program under another name.
#[cfg(feature = "packaging")]
pub(crate) fn helpers() -> Vec<clap::Command> {
    vec![CloudId::command(), DsIdentify::command(), per()]
}

/// `cloud-init-per` as typed; the program gives its words to the command unparsed.
#[cfg(feature = "packaging")]
fn per() -> clap::Command {
    let word = |name: &'static str, help: &'static str| clap::Arg::new(name).required(true).help(help);
    clap::Command::new("cloud-init-per")
        .about("Run a command once, once per instance, or at every boot")
        .disable_help_flag(true)
        .arg(word("FREQUENCY", "How often the command runs").value_parser(["once", "instance", "always"]))
        .arg(word("NAME", "The name under which the run is recorded"))
        .arg(word("COMMAND", "The command"))
        .arg(clap::Arg::new("ARGUMENT").num_args(0..).help("Its arguments"))
}

/// Runs the command line and returns the exit code.
pub(crate) fn run(arguments: Vec<OsString>) -> u8 {
    let program = arguments.first().map(PathBuf::from).unwrap_or_default();
    let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
    // Helper programs that upstream installs separately are this program under another name.
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
    // `-v` alone: upstream prints the name it was called by.
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

/// The longest lines of help, in columns.
const MAX_WIDTH: usize = 120;

fn parsed<T: CommandFactory + FromArgMatches>(arguments: Vec<OsString>, run: impl FnOnce(T) -> u8) -> u8 {
    // Help is wrapped for a terminal only; longer lines are hard to read.
    let width = output::Screen::stdout().columns().map_or(0, |columns| columns.min(MAX_WIDTH));
    let command = T::command().term_width(width);
    let matches = command.try_get_matches_from(arguments).and_then(|matches| T::from_arg_matches(&matches));
    match matches {
        Ok(options) => run(options),
        Err(error) => {
            match crate::absent::message(&error) {
                Some(message) => output::error(&message),
                None => {
                    let _ = error.print();
                }
            }
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
