//! init-local, init, modules and single.

#[cfg(feature = "schema")]
use std::panic::{AssertUnwindSafe, catch_unwind};

use model::effects::Command;
#[cfg(feature = "schema")]
use model::effects::internal_error;
use model::instance::DsMode;
use model::module::Semaphores as _;
use model::{Frequency, Stage};

use super::search::Search;
use super::{Boot, BootError, Hooks, ModuleEntry, Outcome};
use crate::consume::{Consumer, pieces};
use crate::semaphore::FileSemaphores;
use crate::{instance_data, netinfo, userdata};

/// The descriptions of the stages that look for the instance.
const LOCAL: &str = "searching for local datasources";
const NETWORK: &str = "searching for network datasources";

impl Boot<'_> {
    /// `init --local`: finds the instance if that needs no configured network, and configures the network.
    pub fn local(&mut self, hooks: &mut dyn Hooks) -> Result<Outcome, BootError> {
        self.begin(Stage::Local, hooks)?;
        let outcome = self.find_locally(hooks);
        self.end(LOCAL, outcome)
    }

    fn find_locally(&mut self, hooks: &mut dyn Hooks) -> Result<Outcome, BootError> {
        self.warn_of_python_sources();
        self.system.files.remove(&self.paths.instance("boot-finished"))?;
        let trust = self.manual_cache_clean();
        if !self.fetch(Stage::Local, trust)? {
            tracing::debug!("No local datasource found");
            if !self.force {
                self.apply_network(false)?;
                return Ok(Outcome::default());
            }
        }
        self.settle(Stage::Local)?;
        self.run_early(Stage::Local);
        let mut errors = self.apply_network_if_writable(false)?;
        self.note_network_need()?;
        match &self.instance {
            Some(instance) if instance.dsmode == DsMode::Local => {
                tracing::debug!("{} is in local mode, will apply init modules now.", instance.class);
                let mut outcome = self.consume_and_run(Stage::Local, hooks)?;
                errors.append(&mut outcome.errors);
                Ok(Outcome { errors, ..outcome })
            }
            Some(instance) => Ok(Outcome { datasource: Some(Self::description(instance)), errors }),
            None => Ok(Outcome::default()),
        }
    }

    /// `init`: finds the instance with the network up, consumes its data, runs the `cloud_init_modules`.
    pub fn network(&mut self, hooks: &mut dyn Hooks) -> Result<Outcome, BootError> {
        self.begin(Stage::Network, hooks)?;
        let outcome = self.find_with_network(hooks);
        self.end(NETWORK, outcome)
    }

    fn find_with_network(&mut self, hooks: &mut dyn Hooks) -> Result<Outcome, BootError> {
        if !self.system.files.exists(&self.paths.run(".skip-network")) {
            tracing::debug!("Will wait for network connectivity before continuing");
            if let Err(error) = self.distro.network().wait_online() {
                tracing::warn!("{error}");
            }
        }
        self.system.environment.tell(&netinfo::tables(self.system.links.as_ref()));
        let bring_up = !self.flag("disable_network_activation", false);
        if !self.fetch(Stage::Network, false)? {
            tracing::error!("No instance datasource found! Likely bad things to come!");
            if !self.force {
                self.apply_network(bring_up)?;
                return Ok(Outcome {
                    datasource: None,
                    errors: vec!["No instance datasource found.".into()],
                });
            }
        }
        if let Some(instance) = self.instance.as_ref().filter(|instance| instance.dsmode == DsMode::Local) {
            tracing::debug!("[net] Exiting. datasource {} in local mode", instance.class);
            return Ok(Outcome::default());
        }
        self.settle(Stage::Network)?;
        let mut errors = self.apply_network_if_writable(bring_up)?;
        let mut outcome = self.consume_and_run(Stage::Network, hooks)?;
        errors.append(&mut outcome.errors);
        Ok(Outcome { errors, ..outcome })
    }

    /// `modules --mode MODE`.
    pub fn modules(&mut self, mode: &str, hooks: &mut dyn Hooks) -> Result<Outcome, BootError> {
        let stage = match mode {
            "init" => Stage::Network,
            "config" => Stage::Config,
            _ => Stage::Final,
        };
        let known = self.restore();
        hooks.configured(&self.config);
        self.reporter.configure(&self.config);
        if !known {
            let message =
                format!("Can not apply stage {mode}, no datasource found! Likely bad things to come!");
            tracing::error!("{message}");
            if !self.force {
                return Ok(Outcome { datasource: None, errors: vec![message] });
            }
        }
        let description = format!("running modules for {mode}");
        self.reporter.stage_started(&description);
        let errors = self.run_section(&format!("cloud_{mode}_modules"), stage);
        self.label();
        self.reporter.stage_finished(&description, errors.is_empty());
        if stage == Stage::Final {
            self.with_source(|source, settled| source.report_ready(settled, &errors));
        }
        Ok(Outcome { datasource: None, errors })
    }

    /// `single --name NAME`: returns whether the module ran successfully.
    pub fn single(&mut self, entry: &ModuleEntry, hooks: &mut dyn Hooks) -> Result<bool, BootError> {
        let known = self.restore();
        hooks.configured(&self.config);
        if !known {
            tracing::error!("Failed to fetch your datasource, likely bad things to come!");
            if !self.force {
                return Ok(false);
            }
        }
        let ran = self.run_named(entry, Stage::Config);
        self.label();
        match ran {
            None => {
                tracing::warn!("Did not run {}, does it exist?", entry.name);
                Ok(false)
            }
            Some(Ok(())) => Ok(true),
            Some(Err(_)) => {
                tracing::warn!("Ran {} but it failed!", entry.name);
                Ok(false)
            }
        }
    }

    fn begin(&mut self, stage: Stage, hooks: &mut dyn Hooks) -> Result<(), BootError> {
        hooks.configured(&self.config);
        self.reporter.configure(&self.config);
        self.reporter.stage_started(if stage == Stage::Local { LOCAL } else { NETWORK });
        self.make_directories(stage)?;
        self.guard_log();
        Ok(())
    }

    /// Reports the end of a stage, whether it succeeded or not.
    fn end(&self, description: &str, outcome: Result<Outcome, BootError>) -> Result<Outcome, BootError> {
        self.label();
        let ok = outcome.as_ref().is_ok_and(|outcome| outcome.errors.is_empty());
        self.reporter.stage_finished(description, ok);
        outcome
    }

    /// Gives what this stage has created the labels of the SELinux policy, if there is one.
    fn label(&self) {
        let created = self.system.files.unlabelled();
        if created.is_empty() || self.system.commands.which("restorecon").is_none() {
            return;
        }
        let paths = created.iter().map(|path| path.display().to_string());
        let command = paths.fold(Command::line(["restorecon"]), Command::arg);
        if let Err(error) = self.system.commands.run(&command) {
            tracing::warn!("cannot set the SELinux labels of new files: {error}");
        }
    }

    /// The cached instance, for the stages after `init`.
    pub(super) fn restore(&mut self) -> bool {
        match self.check_cache(true) {
            Some((instance, how)) => {
                tracing::debug!("{how}: {}", instance.class);
                self.instance = Some(instance);
                self.restored = true;
                self.reload();
                self.persist_instance_data(false);
                true
            }
            None => false,
        }
    }

    /// Finds the instance: the cached one if this is its machine, else by a search; an unavailable service keeps the
    /// previous one.
    fn fetch(&mut self, stage: Stage, trust: bool) -> Result<bool, BootError> {
        let step = self.reporter.start("check-cache", "attempting to read from cache [check]");
        let cached = self.check_cache(trust);
        step.finish(true, Some(cached.as_ref().map_or("no cache found", |(_, how)| how)));
        if let Some((instance, how)) = cached {
            tracing::debug!("{how}: {}", instance.class);
            self.instance = Some(instance);
            self.restored = true;
            self.reload();
            return Ok(true);
        }
        let kept = self.remembered().filter(|cached| self.cache_is_plausible(cached));
        match self.search(stage) {
            Search::Found(instance) if kept.is_some() && self.is_last_resort(&instance) => self.keep(kept),
            Search::Found(instance) => {
                if stage == Stage::Network && self.is_last_resort(&instance) {
                    self.tell_nothing();
                }
                tracing::info!("Loaded datasource {} - {}", instance.source, Self::description(&instance));
                self.instance = Some(*instance);
                self.persist_instance_data(true);
                Ok(true)
            }
            Search::Nothing(failed) => {
                let local_only = |name: &str| failed.iter().any(|failed| failed == name);
                match &kept {
                    // In the local stage, a later stage may still reach the source; if it was queried and failed, the
                    // instance is kept.
                    Some(cached)
                        if stage == Stage::Local
                            && !local_only(&cached.source)
                            && !self.is_given_once(cached) =>
                    {
                        Ok(false)
                    }
                    Some(_) => self.keep(kept),
                    None => {
                        if stage == Stage::Network {
                            self.tell_nothing();
                        }
                        Ok(false)
                    }
                }
            }
        }
    }

    fn is_last_resort(&self, instance: &model::Instance) -> bool {
        self.registry.source(&instance.source).is_some_and(|source| source.about().last_resort)
    }

    fn is_given_once(&self, cached: &model::Instance) -> bool {
        let source = self.registry.source(&cached.source);
        source.is_some_and(|source| source.is_given_once(&self.platform(), cached))
    }

    fn keep(&mut self, cached: Option<model::Instance>) -> Result<bool, BootError> {
        let Some(cached) = cached else { return Ok(false) };
        if self.is_given_once(&cached) {
            tracing::info!("Restored fallback datasource from checked cache: {}", Self::description(&cached));
        } else {
            tracing::warn!(
                "{} did not answer: continuing as instance {} from the previous boot",
                cached.source,
                cached.instance_id
            );
        }
        self.instance = Some(cached);
        self.restored = true;
        self.note_silence();
        self.reload();
        Ok(true)
    }

    /// Makes this the current instance.
    fn settle(&mut self, stage: Stage) -> Result<(), BootError> {
        self.persist_instance_data(false);
        let new = self.is_new_instance();
        self.instancify()?;
        if let Some(id) = self.id() {
            tracing::debug!(
                "[{}] init will now be targeting instance id: {id}. new={new}",
                stage.status_name()
            );
        }
        Ok(())
    }

    /// Applies the network configuration. A file system that refuses its files is an error of the stage, which continues.
    fn apply_network_if_writable(&mut self, bring_up: bool) -> Result<Vec<String>, BootError> {
        match self.apply_network(bring_up) {
            Err(error) if error.is_storage() => {
                tracing::error!("{error}");
                Ok(vec![error.to_string()])
            }
            applied => applied.map(|()| Vec::new()),
        }
    }

    /// Records that the network stage need not wait if nothing in the data requires the network.
    fn note_network_need(&self) -> Result<(), BootError> {
        let Some(instance) = &self.instance else { return Ok(()) };
        let user = instance.user_data.as_ref().map(|bytes| bytes.0.as_slice());
        let mut all = vec![user];
        for data in [&instance.vendor_data, &instance.vendor_data2].into_iter().flatten() {
            all.extend(pieces(data).into_iter().map(Some));
        }
        for raw in all {
            let (needed, reason) = userdata::needs_network(raw);
            if needed {
                tracing::debug!(
                    "Network connectivity determined necessary for cloud-init's network stage. Reason: {reason}"
                );
                return Ok(());
            }
        }
        tracing::debug!("Network connectivity determined unnecessary for cloud-init's network stage.");
        let path = self.paths.run(".skip-network");
        Ok(self.system.files.write(&path, b"", &model::effects::Attributes::mode(0o644))?)
    }

    fn consume_and_run(&mut self, stage: Stage, hooks: &mut dyn Hooks) -> Result<Outcome, BootError> {
        let step = self.reporter.start("setup-datasource", "setting up datasource");
        self.with_source(|source, settled| source.set_up(settled));
        step.finish(true, None);
        self.complete()?;
        self.store_data()?;
        self.run_early(stage);
        let datasource = self.instance.as_ref().map(Self::description);
        let semaphores = FileSemaphores::new(self.system, &self.paths);
        let first = !semaphores.has_run("consume_data", Frequency::Instance);
        if !first {
            tracing::debug!("consume_data already ran (freq={})", Frequency::Instance);
        }
        let frequency = if first { Frequency::Instance } else { Frequency::Always };
        if let Err(error) = self.consume(frequency) {
            tracing::error!("Consuming user data failed! {error}");
            return Ok(Outcome { datasource, errors: vec!["Consuming user data failed!".into()] });
        }
        if first {
            let settled = self.system.files.settle();
            match settled.and_then(|()| semaphores.note("consume_data", Frequency::Instance)) {
                Err(error) if error.is_storage() => {
                    tracing::warn!("{error}; user-data is processed again at the next boot");
                }
                noted => noted?,
            }
        }
        #[cfg(feature = "schema")]
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.check_user_data())) {
            tracing::warn!("cannot validate user-data: {}", internal_error(panic.as_ref()));
        }
        self.reload();
        instance_data::persist_combined(self.system, &self.paths, &self.config)?;
        self.reporter.configure(&self.config);
        hooks.configured(&self.config);
        self.write_cache()?;
        self.warn_of_missing_modules();
        self.note_absent_modules();
        let step = self.reporter.start("activate-datasource", "activating datasource");
        self.with_source(|source, settled| source.activate(settled));
        step.finish(true, None);
        let errors = self.run_section("cloud_init_modules", stage);
        Ok(Outcome { datasource, errors })
    }

    /// Adds the metadata that only the running network shows.
    fn complete(&mut self) -> Result<(), BootError> {
        let mut completed = None;
        self.with_source(|source, settled| {
            completed = source.complete(settled)?;
            Ok(())
        });
        let Some(instance) = completed else { return Ok(()) };
        // Like upstream, with the instance's configuration.
        if let Err(error) = instance_data::persist(self.system, &self.paths, &instance, &self.config) {
            tracing::warn!("{error}");
        }
        self.instance = Some(instance);
        self.write_cache()
    }

    /// Passes user-data, then vendor-data, to the handlers.
    fn consume(&self, frequency: Frequency) -> Result<(), BootError> {
        let Some(instance) = &self.instance else { return Ok(()) };
        let consumer = Consumer {
            system: self.system,
            paths: &self.paths,
            loader: &self.loader,
            base: &self.base,
            instance,
            included: &self.included,
            frequency,
        };
        if self.flag("allow_userdata", true) {
            consumer.user_data(&self.reporter)?;
        } else {
            tracing::debug!("allow_userdata = False: discarding user-data");
        }
        Ok(consumer.vendor_data(&self.reporter)?)
    }
}
