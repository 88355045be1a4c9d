//! subscription-manager(8).

use std::path::Path;

use model::effects::{Command, CommandError};
use model::module::Report;
use model::{Context, ModuleError, Node};

use super::value;

/// Package caches of other releases.
const CACHES: &[&str] = &["/var/cache/dnf", "/var/cache/yum"];

/// Why the registration is incomplete.
enum Stop {
    /// It was told as a warning.
    Told(String),
    /// The module fails.
    Failed(ModuleError),
}

impl From<CommandError> for Stop {
    fn from(error: CommandError) -> Self {
        Self::Failed(error.into())
    }
}

fn command(words: &[&str]) -> Command {
    Command::line(["subscription-manager"].iter().chain(words).copied())
}

struct Manager<'a> {
    context: &'a Context<'a>,
    section: &'a Node,
}

/// Registers a machine that is not registered yet. What goes wrong is a warning.
pub(super) fn run(context: &Context<'_>, section: &Node, report: &mut Report) -> Result<(), ModuleError> {
    let manager = Manager { context, section };
    let set = |key: &str| value(section, key).is_some_and(Node::is_truthy);
    if !(set("activation_key") || set("username") && set("password")) {
        report.skip("rh_subscription has neither username and password nor an activation_key");
        return Ok(());
    }
    if manager.is_registered() {
        tracing::info!("System is already registered");
        return Ok(());
    }
    match manager.all(report) {
        Ok(()) => {
            tracing::info!("rh_subscription plugin completed successfully");
            Ok(())
        }
        Err(Stop::Told(reason)) => {
            report.warn(Some(&section.origin), reason);
            report.warn(Some(&section.origin), "rh_subscription plugin did not complete successfully");
            Ok(())
        }
        Err(Stop::Failed(error)) => Err(error),
    }
}

impl Manager<'_> {
    fn text(&self, key: &str) -> Option<String> {
        value(self.section, key).filter(|node| !node.is_null())?.scalar_text()
    }

    /// Items of a list; `None` without the key.
    fn list(&self, key: &str) -> Result<Option<Vec<String>>, &Node> {
        let Some(node) = value(self.section, key).filter(|node| !node.is_null()) else { return Ok(None) };
        let items = node.as_list().ok_or(node)?;
        Ok(Some(items.iter().filter_map(Node::scalar_text).collect()))
    }

    /// Whether it is registered. In a plan it is not.
    fn is_registered(&self) -> bool {
        let found = self.context.system.commands.run(&command(&["identity"]));
        let note = "the plan assumes a machine that is not registered yet";
        found.is_ok_and(|output| !output.stdout.is_empty() || !self.context.system.journal.note(note))
    }

    fn all(&self, report: &mut Report) -> Result<(), Stop> {
        let attach = self.verified()?;
        self.register(report)?;
        if attach {
            self.attach(report)?;
        }
        match self.list("add_pool") {
            Ok(Some(pools)) => self.add_pools(&pools, report)?,
            Ok(None) => {}
            Err(_) => return Err(Stop::Told("Pools must in the format of a list".to_owned())),
        }
        self.change_repositories(report)?;
        if let Some(release) = self.text("release_version").filter(|release| !release.is_empty()) {
            let set = format!("--set={release}");
            if self.context.system.commands.run(&command(&["release", &set])).is_err() {
                let reason = format!("Unable to set release_version using: ['release', '{set}']");
                return Err(Stop::Told(reason));
            }
            tracing::debug!("Deleting the package manager cache");
            for cache in CACHES {
                let removed = self.context.system.files.remove(Path::new(cache));
                removed.map_err(|_| Stop::Told("Unable to delete the package manager cache".to_owned()))?;
            }
        }
        Ok(())
    }

    /// Whether to attach subscriptions automatically.
    fn verified(&self) -> Result<bool, Stop> {
        let attach = value(self.section, "auto_attach").filter(|node| !node.is_null());
        let attach = match attach.map(|node| node.scalar_text().and_then(|text| boolean::strict(&text))) {
            None => false,
            Some(Some(attach)) => attach,
            Some(None) => {
                let reason = "The key auto_attach must be a boolean value (True/False)";
                return Err(Stop::Told(reason.to_owned()));
            }
        };
        if self.text("service_level").is_some() && !attach {
            let reason = "The service_level key must be used in conjunction with the auto_attach key.  Please \
                          re-run with auto_attach: True";
            return Err(Stop::Told(reason.to_owned()));
        }
        Ok(attach)
    }

    fn register(&self, report: &mut Report) -> Result<(), Stop> {
        let incomplete = || Stop::Told("Registration failed or did not run completely".to_owned());
        let register = command(&["register"]);
        let text = |key: &str| self.text(key);
        let mut command = match (text("activation_key"), text("org"), text("username"), text("password")) {
            (Some(key), Some(org), _, _) => {
                register.secret_arg(format!("--activationkey={key}")).arg(format!("--org={org}"))
            }
            (_, _, Some(user), Some(password)) => {
                register.arg(format!("--username={user}")).secret_arg(format!("--password={password}"))
            }
            _ => {
                let origin = Some(&self.section.origin);
                report.warn(origin, "Unable to register system due to incomplete information.");
                report.warn(origin, "Use either activationkey and org *or* userid and password");
                return Err(incomplete());
            }
        };
        for (key, option) in [("rhsm_baseurl", "--baseurl"), ("server_hostname", "--serverurl")] {
            if let Some(value) = self.text(key) {
                command = command.arg(format!("{option}={value}"));
            }
        }
        match self.context.system.commands.run(&command) {
            Ok(_) => Ok(()),
            Err(CommandError::Failed { output, .. }) => {
                if output.stdout.is_empty() {
                    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
                    report.warn(Some(&self.section.origin), format!("Registration failed due to: {said}"));
                }
                Err(incomplete())
            }
            Err(error) => {
                report.warn(Some(&self.section.origin), format!("Registration failed due to: {error}"));
                Err(incomplete())
            }
        }
    }

    fn attach(&self, report: &mut Report) -> Result<(), Stop> {
        let level = self.text("service_level");
        let mut command = command(&["attach", "--auto"]);
        if let Some(level) = &level {
            command = command.arg(format!("--servicelevel={level}"));
        }
        let Err(error) = self.context.system.commands.run(&command) else { return Ok(()) };
        let origin = value(self.section, if level.is_some() { "service_level" } else { "auto_attach" });
        let origin = origin.map(|node| &node.origin);
        if level.is_none() {
            report.warn(origin, format!("auto_attach failed with: {error}"));
            return Err(Stop::Told("Setting auto_attach failed".to_owned()));
        }
        let said = match &error {
            CommandError::Failed { output, .. } => output.text(),
            _ => String::new(),
        };
        if said.trim().is_empty() {
            report.warn(origin, format!("Setting the service level failed with: {error}"));
        }
        for line in said.lines().filter(|line| !line.trim().is_empty()) {
            report.warn(origin, line);
        }
        Err(Stop::Told("Setting of service_level failed".to_owned()))
    }

    /// Attaches the pools that are available and not attached yet.
    fn add_pools(&self, pools: &[String], report: &mut Report) -> Result<(), Stop> {
        if pools.is_empty() {
            return Ok(());
        }
        let listed = |which: &str| -> Result<Vec<String>, CommandError> {
            let output = self.context.system.commands.run(&command(&["list", which, "--pool-only"]))?;
            Ok(output.text().lines().map(|line| line.trim_end().to_owned()).collect())
        };
        let (available, consumed) = (listed("--available")?, listed("--consumed")?);
        let note = "the plan assumes that pools are available";
        let unknown = available.is_empty() && consumed.is_empty() && self.context.system.journal.note(note);
        let origin = value(self.section, "add_pool").map(|node| &node.origin);
        let mut command = command(&["attach"]);
        for pool in pools {
            if unknown || (available.contains(pool) && !consumed.contains(pool)) {
                command = command.arg(format!("--pool={pool}"));
            } else {
                report.warn(origin, format!("Pool {pool} is not available"));
            }
        }
        let failed = || Stop::Told(format!("Unable to attach pools {}", model::effects::python_list(pools)));
        if command.args.len() == 1 {
            return Err(failed());
        }
        self.context.system.commands.run(&command).map(|_| ()).map_err(|error| {
            let last = pools.last().map_or("", String::as_str);
            report.warn(origin, format!("Unable to attach pool {last} due to {error}"));
            failed()
        })
    }

    /// Enables and disables repositories, as far as they are not yet.
    fn change_repositories(&self, report: &mut Report) -> Result<(), Stop> {
        let failed = || Stop::Told("Unable to add or remove repos".to_owned());
        let mut lists = Vec::new();
        for key in ["enable_repo", "disable_repo"] {
            match self.list(key) {
                Ok(list) => lists.push(list.unwrap_or_default()),
                Err(node) => {
                    report.warn(Some(&node.origin), "Repo IDs must in the format of a list.");
                    return Err(failed());
                }
            }
        }
        let (enable, disable) = (&lists[0], &lists[1]);
        if enable.is_empty() && disable.is_empty() {
            return Ok(());
        }
        let listed = |which: &str| -> Result<Vec<String>, CommandError> {
            let text = self.context.system.commands.run(&command(&["repos", which]))?.text();
            let ids = text.lines().filter(|line| line.contains("Repo ID:"));
            Ok(ids.filter_map(|line| Some(line.split(':').nth(1)?.trim().to_owned())).collect())
        };
        let (active, inactive) = (listed("--list-enabled")?, listed("--list-disabled")?);
        let note = "the plan assumes that repositories exist";
        let unknown = active.is_empty() && inactive.is_empty() && self.context.system.journal.note(note);
        let disabled = disable.iter().filter(|id| unknown || active.contains(id)).map(|id| format!("--disable={id}"));
        let enabled = enable.iter().filter(|id| unknown || inactive.contains(id)).map(|id| format!("--enable={id}"));
        let command = command(&["repos"]).args(disabled.chain(enabled));
        let origin = value(self.section, "enable_repo").map(|node| &node.origin);
        for id in enable.iter().filter(|id| !unknown && !inactive.contains(id) && !active.contains(id)) {
            report.warn(origin, format!("Repo {id} does not appear to exist"));
        }
        self.context.system.commands.run(&command).map(|_| ()).map_err(|error| {
            report.warn(origin, format!("Unable to alter repos due to {error}"));
            failed()
        })
    }
}
