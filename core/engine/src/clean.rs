//! `clean`: removes state, so that the machine is configured again.

mod remains;

use std::path::{Path, PathBuf};

use model::distro::Init;
use model::effects::{Attributes, Command, FileError, FileKind};
use model::{Node, Paths, System};

pub use remains::{Remain, remains};

use crate::{json, logfiles};

/// Network files that cloud-init writes; `*` matches any characters.
const NETWORK_FILES: &[&str] = &[
    "/etc/netplan/50-cloud-init.yaml",
    "/etc/NetworkManager/conf.d/99-cloud-init.conf",
    "/etc/NetworkManager/conf.d/30-cloud-init-ip6-addr-gen-mode.conf",
    "/etc/NetworkManager/system-connections/cloud-init-*.nmconnection",
    "/etc/systemd/network/10-cloud-init-*.network",
    "/etc/network/interfaces.d/50-cloud-init.cfg",
];
const SSH_FILES: &[&str] = &["/etc/ssh/sshd_config.d/50-cloud-init.conf"];
/// Cleanup programs of other packages.
const CLEAN_D: &str = "/etc/cloud/clean.d";
const FSTAB: &str = "/etc/fstab";
/// The marker of our fstab entries.
const FSTAB_MARK: &str = "comment=cloudconfig";

/// What to remove in addition to the state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Log files.
    pub logs: bool,
    /// The seed directory.
    pub seed: bool,
    /// Reset /etc/machine-id, so that it is generated again.
    pub machine_id: bool,
    /// Types of generated configuration: all, ssh_config, network, datasource, fstab.
    pub configs: Vec<String>,
}

/// An error during cleaning.
#[derive(Debug, thiserror::Error)]
pub enum CleanError {
    /// A file could not be removed.
    #[error("Could not remove {0}")]
    File(#[from] FileError),
    /// A program of clean.d failed.
    #[error("Failure during run-parts of {CLEAN_D}: {0}")]
    Program(String),
}

/// The files that match a pattern, whose `*` is in the last component only.
fn expand(system: &System, pattern: &str) -> Vec<PathBuf> {
    let path = Path::new(pattern);
    let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else { return Vec::new() };
    let name = name.to_string_lossy();
    let Some((head, tail)) = name.split_once('*') else { return vec![path.to_owned()] };
    let names = system.files.list(directory).unwrap_or_default();
    names
        .into_iter()
        .filter(|found| {
            found.len() >= head.len() + tail.len() && found.starts_with(head) && found.ends_with(tail)
        })
        .map(|found| directory.join(found))
        .collect()
}

/// Removes our fstab entries: all, or those of these devices.
fn clean_fstab(system: &System, devices: Option<&[String]>) -> Result<(), FileError> {
    let Some(before) = system.files.read_optional(Path::new(FSTAB))? else { return Ok(()) };
    let text = String::from_utf8_lossy(&before);
    let is_meant =
        |line: &str| devices.is_none_or(|devices| devices.iter().any(|device| line.contains(device)));
    let kept: String =
        text.split_inclusive('\n').filter(|line| !(line.contains(FSTAB_MARK) && is_meant(line))).collect();
    if kept.len() != text.len() {
        system.files.write(Path::new(FSTAB), kept.as_bytes(), &Attributes::default())?;
    }
    Ok(())
}

/// The devices that the data source has a name for: its disks (Azure's resource disk).
fn source_devices(system: &System, paths: &Paths) -> Vec<String> {
    let cached = json::read(system, &crate::boot::cache_path(paths));
    let named =
        cached.as_ref().and_then(|cached| cached.get("disk_aliases")?.as_object()).into_iter().flatten();
    named.filter_map(|(_, device)| device.as_str().map(str::to_owned)).collect()
}

/// Cleans. Returns what was not done, for the user.
pub fn run(
    system: &System,
    paths: &Paths,
    config: &Node,
    options: &Options,
) -> Result<Vec<String>, CleanError> {
    let mut notes = Vec::new();
    let wants = |kind: &str| options.configs.iter().any(|wanted| wanted == kind || wanted == "all");
    if options.logs {
        for log in logfiles::of(system, config) {
            // A log may be /dev/console.
            if matches!(system.files.stat(&log), Ok(Some(found)) if found.kind != FileKind::Special) {
                system.files.remove(&log)?;
            }
        }
    }
    let mut patterns: Vec<&str> = Vec::new();
    if wants("network") {
        patterns.extend(NETWORK_FILES);
    }
    if wants("ssh_config") {
        patterns.extend(SSH_FILES);
    }
    for file in patterns.into_iter().flat_map(|pattern| expand(system, pattern)) {
        system.files.remove(&file)?;
    }
    if wants("fstab") {
        clean_fstab(system, None)?;
    } else if wants("datasource") {
        clean_fstab(system, Some(&source_devices(system, paths)))?;
    }
    if options.machine_id {
        let path = Path::new("/etc/machine-id");
        if Init::of(system.files.as_ref()) == Init::Systemd {
            system.files.write(path, b"uninitialized\n", &Attributes::mode(0o444))?;
        } else {
            system.files.remove(path)?;
        }
    }
    // The next stage would save it.
    system.files.remove(&paths.kept())?;
    if !system.files.is_dir(&paths.cloud_dir) {
        notes.push("Artifacts already cleaned.".to_owned());
        return Ok(notes);
    }
    if wants("datasource") && !system.files.exists(&crate::boot::cache_path(paths)) {
        notes.push("No datasource found, nothing cleaned.".to_owned());
    }
    for name in system.files.list(&paths.cloud_dir)? {
        if name != "seed" || options.seed {
            system.files.remove(&paths.cloud_dir.join(name))?;
        }
    }
    run_programs(system, &mut notes)?;
    Ok(notes)
}

fn run_programs(system: &System, notes: &mut Vec<String>) -> Result<(), CleanError> {
    let mut failed = Vec::new();
    for name in system.files.list(Path::new(CLEAN_D)).unwrap_or_default() {
        let path = Path::new(CLEAN_D).join(&name);
        let Ok(Some(found)) = system.files.stat(&path) else { continue };
        // Distributions ship a README there.
        if found.kind != FileKind::File || name == "README" {
            continue;
        }
        if found.mode & 0o111 == 0 {
            notes.push(format!("WARNING: not running {}: it is not executable", path.display()));
            continue;
        }
        let program = Command::new(path.display().to_string()).inherit_output().of_user();
        if system.commands.run(&program).is_err() {
            failed.push(name);
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(CleanError::Program(failed.join(", "))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_disks_of_the_source_leave_fstab() {
        let resource = "/dev/disk/cloud/azure_resource-part1 /mnt auto comment=cloudconfig 0 2\n";
        let kept = "/dev/vdb /srv auto comment=cloudconfig 0 2\n";
        let cached = r#"{"disk_aliases": {"ephemeral0": "/dev/disk/cloud/azure_resource"}}"#;
        let (system, _) = system::Scratch::new()
            .file("/var/lib/cloud/instance/datasource.json", cached)
            .file("/etc/fstab", format!("{resource}{kept}"))
            .system();
        let options = Options { configs: vec!["datasource".into()], ..Options::default() };
        run(&system, &Paths::default(), &Node::default(), &options).expect("cleaned");
        assert_eq!(system.files.text(Path::new("/etc/fstab")).as_deref(), Some(kept));
    }

    #[test]
    fn a_pattern_has_one_star_in_its_last_part() {
        let (system, _) = system::Scratch::new()
            .file("/etc/a-1.conf", "")
            .file("/etc/a-22.conf", "")
            .file("/etc/a-.conf", "")
            .file("/etc/b-1.conf", "")
            .file("/etc/a-1.confx", "")
            .file("/etc/aa", "")
            .system();
        let names = |pattern: &str| {
            let found = expand(&system, pattern);
            let names = found.iter().filter_map(|path| path.file_name());
            names.map(|name| name.to_string_lossy().into_owned()).collect::<Vec<_>>()
        };
        assert_eq!(names("/etc/a-*.conf"), ["a-.conf", "a-1.conf", "a-22.conf"]);
        assert_eq!(names("/etc/aa*a"), [] as [String; 0], "its ends do not overlap");
        assert_eq!(names("/etc/a*a"), ["aa"]);
        assert_eq!(names("/etc/none"), ["none"], "without a star, it is a name");
        assert_eq!(names("/none/*"), [] as [String; 0]);
    }

    /// Upstream's `remove_artifacts`: each kind of configuration on its own, and seeds and logs only if they are asked for.
    #[test]
    fn only_what_is_asked_for_is_cleaned() {
        let netplan = "/etc/netplan/50-cloud-init.yaml";
        let sshd = "/etc/ssh/sshd_config.d/50-cloud-init.conf";
        let fstab = "/dev/vda1 / ext4\n/dev/vdb /mnt auto comment=cloudconfig 0 2\n";
        let cleaned = |options: Options| {
            let (system, _) = system::Scratch::new()
                .file("/var/lib/cloud/data/x", "")
                .file("/var/lib/cloud/seed/nocloud/meta-data", "")
                .file(netplan, "")
                .file(sshd, "")
                .file("/etc/fstab", fstab)
                .file("/etc/machine-id", "0123\n")
                .file("/var/log/x.log", "")
                .node("/dev/console")
                .directory("/run/systemd/system")
                .system();
            let config =
                Node::from_yaml("t", b"{def_log_file: /var/log/x.log, output: {all: '>> /dev/console'}}");
            let config = config.expect("valid").expect("there");
            run(&system, &Paths::default(), &config, &options).expect("cleaned");
            let has = |path: &str| system.files.exists(Path::new(path));
            assert!(!has("/var/lib/cloud/data") && has("/dev/console"));
            let own = system.files.text(Path::new("/etc/fstab")).is_some_and(|text| text == fstab);
            let id = system.files.text(Path::new("/etc/machine-id")).unwrap_or_default();
            [has(netplan), has(sshd), own, id == "0123\n", has("/var/log/x.log"), has("/var/lib/cloud/seed")]
        };
        let configs = |kind: &str| Options { configs: vec![kind.to_owned()], ..Options::default() };
        for (options, kept) in [
            (Options::default(), [true; 6]),
            (configs("network"), [false, true, true, true, true, true]),
            (configs("ssh_config"), [true, false, true, true, true, true]),
            (configs("fstab"), [true, true, false, true, true, true]),
            (configs("datasource"), [true; 6]),
            (configs("all"), [false, false, false, true, true, true]),
            (Options { machine_id: true, ..Options::default() }, [true, true, true, false, true, true]),
            (Options { logs: true, ..Options::default() }, [true, true, true, true, false, true]),
            (Options { seed: true, ..Options::default() }, [true, true, true, true, true, false]),
        ] {
            let shown = format!("{options:?}");
            assert_eq!(cleaned(options), kept, "{shown}");
        }
    }

    /// machine-id(5): systemd writes a new one where there is `uninitialized`; others create the file.
    #[test]
    fn the_machines_id_is_reset_as_its_init_system_reads_it() {
        for (init, expected) in [("/run/systemd/system", Some("uninitialized\n")), ("/run/openrc", None)] {
            let root = system::Scratch::new().file("/etc/machine-id", "0123\n").directory(init);
            let (system, _) = root.system();
            let options = Options { machine_id: true, ..Options::default() };
            run(&system, &Paths::default(), &Node::default(), &options).expect("cleaned");
            assert_eq!(system.files.text(Path::new("/etc/machine-id")).as_deref(), expected, "{init}");
        }
    }

    #[test]
    fn what_is_not_done_is_told() {
        let clean = |root: system::Scratch| {
            let (system, recording) = root.system();
            let options = Options { configs: vec!["datasource".into()], ..Options::default() };
            let notes = run(&system, &Paths::default(), &Node::default(), &options).expect("cleaned");
            (notes, recording.commands())
        };
        let (notes, _) = clean(system::Scratch::new());
        assert_eq!(notes, ["Artifacts already cleaned."]);
        let root = system::Scratch::new()
            .directory("/var/lib/cloud/data")
            .directory("/etc/cloud/clean.d/directory")
            .program("/etc/cloud/clean.d/10-runs")
            .file("/etc/cloud/clean.d/20-does-not", "")
            .file("/etc/cloud/clean.d/README", "");
        let (notes, commands) = clean(root);
        assert_eq!(
            notes,
            [
                "No datasource found, nothing cleaned.",
                "WARNING: not running /etc/cloud/clean.d/20-does-not: it is not executable"
            ]
        );
        assert_eq!(commands, ["/etc/cloud/clean.d/10-runs"]);
    }

    #[test]
    fn state_goes_and_the_seed_stays() {
        let (system, _) = system::Scratch::new()
            .file("/var/lib/cloud/data/instance-id", "i\n")
            .file("/run/cloud-init/state/data/instance-id", "i\n")
            .file("/var/lib/cloud/seed/nocloud/meta-data", "")
            .file("/etc/systemd/network/10-cloud-init-eth0.network", "")
            .file("/etc/systemd/network/10-mine.network", "")
            .file("/etc/fstab", "/dev/vda1 / ext4\n/dev/vdb /mnt auto comment=cloudconfig 0 2\n")
            .file("/var/log/cloud-init.log", "")
            .file("/var/log/cloud-init-output.log", "")
            .system();
        let config = Node::from_yaml(
            "t",
            b"{def_log_file: /var/log/cloud-init.log, output: {all: '| tee -a /var/log/cloud-init-output.log'}}",
        );
        let config = config.expect("valid").expect("there");
        let options = Options { logs: true, configs: vec!["all".into()], ..Options::default() };
        run(&system, &Paths::default(), &config, &options).expect("cleaned");
        let there = |path: &str| system.files.exists(Path::new(path));
        assert!(
            there("/var/lib/cloud/seed/nocloud/meta-data") && there("/etc/systemd/network/10-mine.network")
        );
        for gone in [
            "/var/lib/cloud/data",
            "/run/cloud-init/state",
            "/etc/systemd/network/10-cloud-init-eth0.network",
            "/var/log/cloud-init.log",
            "/var/log/cloud-init-output.log",
        ] {
            assert!(!there(gone), "{gone}");
        }
        assert_eq!(system.files.text(Path::new("/etc/fstab")).as_deref(), Some("/dev/vda1 / ext4\n"));
    }
}
