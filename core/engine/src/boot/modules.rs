//! Running the modules that cloud.cfg lists.

use std::panic::{AssertUnwindSafe, catch_unwind};

use model::effects::FileError;
use model::module::{AnyModule, Marked, Report, Semaphores as _};
use model::{Context, Frequency, Instance, Node, Stage, Value, nearest};

use super::Boot;
use crate::config;
use crate::semaphore::FileSemaphores;
use crate::template::{self, ShippedTemplates};

/// The lists of modules.
const MODULE_SECTIONS: &[&str] = &["cloud_init_modules", "cloud_config_modules", "cloud_final_modules"];

/// A module of one of cloud.cfg's lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleEntry {
    /// As it is written there.
    pub name: String,
    /// How often, where the entry says so.
    pub frequency: Option<Frequency>,
    /// Further words of the entry.
    pub args: Vec<String>,
}

/// A section of cloud.cfg that is no list of modules.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{origin}: {section}: an entry is a name, [name, frequency, …] or {{name, frequency, args}}, not {found}"
)]
pub struct SectionError {
    /// Which section.
    pub section: String,
    /// Where the entry was written.
    pub origin: model::Origin,
    /// What it is, with its article.
    pub found: &'static str,
}

/// The name by which a module is registered: `-` is `_`, `cc_` and `.py` are taken off.
fn canonical(name: &str) -> String {
    let name = name.trim().replace('-', "_").to_lowercase();
    let name = name.strip_suffix(".py").unwrap_or(&name);
    name.strip_prefix("cc_").unwrap_or(name).to_owned()
}

/// The modules of a section.
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
    /// The module of an entry; none is a warning, unless it is one that was removed long ago.
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
                "Module {} is written in Python ({}), which this program does not run: make it a script or a part handler",
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

    /// Says once in a boot which of the modules that cloud.cfg lists this build lacks.
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

    /// Warns of keys whose module is not in this build, whether or not cloud.cfg lists it: the cloud.cfg that a build
    /// writes lists its own modules only.
    pub(super) fn warn_of_missing_modules(&self) {
        for absent in &self.registry.absent_modules {
            for (key, node) in absent.keys.iter().filter_map(|key| Some((key, self.config.get(key)?))) {
                // The image's own cloud.cfg has keys of what the original has; what a user asks for is another matter.
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

    /// Runs the modules that have work before the network is configured, such as the host name that a DHCP client
    /// sends; what fails is tried again in its own stage.
    pub(super) fn run_early(&self, stage: Stage) {
        let Some(instance) = &self.instance else { return };
        for module in self.registry.modules.iter().filter(|module| module.early(&self.config, instance)) {
            let entry = ModuleEntry {
                name: module.name().to_owned(),
                frequency: Some(Frequency::Always),
                args: Vec::new(),
            };
            if let Err(reason) = self.run_entry(module.as_ref(), &entry, stage) {
                tracing::debug!("{} failed in {stage} stage. Will retry. Error: {reason}", entry.name);
            }
        }
    }

    /// Runs the modules of a section. Gives a message for each that failed.
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
        active.into_iter().filter_map(|(module, entry)| self.run_entry(module, entry, stage).err()).collect()
    }

    /// Runs one module by name, as `single` does. `None` when there is none of that name.
    pub(super) fn run_named(&self, entry: &ModuleEntry, stage: Stage) -> Option<Result<(), String>> {
        let module = self.find_module(entry)?;
        Some(self.run_entry(module, entry, stage))
    }

    fn run_entry(&self, module: &dyn AnyModule, entry: &ModuleEntry, stage: Stage) -> Result<(), String> {
        let none = Instance::default();
        let instance = self.instance.as_ref().unwrap_or(&none);
        let frequency = entry.frequency.unwrap_or_else(|| module.frequency());
        let run_name = format!("config-{}", entry.name);
        let semaphores = FileSemaphores::new(self.system, &self.paths);
        let step = self.reporter.start(&run_name, &format!("running {run_name} with frequency {frequency}"));
        if semaphores.has_run(&run_name, frequency) {
            tracing::debug!("{run_name} already ran (freq={frequency})");
            step.finish(true, Some(&format!("{run_name} previously ran")));
            return Ok(());
        }
        let mark = || semaphores.mark(&run_name, frequency);
        // A person's own commands may end the machine: noted before, they run once. Where that cannot be noted they
        // would run at every boot, so they do not run.
        let noted = if module.marked() == Marked::Before { mark() } else { Ok(()) };
        self.system.journal.enter(stage, Some(module.name()));
        tracing::info!("Running module {}", entry.name);
        let outcome = match noted {
            Ok(()) => self.guarded(module, entry, instance, &semaphores, &mark),
            Err(error) => Err(error.to_string()),
        };
        self.system.journal.enter(stage, None);
        // What is declarative is noted after the work and also when it failed, as the original leaves it: a power cut
        // in between runs the module again, a failure does not.
        if module.marked() == Marked::After
            && let Err(error) = mark()
        {
            tracing::warn!("{error}");
        }
        match outcome {
            Ok(()) => {
                let took = step.elapsed().as_secs_f64();
                step.finish(true, Some(&format!("{run_name} ran successfully and took {took:.3} seconds")));
                Ok(())
            }
            Err(reason) => {
                // Told under the module's name.
                self.system.journal.enter(stage, Some(module.name()));
                tracing::warn!("Running module {} failed: {reason}", entry.name);
                self.system.journal.enter(stage, None);
                step.finish(false, None);
                // The original's list of failures holds pairs of a name and an exception, printed as Python prints them.
                let reason = template::python_repr(&reason);
                Err(format!("('{}', RuntimeError({reason}))", entry.name))
            }
        }
    }

    /// Runs a module so that neither an error nor a panic of it stops the boot.
    fn guarded(
        &self,
        module: &dyn AnyModule,
        entry: &ModuleEntry,
        instance: &Instance,
        semaphores: &FileSemaphores,
        mark_done: &dyn Fn() -> Result<(), FileError>,
    ) -> Result<(), String> {
        let templates =
            ShippedTemplates { system: self.system, paths: &self.paths, carried: self.registry.templates };
        let context = Context {
            system: self.system,
            distro: self.distro.as_ref(),
            paths: &self.paths,
            instance,
            config: &self.config,
            name: &entry.name,
            args: &entry.args,
            templates: &templates,
            semaphores,
            version: self.registry.version,
            mark_done,
        };
        let mut report = Report::default();
        let outcome = catch_unwind(AssertUnwindSafe(|| module.run(&context, &mut report)));
        let host_keys = std::mem::take(&mut report.host_keys);
        // What it has reported counts whether or not it came to an end.
        self.tell(entry, report);
        if !host_keys.is_empty() {
            self.with_source(|source, settled| source.publish_host_keys(settled, &host_keys));
        }
        match outcome {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(panic) => {
                let text = panic
                    .downcast_ref::<String>()
                    .map(String::as_str)
                    .or_else(|| panic.downcast_ref::<&str>().copied())
                    .unwrap_or("no message");
                Err(format!("it panicked, which is a fault of this program: {text}"))
            }
        }
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
            "t:1:5: m: an entry is a name, [name, frequency, …] or {name, frequency, args}, not an integer"
        );
    }

    #[test]
    fn names_are_canonical() {
        for name in ["cc_write-files.py", "write_files", " Write-Files "] {
            assert_eq!(canonical(name), "write_files");
        }
    }
}
