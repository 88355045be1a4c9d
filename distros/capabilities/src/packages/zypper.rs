//! zypper, and transactional-update on systems with snapshots of a read-only root.

use std::path::Path;

use model::distro::PackageSpec;
use model::effects::{Class, Command};
use model::{DistroError, System};

use super::Manager;

/// zypper(8), transactional-update(8).
#[derive(Clone, Copy, Debug)]
pub struct Zypper;

const TRANSACTIONAL: &str = "/usr/sbin/transactional-update";
const TRANSACTION: &[&str] = &["transactional-update", "--non-interactive", "--drop-if-no-change"];
const ZYPPER: &[&str] = &["zypper", "--non-interactive"];

/// How packages are changed.
enum Method {
    Zypper,
    /// In a snapshot that the next boot uses.
    Transactional,
}

/// The type and options of the root file system, from proc_pid_mounts(5); the last one mounted there counts.
fn root_mount(system: &System) -> Option<(String, String)> {
    let text = system.files.text(Path::new("/proc/mounts"))?;
    let fields = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let root = fields.get(1) == Some(&"/") && fields.first() != Some(&"rootfs");
        root.then(|| Some(((*fields.get(2)?).to_owned(), (*fields.get(3)?).to_owned()))).flatten()
    };
    text.lines().filter_map(fields).next_back()
}

fn method(system: &System) -> Result<Method, DistroError> {
    let (kind, options) = root_mount(system).unwrap_or_default();
    if kind.eq_ignore_ascii_case("btrfs") && system.files.exists(Path::new(TRANSACTIONAL)) {
        return Ok(Method::Transactional);
    }
    if options.split(',').any(|option| option == "ro") {
        return Err(DistroError::BadFile {
            path: "/".into(),
            reason:
                "cannot change packages: the root is read-only, and it has no btrfs with transactional-update"
                    .to_owned(),
        });
    }
    Ok(Method::Zypper)
}

fn run(system: &System, words: &[&str], packages: &[String]) -> Result<(), DistroError> {
    let command = Command::line(words.iter().copied()).args(packages.iter().cloned());
    system.commands.run(&command.of_class(Class::Package).inherit_output())?;
    Ok(())
}

fn transaction(system: &System, words: &[&str], packages: &[String]) -> Result<(), DistroError> {
    run(system, &[TRANSACTION, words].concat(), packages)?;
    tracing::info!("To use/activate the installed packages reboot the system");
    Ok(())
}

impl Manager for Zypper {
    fn name(&self) -> &'static str {
        "zypper"
    }

    fn available(&self, system: &System) -> bool {
        system.commands.which("zypper").is_some()
    }

    fn refresh(&self, system: &System) -> Result<(), DistroError> {
        // The lists are in /var, which is writable.
        run(system, &[ZYPPER, &["refresh"]].concat(), &[])
    }

    fn upgrade(&self, system: &System) -> Result<(), DistroError> {
        match method(system)? {
            Method::Zypper => run(system, &[ZYPPER, &["update"]].concat(), &[]),
            Method::Transactional => transaction(system, &["up"], &[]),
        }
    }

    fn install(&self, system: &System, packages: &[PackageSpec]) -> Result<Vec<PackageSpec>, DistroError> {
        let named = |package: &PackageSpec| match &package.version {
            Some(version) => format!("{}-{version}", package.name),
            None => package.name.clone(),
        };
        let names: Vec<String> = packages.iter().map(named).collect();
        let install = &["install", "--auto-agree-with-licenses"];
        match method(system)? {
            Method::Zypper => run(system, &[ZYPPER, install].concat(), &names)?,
            Method::Transactional => transaction(system, &[&["pkg"], &install[..]].concat(), &names)?,
        }
        Ok(Vec::new())
    }
}
