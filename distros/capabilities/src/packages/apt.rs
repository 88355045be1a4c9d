//! apt-get.

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use model::distro::PackageSpec;
use model::effects::{Class, Command, CommandError};
use model::{DistroError, Node, System};

use super::Manager;
use crate::Settings;

/// Upstream's command and options.
const COMMAND: &[&str] = &[
    "apt-get",
    "--option=Dpkg::Options::=--force-confold",
    "--option=Dpkg::options::=--force-unsafe-io",
    "--assume-yes",
    "--quiet",
];
/// How long to wait for locks of another apt or dpkg.
const PATIENCE: Duration = Duration::from_secs(30);
/// apt-get's exit code for any error, including a lock.
const FAILED: i32 = 100;

/// apt-get, with an optional wrapper and replacement.
#[derive(Debug)]
pub struct Apt {
    /// What apt-get is started by: `enabled` as configured, and the words.
    wrapper: (String, Vec<String>),
    /// Whether it is used: found out once, before apt-get may install it.
    is_wrapped: OnceLock<bool>,
    command: Vec<String>,
    upgrade: String,
    /// What apt-cache listed, until the lists are updated again.
    names: Mutex<Option<Arc<str>>>,
}

impl Apt {
    /// The names of all packages, one per line.
    fn names(&self, system: &System) -> Result<Arc<str>, DistroError> {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(names) = names.as_ref() {
            return Ok(names.clone());
        }
        let listed: Arc<str> = system.commands.run(&Command::line(["apt-cache", "pkgnames"]))?.text().into();
        Ok(names.insert(listed).clone())
    }

    /// As configured in `system_info`.
    pub fn new(settings: &Settings) -> Self {
        let words = |node: &Node| match (node.as_str(), node.as_list()) {
            (Some(word), _) => vec![word.to_owned()],
            (None, Some(items)) => items.iter().filter_map(Node::scalar_text).collect(),
            (None, None) => Vec::new(),
        };
        let wrapper = match &settings.apt_get_wrapper {
            None => ("auto".to_owned(), vec!["eatmydata".to_owned()]),
            Some(wrapper) => {
                (wrapper.enabled.scalar_text().unwrap_or_default().to_lowercase(), words(&wrapper.command))
            }
        };
        let command = match &settings.apt_get_command {
            Some(own) => own.clone(),
            None => COMMAND.iter().copied().map(str::to_owned).collect(),
        };
        let upgrade = settings.apt_get_upgrade_subcommand.clone().unwrap_or_else(|| "dist-upgrade".into());
        Self { wrapper, is_wrapped: OnceLock::new(), command, upgrade, names: Mutex::default() }
    }

    /// The words of the wrapper, if it is used.
    fn wrapper(&self, system: &System) -> &[String] {
        let (enabled, words) = &self.wrapper;
        let installed = || words.first().is_some_and(|program| system.commands.which(program).is_some());
        let is_used = || boolean::lenient(enabled) || (enabled == "auto" && installed());
        if *self.is_wrapped.get_or_init(is_used) { words } else { &[] }
    }

    /// Runs apt-get, retrying for a while if another program holds the locks.
    fn run(&self, system: &System, words: &[String]) -> Result<(), DistroError> {
        let command = Command::line(self.wrapper(system).iter().chain(&self.command).chain(words).cloned())
            .env("DEBIAN_FRONTEND", "noninteractive")
            .of_class(Class::Package)
            .inherit_output();
        let started = system.clock.monotonic();
        loop {
            match system.commands.run(&command) {
                Ok(_) => return Ok(()),
                Err(CommandError::Failed { output, .. })
                    if output.code == FAILED
                        && locked(system)
                        && system.clock.monotonic().saturating_sub(started) < PATIENCE =>
                {
                    tracing::debug!("Another process holds apt lock. Waiting...");
                    system.clock.sleep(Duration::from_secs(1));
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Lock files of apt and dpkg.
const LOCKS: &[&str] = &[
    "/var/lib/dpkg/lock-frontend",
    "/var/lib/dpkg/lock",
    "/var/cache/apt/archives/lock",
    "/var/lib/apt/lists/lock",
];

/// Whether a process holds one of the locks, by inode in /proc/locks (proc_locks(5)). fuser(1) is missing in many
/// images.
fn locked(system: &System) -> bool {
    let Some(held) = system.files.text(Path::new("/proc/locks")) else { return false };
    // Exit code 1: some of the files do not exist.
    let stat = Command::line(["stat", "--format=%i"]).args(LOCKS.iter().copied()).accept(&[0, 1]);
    let Ok(inodes) = system.commands.run(&stat) else { return false };
    let held: HashSet<&str> = held
        .lines()
        .filter_map(|line| {
            line.split_whitespace().find(|word| word.matches(':').count() == 2)?.rsplit(':').next()
        })
        .collect();
    inodes.text().lines().any(|inode| held.contains(inode.trim()))
}

impl Manager for Apt {
    fn name(&self) -> &'static str {
        "apt"
    }

    fn available(&self, system: &System) -> bool {
        system.commands.which("apt-get").is_some()
    }

    fn refresh(&self, system: &System) -> Result<(), DistroError> {
        *self.names.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.run(system, &["update".to_owned()])
    }

    fn upgrade(&self, system: &System) -> Result<(), DistroError> {
        self.run(system, std::slice::from_ref(&self.upgrade))
    }

    fn refresh_before_install(&self) -> bool {
        true
    }

    fn install(&self, system: &System, packages: &[PackageSpec]) -> Result<Vec<PackageSpec>, DistroError> {
        let names = self.names(system)?;
        let names: HashSet<&str> = names.lines().collect();
        let known = |package: &PackageSpec| {
            // A `-` or `^` at the end, a release after `/` and a version after `=` are apt's own syntax.
            let name = package.name.split(['/', '=']).next().unwrap_or_default();
            names.contains(name.trim_end_matches(['-', '^']))
        };
        // A plan has no package lists: all packages are assumed to exist.
        let (wanted, unknown): (Vec<_>, Vec<_>) =
            packages.iter().cloned().partition(|package| names.is_empty() || known(package));
        if !wanted.is_empty() {
            let mut words = vec!["install".to_owned()];
            words.extend(wanted.iter().map(|package| match &package.version {
                Some(version) => format!("{}={version}", package.name),
                None => package.name.clone(),
            }));
            self.run(system, &words)?;
        }
        Ok(unknown)
    }
}
