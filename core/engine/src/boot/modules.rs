//! Running the modules that cloud.cfg lists.

use std::panic::{AssertUnwindSafe, catch_unwind};

use model::module::{AnyModule, Semaphores as _};
use model::{Context, Frequency, Instance, Node, Stage, Value};

use super::Boot;
use crate::config;
use crate::semaphore::FileSemaphores;
use crate::template::{self, ShippedTemplates};

/// Modules of old releases whose names are passed over.
const REMOVED: [&str; 4] = ["emit_upstart", "migrator", "refresh_rmc_and_interface", "rightscale_userdata"];

/// Modules of the original that a build may lack, with the keys without which nothing is lost.
const KNOWN: [(&str, &[&str]); 32] = [
    ("ansible", &["ansible"]),
    ("apk_configure", &["apk_repos"]),
    ("apt_configure", &["apt"]),
    ("apt_pipelining", &["apt_pipelining"]),
    ("byobu", &["byobu_by_default"]),
    ("ca_certs", &["ca_certs", "ca-certs"]),
    ("chef", &["chef"]),
    ("disable_ec2_metadata", &["disable_ec2_metadata"]),
    ("disk_setup", &["disk_setup", "fs_setup"]),
    ("fan", &["fan"]),
    ("grub_dpkg", &["grub_dpkg", "grub-dpkg"]),
    ("install_hotplug", &[]),
    ("keyboard", &["keyboard"]),
    ("landscape", &["landscape"]),
    ("lxd", &["lxd"]),
    ("mcollective", &["mcollective"]),
    ("ntp", &["ntp"]),
    ("puppet", &["puppet"]),
    ("raspberry_pi", &["rpi"]),
    ("reset_rmc", &[]),
    ("resolv_conf", &["manage_resolv_conf"]),
    ("rh_subscription", &["rh_subscription"]),
    ("salt_minion", &["salt_minion"]),
    ("snap", &["snap"]),
    ("spacewalk", &["spacewalk"]),
    ("ssh_import_id", &["ssh_import_id"]),
    ("ubuntu_autoinstall", &["autoinstall"]),
    ("ubuntu_drivers", &["drivers"]),
    ("ubuntu_pro", &["ubuntu_pro", "ubuntu_advantage", "ubuntu-advantage"]),
    ("wireguard", &["wireguard"]),
    ("yum_add_repo", &["yum_repos"]),
    ("zypper_add_repo", &["zypper"]),
];

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
    "{origin}: {section}: an entry is a name, [name, frequency, …] or {{name, frequency, args}}, not a {found}"
)]
pub struct SectionError {
    /// Which section.
    pub section: String,
    /// Where the entry was written.
    pub origin: model::Origin,
    /// What it is.
    pub found: &'static str,
}

/// The name by which a module is registered: `-` is `_`, `cc_` and `.py` are taken off.
fn canonical(name: &str) -> String {
    let name = name.trim().replace('-', "_").to_lowercase();
    let name = name.strip_suffix(".py").unwrap_or(&name);
    let name = name.strip_prefix("cc_").unwrap_or(name);
    // Renamed in release 24.1.
    if name == "ubuntu_advantage" { "ubuntu_pro".to_owned() } else { name.to_owned() }
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
                    found: other.kind(),
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
        if REMOVED.contains(&name.as_str()) {
            tracing::info!(
                "Module `{name}` has been removed from cloud-init. It may be removed from `/etc/cloud/cloud.cfg`."
            );
        } else if KNOWN.iter().any(|(known, _)| *known == name) {
            tracing::info!("Module {name} is not in this build");
        } else {
            let known = self.registry.modules.iter().map(|module| module.name());
            let near =
                nearest(&name, known).map(|near| format!("; did you mean {near}?")).unwrap_or_default();
            tracing::warn!("Could not find module named {} in this build{near}", entry.name);
        }
        None
    }

    /// Warns of keys whose module is not in this build, whether or not cloud.cfg lists it: the cloud.cfg that a build
    /// writes lists its own modules only.
    pub(super) fn warn_of_missing_modules(&self) {
        for (name, keys) in KNOWN.iter().filter(|(name, _)| self.registry.module(name).is_none()) {
            for node in keys.iter().filter_map(|key| self.config.get(key)) {
                // The image's own cloud.cfg has keys of what the original has; what a user asks for is another matter.
                if &*node.origin.source != config::CLOUD_CONFIG {
                    tracing::warn!(
                        "{}: module {name} is not in this build: its keys are ignored",
                        node.origin
                    );
                }
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
        self.system.journal.enter(stage, Some(module.name()));
        let outcome = self.guarded(module, entry, instance, &semaphores);
        self.system.journal.enter(stage, None);
        // Marked after the work and also when it failed, as the original leaves it: a power cut in between runs the
        // module again, a failure does not.
        if let Err(error) = semaphores.mark(&run_name, frequency) {
            tracing::warn!("{error}");
        }
        match outcome {
            Ok(()) => {
                let took = step.elapsed().as_secs_f64();
                step.finish(true, Some(&format!("{run_name} ran successfully and took {took:.3} seconds")));
                Ok(())
            }
            Err(reason) => {
                tracing::warn!("Running module {} failed: {reason}", entry.name);
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
        };
        match catch_unwind(AssertUnwindSafe(|| module.run(&context))) {
            #[cfg_attr(not(feature = "schema"), allow(unused_mut))]
            Ok(Ok(mut report)) => {
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
                if !report.host_keys.is_empty() {
                    self.with_source(|source, settled| source.publish_host_keys(settled, &report.host_keys));
                }
                Ok(())
            }
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
}

fn has_key(module: &dyn AnyModule, config: &Node) -> bool {
    module.keys().is_empty() || module.keys().iter().any(|key| config.get(key).is_some())
}

/// The known name that is most like a wrong one.
pub fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    known
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
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
            "t:1:5: m: an entry is a name, [name, frequency, …] or {name, frequency, args}, not a integer"
        );
    }

    #[test]
    fn names_are_canonical() {
        for name in ["cc_write-files.py", "write_files", " Write-Files "] {
            assert_eq!(canonical(name), "write_files");
        }
        assert_eq!(nearest("write_file", ["runcmd", "write_files"].into_iter()), Some("write_files"));
    }
}
