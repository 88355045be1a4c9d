//! The commands, one file each.

#[cfg(feature = "admin-tools")]
pub(crate) mod analyze;
pub(crate) mod boot;
pub(crate) mod clean;
pub(crate) mod cloud_id;
#[cfg(feature = "admin-tools")]
pub(crate) mod collect_logs;
pub(crate) mod ds_identify;
#[cfg(feature = "explain")]
pub(crate) mod explain;
pub(crate) mod features;
#[cfg(feature = "packaging")]
pub(crate) mod generate;
pub(crate) mod generator;
pub(crate) mod host_keys;
pub(crate) mod hotplug;
#[cfg(feature = "admin-tools")]
pub(crate) mod make_mime;
#[cfg(feature = "net-tools")]
pub(crate) mod net_convert;
#[cfg(feature = "net-tools")]
mod net_input;
#[cfg(feature = "net-tools")]
pub(crate) mod net_render;
pub(crate) mod per;
#[cfg(feature = "plan")]
pub(crate) mod plan;
pub(crate) mod query;
#[cfg(feature = "packaging")]
mod reference;
#[cfg(feature = "admin-tools")]
pub(crate) mod render;
#[cfg(feature = "schema")]
pub(crate) mod schema;
pub(crate) mod status;

use engine::config::Loader;
use engine::report::Recoverable;
use model::{Node, Paths, System};
use system::Host;

use crate::cli::{Cli, Command, Devel};
use crate::logging::Log;
use crate::output;

/// The real machine.
pub(crate) fn host() -> System {
    Host::system(None, crate::registry::http())
}

/// The configuration without an instance, and the paths it sets: all that read-only commands need.
pub(crate) fn configuration(system: &System) -> (Node, Paths) {
    let loader = Loader::new(system, Vec::new());
    let base = loader.base();
    let paths = loader.paths(&base);
    (base, paths)
}

/// The machine for a stage: what cannot be written below the state's directory is kept in the run directory.
pub(crate) fn keeping(system: &System, paths: &Paths) -> System {
    system::keeping(system, &paths.cloud_dir, &paths.kept())
}

/// Runs a command; returns the exit code.
pub(crate) fn run(cli: Cli) -> u8 {
    let Cli { version, debug, force, all_stages, command } = cli;
    if version {
        output::line(&format!("cloud-init {}", crate::VERSION));
        return 0;
    }
    if all_stages {
        output::error("error: --all-stages: not supported; each stage runs in its own process");
        return 2;
    }
    let Some(command) = command else {
        output::error("error: a subcommand is required; see cloud-init --help");
        // Upstream treats an option without a command differently from no arguments at all.
        return if debug || force { 1 } else { 2 };
    };
    // The stages also log to their file; a plan shows its warnings in place.
    let own_log = match command {
        Command::Init(_) | Command::Modules(_) | Command::Single(_) => true,
        Command::Hotplugd | Command::Devel(Devel::HotplugHook(_)) => true,
        #[cfg(feature = "plan")]
        Command::Plan(_) => true,
        _ => false,
    };
    let own_debug = match &command {
        Command::Query(options) => options.debug,
        #[cfg(feature = "admin-tools")]
        Command::Devel(Devel::Render(options)) => options.debug,
        #[cfg(feature = "net-tools")]
        Command::Devel(Devel::NetConvert(options)) => options.debug,
        _ => false,
    };
    if !own_log {
        let _ = Log::start(&host(), &Recoverable::default(), false, debug || own_debug);
    }
    match command {
        Command::Init(options) => boot::init(&options, debug, force),
        Command::Modules(options) => boot::modules(&options, debug, force),
        Command::Single(options) => boot::single(&options, debug, force),
        Command::Query(options) => query::run(&options),
        Command::Features(options) => features::run(&options),
        Command::Clean(options) => clean::run(&options),
        Command::Status(options) => status::run(&options),
        #[cfg(feature = "admin-tools")]
        Command::Analyze(options) => analyze::run(&options),
        #[cfg(feature = "admin-tools")]
        Command::CollectLogs(options) => collect_logs::run(&options),
        #[cfg(feature = "plan")]
        Command::Plan(options) => plan::run(&options),
        #[cfg(feature = "explain")]
        Command::Explain(options) => explain::run(&options),
        #[cfg(feature = "schema")]
        Command::Schema(options) => schema::run(&options),
        Command::CloudId(options) => cloud_id::run(&options),
        Command::DsIdentify(options) => ds_identify::run(&options),
        Command::Devel(Devel::HotplugHook(options)) => hotplug::run(&options, debug),
        #[cfg(feature = "admin-tools")]
        Command::Devel(Devel::MakeMime(options)) => make_mime::run(&options),
        #[cfg(feature = "admin-tools")]
        Command::Devel(Devel::Render(options)) => render::run(&options),
        #[cfg(feature = "net-tools")]
        Command::Devel(Devel::NetConvert(options)) => net_convert::run(&options),
        #[cfg(feature = "net-tools")]
        Command::Net(net_render::Net::Render(options)) => net_render::run(&options),
        Command::Hotplugd => hotplug::serve(debug),
        Command::HookHotplug => hotplug::tell(),
        Command::Per { words } => per::run("cloud-init-per", &words),
        Command::WriteSshKeyFingerprints { hidden } => host_keys::run(&hidden),
        Command::Generator { directories } => generator::run(&directories),
        #[cfg(feature = "packaging")]
        Command::Generate(options) => generate::run(&options),
    }
}
