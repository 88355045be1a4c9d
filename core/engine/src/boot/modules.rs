//! Runs the modules that cloud.cfg lists.

use std::panic::{AssertUnwindSafe, catch_unwind};

use model::effects::{FileError, internal_error, without_url_secrets};
use model::module::{AnyModule, Marked, Report, Semaphores as _};
use model::{Context, Frequency, Instance, Node, Stage, System, Value, nearest};

use super::Boot;
use super::recorded::recorded;
use crate::config;
use crate::semaphore::FileSemaphores;
use crate::template::{self, ShippedTemplates};

/// The sections with lists of modules.
const MODULE_SECTIONS: &[&str] = &["cloud_init_modules", "cloud_config_modules", "cloud_final_modules"];

/// An entry of a list of modules in cloud.cfg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleEntry {
    /// The name as written.
    pub name: String,
    /// The frequency, if the entry sets one.
    pub frequency: Option<Frequency>,
    /// Further arguments of the entry.
    pub args: Vec<String>,
}

/// A section of cloud.cfg that is not a list of modules.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{origin}: {section}: expected a name, [name, frequency, …] or {{name, frequency, args}}, found {found}"
)]
pub struct SectionError {
    /// The section.
    pub section: String,
    /// The place of the entry.
    pub origin: model::Origin,
    /// The type found, with its article.
    pub found: &'static str,
}

/// The registered name of a module: `-` becomes `_`, `cc_` and `.py` are removed.
fn canonical(name: &str) -> String {
    let name = name.trim().replace('-', "_").to_lowercase();
    let name = name.strip_suffix(".py").unwrap_or(&name);
    name.strip_prefix("cc_").unwrap_or(name).to_owned()
}

/// The entries of a section.
pub(super) fn entries(config: &Node, section: &str) -> Result<Vec<ModuleEntry>, SectionError> {
    let list = config.get(section).and_then(Node::as_list).unwrap_or_default();
    let mut found = Vec::new();
    for item in list.iter().filter(|item| item.is_truthy()) {
        let words = |nodes: &[Node]| nodes.iter().filter_map(Node::scalar_text).collect::<Vec<_>>();
        let (name, frequency, args) = match &item.value {
            Value::Str(name) => (Some(name.clone()), None, Vec::new()),
            Value::List(words_of) => {
                let mut all = words(words_of).into_iter();
                (all.next(), all.next(), all.collect())
            }
            Value::Map(_) => {
                let text = |key: &str| item.get(key).and_then(Node::scalar_text);
                let args = match item.get("args").map(|args| &args.value) {
                    Some(Value::List(args)) => words(args),
                    _ => text("args").filter(|args| args != "None").into_iter().collect(),
                };
                (text("name"), text("frequency"), args)
            }
            other => {
                let error = SectionError {
                    section: section.to_owned(),
                    origin: item.origin.clone(),
                    found: other.a_kind(),
                };
                return Err(error);
            }
        };
        let Some(name) = name else { continue };
        let frequency = frequency.and_then(|word| match word.trim().parse() {
            Ok(frequency) => Some(frequency),
            Err(error) => {
                tracing::warn!("{}: module {name}: {error}", item.origin);
                None
            }
        });
        found.push(ModuleEntry { name: name.trim().to_owned(), frequency, args });
    }
    Ok(found)
}

impl Boot<'_> {
    /// The module of an entry; an unknown one is a warning, unless upstream removed it.
    fn find_module(&self, entry: &ModuleEntry) -> Option<&dyn AnyModule> {
        let name = canonical(&entry.name);
        if let Some(module) = self.registry.module(&name) {
            return Some(module);
        }
        if self.registry.removed_modules.contains(&name.as_str()) {
            tracing::info!(
                "Module `{name}` has been removed from cloud-init. It may be removed from `/etc/cloud/cloud.cfg`."
            );
        } else if self.registry.absent(&name).is_some() {
            tracing::debug!("Module {name} is not in this build");
        } else if let Some(file) = self.python_module(&name) {
            tracing::warn!(
                "Module {} is written in Python ({}), which is not supported: use a script or a part handler instead",
                entry.name,
                file.display()
            );
        } else {
            let known = self.registry.modules.iter().map(|module| module.name());
            let near =
                nearest(&name, known).map(|near| format!("; did you mean {near}?")).unwrap_or_default();
            tracing::warn!("Could not find module named {} in this build{near}", entry.name);
        }
        None
    }

    /// Logs, once per boot, which modules listed in cloud.cfg this build does not include.
    pub(super) fn note_absent_modules(&self) {
        let listed =
            MODULE_SECTIONS.iter().filter_map(|section| entries(&self.config, section).ok()).flatten();
        let absent: Vec<&str> = listed
            .filter_map(|entry| self.registry.absent(&canonical(&entry.name)))
            .map(|it| it.name)
            .collect();
        if !absent.is_empty() {
            tracing::info!("Modules '{}' are not in this build", absent.join(","));
        }
    }

    /// Warns about keys whose module this build does not include, even if cloud.cfg does not list it: a build's
    /// cloud.cfg lists its own modules only.
    pub(super) fn warn_of_missing_modules(&self) {
        for absent in &self.registry.absent_modules {
            for (key, node) in absent.keys.iter().filter_map(|key| Some((key, self.config.get(key)?))) {
                // The image's cloud.cfg may set keys of any upstream module; a user's request is different.
                if &*node.origin.source != config::CLOUD_CONFIG {
                    tracing::warn!(
                        "{}: module {} is not in this build: `{key}` is ignored",
                        node.key_origin(),
                        absent.name
                    );
                }
            }
        }
    }

    /// Runs modules with work before the network is configured, such as the host name that a DHCP client sends;
    /// failures are retried in the module's own stage.
    pub(super) fn run_early(&self, stage: Stage) {
        let Some(instance) = &self.instance else { return };
        for module in self.registry.modules.iter().filter(|module| module.early(&self.config, instance)) {
            let entry = ModuleEntry {
                name: module.name().to_owned(),
                frequency: Some(Frequency::Always),
                args: Vec::new(),
            };
            // Not as a step: what reads the log knows one run of each module.
            let semaphores = FileSemaphores::new(self.system, &self.paths);
            let run = || self.guarded(module.as_ref(), &entry, self.system, &semaphores, &|| Ok(()));
            if let Err(reason) = self.within(stage, module.name(), run) {
                tracing::debug!("{} failed in {stage} stage. Will retry. Error: {reason}", entry.name);
            }
        }
    }

    /// Runs the modules of a section. Returns a message for each failure.
    pub(super) fn run_section(&self, section: &str, stage: Stage) -> Vec<String> {
        let entries = match entries(&self.config, section) {
            Ok(entries) => entries,
            Err(error) => {
                tracing::error!("{error}");
                return vec![error.to_string()];
            }
        };
        if entries.is_empty() {
            tracing::info!("No '{section}' modules to run");
            return Vec::new();
        }
        let unverified: Vec<String> = self
            .config
            .get("unverified_modules")
            .and_then(Node::as_list)
            .unwrap_or_default()
            .iter()
            .filter_map(Node::scalar_text)
            .collect();
        let distro = self.distro.info().name.clone();
        let (mut without_config, mut skipped, mut active) = (Vec::new(), Vec::new(), Vec::new());
        for entry in &entries {
            let Some(module) = self.find_module(entry) else { continue };
            if !has_key(module, &self.config) {
                without_config.push(entry.name.as_str());
                continue;
            }
            let verified = module.distros().is_empty() || module.distros().contains(&distro.as_str());
            if !verified && !unverified.contains(&entry.name) {
                skipped.push(entry.name.as_str());
                continue;
            }
            active.push((module, entry));
        }
        if !without_config.is_empty() {
            tracing::info!(
                "Skipping modules '{}' because no applicable config is provided.",
                without_config.join(",")
            );
        }
        if !skipped.is_empty() {
            tracing::info!(
                "Skipping modules '{}' because they are not verified on distro '{distro}'.  To run anyway, add them to \
                 'unverified_modules' in config.",
                skipped.join(",")
            );
        }
        let mut failed = Vec::new();
        for (place, (module, entry)) in active.iter().enumerate() {
            // The user's own commands may do anything that the next module depends on.
            if module.marked() == Marked::After
                && let Some((next, of)) = active.get(place + 1)
            {
                self.start_entry(*next, of);
            }
            failed.extend(self.run_entry(*module, entry, stage).err());
        }
        self.record();
        failed
    }

    /// Records the modules that have run. Their work reaches the disk first, also what their commands did: a power cut
    /// must not leave a record of files that are empty. Once for several modules, since it may take long on a busy disk.
    fn record(&self) {
        let unrecorded = self.unrecorded.take();
        if unrecorded.is_empty() {
            return;
        }
        if let Err(error) = self.system.files.sync() {
            tracing::warn!("{error}; the modules of this stage run again at the next boot");
            return;
        }
        let semaphores = FileSemaphores::new(self.system, &self.paths);
        for (name, frequency) in unrecorded {
            // A full disk has been reported already: then it runs again, too.
            if let Err(error) = semaphores.note(&name, frequency)
                && !error.is_storage()
            {
                tracing::warn!("{error}");
            }
        }
    }

    /// Runs one module by name, for `single`. `None` if it does not exist.
    pub(super) fn run_named(&self, entry: &ModuleEntry, stage: Stage) -> Option<Result<(), String>> {
        let module = self.find_module(entry)?;
        let outcome = self.run_entry(module, entry, stage);
        self.record();
        Some(outcome)
    }

    fn run_entry(&self, module: &dyn AnyModule, entry: &ModuleEntry, stage: Stage) -> Result<(), String> {
        let frequency = entry.frequency.unwrap_or_else(|| module.frequency());
        let run_name = format!("config-{}", entry.name);
        let semaphores = FileSemaphores::new(self.system, &self.paths);
        let step = self.reporter.start(&run_name, &format!("running {run_name} with frequency {frequency}"));
        if semaphores.has_run(&run_name, frequency) {
            tracing::debug!("{run_name} already ran (freq={frequency})");
            step.finish(true, Some(&format!("{run_name} previously ran")));
            return Ok(());
        }
        let mark = || {
            self.record();
            semaphores.mark(&run_name, frequency)
        };
        // User commands may shut down the machine: recording them first makes them run once. If that fails, they would
        // run at every boot, so they are not run.
        let noted = if module.marked() == Marked::Before {
            self.record();
            recorded(self.system, &semaphores, &run_name, frequency)
        } else {
            Ok(self.system.clone())
        };
        let outcome = self.within(stage, module.name(), || {
            tracing::info!("Running module {}", entry.name);
            match noted {
                Ok(system) => self.guarded(module, entry, &system, &semaphores, &mark),
                Err(error) => Err(format!(
                    "the user's commands are not run, since this cannot be recorded and they would run at every boot: {error}"
                )),
            }
        });
        // Declarative modules are recorded afterwards, even on failure, like upstream: after a power cut the module
        // runs again, after a failure it does not.
        if module.marked() == Marked::After && frequency != Frequency::Always {
            self.unrecorded.borrow_mut().push((run_name.clone(), frequency));
        }
        match outcome {
            Ok(()) => {
                let took = step.elapsed().as_secs_f64();
                step.finish(true, Some(&format!("{run_name} ran successfully and took {took:.3} seconds")));
                Ok(())
            }
            Err(reason) => {
                let reason = without_url_secrets(&reason);
                step.finish(false, None);
                // Logged under the module's name, after its step.
                self.within(stage, module.name(), || {
                    tracing::warn!("Running module {} failed: {reason}", entry.name);
                });
                // Upstream's error list contains pairs of a name and an exception, as Python prints them.
                let reason = template::python_repr(&reason);
                Err(format!("('{}', RuntimeError({reason}))", entry.name))
            }
        }
    }

    /// Does work whose effects and messages are a module's.
    fn within<R>(&self, stage: Stage, module: &str, work: impl FnOnce() -> R) -> R {
        self.system.journal.enter(stage, Some(module));
        let result = work();
        self.system.journal.enter(stage, None);
        result
    }

    /// Lets a module start what takes long, if it is going to run.
    fn start_entry(&self, module: &dyn AnyModule, entry: &ModuleEntry) {
        let frequency = entry.frequency.unwrap_or_else(|| module.frequency());
        let semaphores = FileSemaphores::new(self.system, &self.paths);
        if semaphores.has_run(&format!("config-{}", entry.name), frequency) {
            return;
        }
        self.with_context(entry, self.system, &semaphores, &|| Ok(()), |context| {
            // What fails here fails again, and is reported, when it runs.
            let _ = catch_unwind(AssertUnwindSafe(|| module.start(context)));
        });
    }

    /// Runs a module, catching errors and panics.
    fn guarded(
        &self,
        module: &dyn AnyModule,
        entry: &ModuleEntry,
        system: &System,
        semaphores: &FileSemaphores,
        mark_done: &dyn Fn() -> Result<(), FileError>,
    ) -> Result<(), String> {
        // `single` also runs modules that nothing asks for, which is no error.
        if entry.args.is_empty() && !has_key(module, &self.config) {
            let keys = module.keys().join("' or '");
            tracing::debug!("Skipping module named {}, no '{keys}' key in configuration", entry.name);
            return Ok(());
        }
        let mut report = Report::default();
        let outcome = self.with_context(entry, system, semaphores, mark_done, |context| {
            catch_unwind(AssertUnwindSafe(|| module.run(context, &mut report)))
        });
        let host_keys = std::mem::take(&mut report.host_keys);
        // The report counts even if the module failed.
        self.tell(entry, report);
        if !host_keys.is_empty() {
            self.with_source(|source, settled| source.publish_host_keys(settled, &host_keys));
        }
        match outcome {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(panic) => Err(internal_error(panic.as_ref())),
        }
    }

    /// Does work with what a module is given.
    fn with_context<R>(
        &self,
        entry: &ModuleEntry,
        system: &System,
        semaphores: &FileSemaphores,
        mark_done: &dyn Fn() -> Result<(), FileError>,
        work: impl FnOnce(&Context<'_>) -> R,
    ) -> R {
        let templates =
            ShippedTemplates { system: self.system, paths: &self.paths, carried: self.registry.templates };
        let none = Instance::default();
        work(&Context {
            system,
            distro: self.distro.as_ref(),
            paths: &self.paths,
            instance: self.instance.as_ref().unwrap_or(&none),
            config: &self.config,
            name: &entry.name,
            args: &entry.args,
            templates: &templates,
            semaphores,
            version: self.registry.version,
            mark_done,
        })
    }

    /// Logs a module's report.
    #[cfg_attr(not(feature = "schema"), allow(unused_mut, clippy::unused_self))]
    fn tell(&self, entry: &ModuleEntry, mut report: Report) {
        #[cfg(feature = "schema")]
        self.untold(&mut report);
        for finding in &report.warnings {
            tracing::warn!("{}: {finding}", entry.name);
        }
        for finding in &report.deprecations {
            tracing::warn!(target: "deprecated", "{}: {finding}", entry.name);
        }
        if let Some(reason) = report.skipped {
            tracing::debug!("Skipping module named {}, {reason}", entry.name);
        }
    }
}

fn has_key(module: &dyn AnyModule, config: &Node) -> bool {
    module.keys().is_empty() || module.keys().iter().any(|key| config.get(key).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_in_three_forms() {
        let text =
            "m:\n- write-files\n- [runcmd, always, a, 1]\n- {name: ssh, frequency: once, args: [x]}\n- ''\n";
        let config = Node::from_yaml("t", text.as_bytes()).expect("valid").expect("there");
        let found = entries(&config, "m").expect("valid");
        let entry = |name: &str, frequency, args: &[&str]| ModuleEntry {
            name: name.into(),
            frequency,
            args: args.iter().map(|arg| (*arg).to_owned()).collect(),
        };
        assert_eq!(
            found,
            [
                entry("write-files", None, &[]),
                entry("runcmd", Some(Frequency::Always), &["a", "1"]),
                entry("ssh", Some(Frequency::Once), &["x"]),
            ]
        );
        let wrong = Node::from_yaml("t", b"m: [1]").expect("valid").expect("there");
        assert_eq!(
            entries(&wrong, "m").expect_err("a number").to_string(),
            "t:1:5: m: expected a name, [name, frequency, …] or {name, frequency, args}, found an integer"
        );
    }

    #[test]
    fn names_are_canonical() {
        for name in ["cc_write-files.py", "write_files", " Write-Files "] {
            assert_eq!(canonical(name), "write_files");
        }
    }
}
