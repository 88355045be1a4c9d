//! `init`, `modules` and `single`: the stages, with their log, output and status.

mod limits;
mod supervised;
mod termination;
pub(crate) mod turn;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use engine::boot::{BootError, Hooks, ModuleEntry, Outcome};
use engine::report::Recoverable;
use engine::status::StatusFile;
use engine::{Boot, Registry};
use model::effects::internal_error;
use model::{Node, Stage, System};

use crate::cli::{Frequency, Init, Mode, Modules, Single};
use crate::logging::{Log, redirect};
use crate::{VERSION, output};
use supervised::supervised;
use termination::Closing;
use turn::Entry;

/// Sets up log and output once the configuration is known, and logs the start of the stage once.
struct Surroundings<'a> {
    system: &'a System,
    log: &'a Log,
    debug: bool,
    /// The stage's name in `output:`.
    mode: &'static str,
    /// The stage's name in the welcome line.
    title: String,
    redirected: Option<(Option<String>, Option<String>)>,
    welcomed: bool,
    /// The stage's name in status.json.
    stage: &'static str,
    limits: limits::Applied,
}

impl Hooks for Surroundings<'_> {
    fn configured(&mut self, config: &Node) {
        redirect(config, self.mode, &mut self.redirected);
        self.log.configure(config, self.debug);
        self.limits.apply(config, self.stage);
        if self.welcomed {
            return;
        }
        self.welcomed = true;
        let now = self.system.clock.now();
        let date = now.rfc2822(self.system.clock.utc_offset(now));
        let up = self.system.clock.uptime().unwrap_or_default().as_secs_f64();
        let welcome =
            format!("Cloud-init v. {VERSION} running '{}' at {date}. Up {up:.2} seconds.", self.title);
        output::error(&welcome);
        tracing::debug!(target: "util.py", "{welcome}");
        tracing::info!(target: "main.py", "PID [{}] started cloud-init '{}'.", self.system.environment.pid(), self.title);
    }
}

/// What the run of any stage needs.
struct Run<'a> {
    system: &'a System,
    registry: &'a Registry,
    stage: Stage,
    mode: &'static str,
    title: String,
    files: Vec<PathBuf>,
    debug: bool,
    force: bool,
}

impl Run<'_> {
    /// Runs the stage and updates status.json before and after; the exit code is the number of errors.
    fn staged(self, body: impl FnOnce(&mut Boot<'_>, &mut dyn Hooks) -> Result<Outcome, BootError>) -> u8 {
        let recoverable = Recoverable::default();
        let log = Log::start(self.system, &recoverable, true, self.debug);
        let (config, paths) = super::configuration(self.system);
        let stage = self.stage.status_name();
        let lock = match Entry::of_stage(&paths, stage, self.files.is_empty() && !self.force) {
            Entry::Run(lock) => lock,
            Entry::Exit(code) => return code,
        };
        let system = &super::keeping(self.system, &paths);
        // Recorded first: a stage that has started always has a process.
        engine::running::close_dead(system, &paths, self.stage);
        if let Err(error) = engine::running::record(system, &paths, self.stage) {
            tracing::warn!("{error}");
        }
        let status = match StatusFile::begin(system, &paths, self.stage, &recoverable) {
            Ok(status) => Closing::new(status),
            Err(error) => {
                log.configure(&config, self.debug);
                output::error(&format!("error: {error}"));
                return 1;
            }
        };
        termination::watch(&log, config.clone(), self.debug, Some(status.clone()));
        system.files.gather();
        let mut hooks = Surroundings {
            system,
            log: &log,
            debug: self.debug,
            mode: self.mode,
            title: self.title,
            redirected: None,
            welcomed: false,
            stage,
            limits: limits::Applied::default(),
        };
        let ran = catch_unwind(AssertUnwindSafe(|| {
            Boot::new(system, self.registry, self.stage, self.files, self.force)
                .and_then(|mut boot| body(&mut boot, &mut hooks))
                .map_err(|error| error.to_string())
        }));
        let ran = ran.unwrap_or_else(|panic| Err(internal_error(panic.as_ref())));
        let outcome = match ran {
            Ok(outcome) => outcome,
            Err(error) => {
                hooks.configured(&config);
                tracing::error!("failed stage {}: {error}", self.stage.status_name());
                output::error(&format!("failed run of stage {}", self.stage.status_name()));
                Outcome { datasource: None, errors: vec![error] }
            }
        };
        if let Err(error) = system.files.settle() {
            tracing::warn!("{error}");
        }
        system::settle_termination();
        // A signal handler has closed the stage: the process exits as soon as its commands do.
        let Some(status) = status.take() else { return 0 };
        let code = match status.finish(outcome.datasource.as_deref(), &outcome.errors) {
            Ok(count) => u8::try_from(count).unwrap_or(u8::MAX),
            Err(error) => {
                tracing::error!("{error}");
                1
            }
        };
        if let Some(lock) = lock {
            lock.finish(code);
        }
        code
    }
}

/// `init [--local]`.
pub(crate) fn init(options: &Init, debug: bool, force: bool) -> u8 {
    let stage = if options.local { Stage::Local } else { Stage::Network };
    supervised(stage, &options.files, debug, || init_stage(options, stage, debug, force))
}

fn init_stage(options: &Init, stage: Stage, debug: bool, force: bool) -> u8 {
    let (system, registry) = (super::host(), crate::registry::registry());
    fetch_cmdline_url(&system, !options.local);
    let run = Run {
        system: &system,
        registry: &registry,
        stage,
        mode: "init",
        title: stage.status_name().to_owned(),
        files: options.files.clone(),
        debug,
        force,
    };
    let local = options.local;
    run.staged(|boot, hooks| if local { boot.local(hooks) } else { boot.network(hooks) })
}

/// `cloud-config-url=`: stores the cloud-config that the kernel command line names among the configuration files.
fn fetch_cmdline_url(system: &System, network: bool) {
    let cmdline = engine::config::kernel_command_line(system);
    let Some((key, url)) = engine::config::url_from_cmdline(&cmdline) else { return };
    match engine::config::fetch_cmdline_url(system, key, url, network) {
        Ok(Some(path)) => {
            let url = model::effects::Url::new(url);
            tracing::info!("wrote cloud-config data from {key}='{url}' to {}", path.display());
        }
        Ok(None) => {}
        Err(error) => tracing::warn!("{key}: {error}"),
    }
}

/// `modules --mode MODE`.
pub(crate) fn modules(options: &Modules, debug: bool, force: bool) -> u8 {
    let (stage, mode) = match options.mode {
        Mode::Init => (Stage::Network, "init"),
        Mode::Config => (Stage::Config, "config"),
        Mode::Final => (Stage::Final, "final"),
    };
    supervised(stage, &options.files, debug, || modules_stage(options, stage, mode, debug, force))
}

fn modules_stage(options: &Modules, stage: Stage, mode: &'static str, debug: bool, force: bool) -> u8 {
    let (system, registry) = (super::host(), crate::registry::registry());
    if mode == "init" {
        tracing::warn!(target: "deprecated", "`--mode init` is deprecated in 24.1. Use `cloud-init init` instead.");
    }
    let run = Run {
        system: &system,
        registry: &registry,
        stage,
        mode,
        title: format!("modules:{mode}"),
        files: options.files.clone(),
        debug,
        force,
    };
    run.staged(|boot, hooks| boot.modules(mode, hooks))
}

/// `single --name NAME`.
pub(crate) fn single(options: &Single, debug: bool, force: bool) -> u8 {
    let (system, registry) = (super::host(), crate::registry::registry());
    let recoverable = Recoverable::default();
    let log = Log::start(&system, &recoverable, true, debug);
    let mut hooks = Surroundings {
        system: &system,
        log: &log,
        debug,
        mode: "single",
        title: "single".to_owned(),
        redirected: None,
        welcomed: false,
        stage: "single",
        limits: limits::Applied::default(),
    };
    let (config, paths) = super::configuration(&system);
    let _lock = match Entry::of_command(&paths, "single") {
        Entry::Run(lock) => lock,
        Entry::Exit(code) => return code,
    };
    termination::watch(&log, config, debug, None);
    let system = super::keeping(&system, &paths);
    let entry = ModuleEntry {
        name: options.name.clone(),
        frequency: options.frequency.map(|frequency| match frequency {
            Frequency::Instance => model::Frequency::Instance,
            Frequency::Always => model::Frequency::Always,
            Frequency::Once => model::Frequency::Once,
        }),
        args: options.module_args.clone(),
    };
    let ran =
        Boot::new(&system, &registry, Stage::Config, options.files.clone(), force).and_then(|mut boot| {
            if !options.report {
                boot.silence();
            }
            boot.single(&entry, &mut hooks)
        });
    match ran {
        Ok(true) => 0,
        Ok(false) => 1,
        Err(error) => {
            log.configure(&Node::default(), debug);
            output::error(&format!("error: {error}"));
            1
        }
    }
}
