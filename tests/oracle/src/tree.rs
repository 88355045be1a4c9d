//! What a program left in the root, and what its commands told.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;
use std::process::Command;

use crate::normal::{Normal, normalise, without_loop};
use crate::{Error, events, file, printed};

/// One file or one told thing, normalised.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// Kind, mode and owner of a file; the exit code of a command.
    pub head: String,
    /// Its content.
    pub content: String,
}

/// Everything, by path or by name of the command.
pub type Outcome = BTreeMap<String, State>;

/// Where programs leave what is compared; `told:` are the commands, `log:` what the log reports, `asked:` the commands among
/// it that only ask: how a program learns a fact is its own, but it is listed and counted. The first that fits.
pub const AREAS: &[(&str, &[&str])] = &[
    ("state", &["/var/lib/cloud/"]),
    ("run", &["/run/cloud-init/"]),
    ("etc", &["/etc/"]),
    ("homes", &["/home/", "/root/", "/srv/"]),
    ("logs", &["/var/log/"]),
    ("events", &["log:"]),
    ("questions", &["asked:"]),
    ("stages", &["told:1", "told:2", "told:3", "told:4"]),
    ("query", &["told:query"]),
    ("status", &["told:status", "told:cloud-id", "told:version"]),
    ("commands", &["told:"]),
    ("programs", &["/usr/", "/opt/"]),
    ("elsewhere", &[""]),
];

/// Each program's own: rows of not-compared.md.
const PRIVATE: &[&str] = &[
    "/obj.pkl",
    "/datasource.json",
    "/data/python-version",
    ".origins.json",
    "/.new-instance-id",
    "/run/cloud-init/.stage-process",
    "/run/cloud-init/stage.lock",
];

/// What a run itself puts there.
const REPLACED: &[&str] = &[
    "/usr/bin/cloud-init",
    "/usr/bin/cloud-id",
    "/usr/bin/cloud-init-per",
    "/usr/lib/cloud-init/ds-identify",
    "/usr/lib/cloud-init/write-ssh-key-fingerprints",
];

fn is_private(path: &str) -> bool {
    PRIVATE.iter().any(|name| path.ends_with(name))
}

/// Which area a path is in.
pub fn area(path: &str) -> &'static str {
    let found = AREAS.iter().find(|(_, prefixes)| prefixes.iter().any(|prefix| path.starts_with(prefix)));
    found.map_or("elsewhere", |(name, _)| *name)
}

/// Reads what differs from the root, and what was told.
pub fn read(root: &Path, scratch: &Path) -> Result<Outcome, Error> {
    let told = scratch.join("told");
    let version = fs::read_to_string(told.join("version.out")).unwrap_or_default();
    let version = version.split_whitespace().last().unwrap_or_default();
    let normal = Normal::new(version);
    let mut outcome = Outcome::new();
    let upper = scratch.join("upper");
    let mut paths = BTreeSet::new();
    walk(&upper, &upper, &mut paths)?;
    let compared = |path: &str| {
        !is_private(path)
            && !REPLACED.contains(&path)
            && !path.starts_with("/dev/loop")
            && !path.contains("/__pycache__")
    };
    for path in paths.iter().filter(|path| compared(path)) {
        let state = state(&upper.join(&path[1..]), path, &normal)?;
        let before = root.join(&path[1..]);
        // A file that was only copied is as it was.
        if fs::symlink_metadata(&before).is_ok() && self::state(&before, path, &normal)? == state {
            continue;
        }
        outcome.insert(path.clone(), state);
    }
    let entries = fs::read_dir(&told).map_err(file("told"))?;
    for entry in entries {
        let name = entry.map_err(file("told"))?.file_name().to_string_lossy().into_owned();
        let Some(name) = name.strip_suffix(".code") else { continue };
        let text = |suffix: &str| fs::read(told.join(format!("{name}.{suffix}"))).unwrap_or_default();
        let code = String::from_utf8_lossy(&text("code")).trim().to_owned();
        let mut content = normalise(name, &text("out"), &normal);
        let complaint = normalise(name, &text("err"), &normal);
        let stage = name.starts_with(|first: char| first.is_ascii_digit());
        if stage {
            content = format!("{}standard error:\n{}", printed::plain(&content), printed::plain(&complaint));
        }
        let complains = if complaint.is_empty() { "" } else { ", with words on standard error" };
        outcome.insert(format!("told:{name}"), State { head: format!("exit {code}{complains}"), content });
    }
    // A log that was rotated, or cleaned away, reports nothing.
    let log = fs::read(upper.join("var/log/cloud-init.log")).unwrap_or_default();
    outcome.extend(events::read(&without_loop(&String::from_utf8_lossy(&log))));
    Ok(outcome)
}

fn walk(top: &Path, directory: &Path, paths: &mut BTreeSet<String>) -> Result<(), Error> {
    for entry in fs::read_dir(directory).map_err(file(directory.display().to_string()))? {
        let path = entry.map_err(file(directory.display().to_string()))?.path();
        let below = path.strip_prefix(top).unwrap_or(&path).display().to_string();
        paths.insert(format!("/{below}"));
        if fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_dir()) {
            walk(top, &path, paths)?;
        }
    }
    Ok(())
}

fn state(path: &Path, name: &str, normal: &Normal) -> Result<State, Error> {
    let failed = || path.display().to_string();
    let metadata = fs::symlink_metadata(path).map_err(file(failed()))?;
    let kind = metadata.file_type();
    let (kind, content) = if kind.is_symlink() {
        let target = fs::read_link(path).map_err(file(failed()))?;
        ("link", target.display().to_string())
    } else if kind.is_dir() {
        ("directory", String::new())
    } else if kind.is_char_device() && metadata.rdev() == 0 {
        // An overlay's mark for what was removed.
        return Ok(State { head: "removed".into(), content: String::new() });
    } else if kind.is_file() && name.ends_with(".tar.gz") {
        ("file", archive(path)?)
    } else if kind.is_file() {
        ("file", normalise(name, &fs::read(path).map_err(file(failed()))?, normal))
    } else {
        ("special", String::new())
    };
    let mode = metadata.mode() & 0o7777;
    let head = format!("{kind} {mode:04o} {}:{}", metadata.uid(), metadata.gid());
    // A link has no mode of its own.
    let head = if kind == "link" { format!("link {}:{}", metadata.uid(), metadata.gid()) } else { head };
    Ok(State { head, content })
}

/// The names in an archive, whose top directory is named after the time, without those that are private.
fn archive(path: &Path) -> Result<String, Error> {
    let output = Command::new("tar").arg("-tzf").arg(path).output().map_err(file("tar"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut names: Vec<&str> =
        text.lines().map(|name| name.split_once('/').map_or(name, |(_, below)| below)).collect();
    names.retain(|name| !is_private(&format!("/{name}")));
    names.sort_unstable();
    Ok(names.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_changed() {
        let directory = tempfile::tempdir().expect("a directory");
        let (root, scratch) = (directory.path().join("root"), directory.path().join("scratch"));
        for path in [
            "root/etc",
            "scratch/upper/etc",
            "scratch/upper/opt",
            "scratch/upper/run/cloud-init",
            "scratch/told",
        ] {
            fs::create_dir_all(directory.path().join(path)).expect("created");
        }
        for (path, text) in [
            ("root/etc/same", "1"),
            ("root/etc/other", "1"),
            ("scratch/upper/run/cloud-init/stage.lock", "a program's own"),
            ("scratch/upper/etc/same", "1"),
            ("scratch/upper/etc/other", "2"),
            ("scratch/upper/opt/x", "elsewhere"),
            ("scratch/told/version.out", "/usr/bin/cloud-init 26.2\n"),
            ("scratch/told/version.code", "0\n"),
            ("scratch/told/2-init.out", "what a command says\n"),
            ("scratch/told/2-init.code", "1\n"),
        ] {
            fs::write(directory.path().join(path), text).expect("written");
        }
        let outcome = read(&root, &scratch).expect("read");
        assert_eq!(
            outcome.keys().collect::<Vec<_>>(),
            ["/etc/other", "/opt", "/opt/x", "/run", "/run/cloud-init", "told:2-init", "told:version"]
        );
        assert_eq!(
            outcome["told:2-init"],
            State { head: "exit 1".into(), content: "what a command says\nstandard error:\n".into() }
        );
        assert_eq!(outcome["/etc/other"].content, "2");
    }
}
