//! Steps before and after writing netplan's file.

use std::path::Path;

use model::effects::{Command, FileKind};
use model::{DistroError, System};
use yaml::Limits;

use super::{SNAPD_CONFIG, SNAPD_DERIVED, SNAPD_PATH, Settings};
use crate::{NetworkError, RenderedFile};

const LINKS: &str = "/sys/class/net";
/// How often the devices are listed again if one is renamed meanwhile.
const TRIES: usize = 5;

/// Where netplan's command line has its list of features, by release: `netplan info` is a Python program that prints it.
const FEATURES: [&str; 2] =
    ["/usr/share/netplan/netplan_cli/_features.py", "/usr/share/netplan/netplan/_features.py"];

/// netplan's features, by its own list or else by `netplan info`; empty if neither exists.
pub(crate) fn features(system: &System) -> Vec<String> {
    if let Some(listed) = FEATURES.iter().find_map(|path| system.files.text(Path::new(path))) {
        let names = listed.lines().filter_map(|line| line.trim().strip_prefix('"')?.strip_suffix("\","));
        return names.map(str::to_owned).collect();
    }
    let Ok(output) = system.commands.run(&Command::line(["netplan", "info"])) else { return Vec::new() };
    let Ok(Some(info)) = yaml::parse("netplan info", &output.stdout, &Limits::default()) else {
        return Vec::new();
    };
    let features = info.get("netplan.io").and_then(|netplan| netplan.get("features"));
    let listed = features.and_then(|features| features.value.as_seq()).unwrap_or_default();
    listed.iter().filter_map(|feature| feature.value.as_str().map(str::to_owned)).collect()
}

/// Keeps a stricter mode of an existing file; returns whether the meaning of any file changes.
pub(crate) fn prepare(system: &System, files: &mut [RenderedFile]) -> Result<bool, DistroError> {
    let mut changed = false;
    for file in files {
        let meaning = |text: &[u8]| yaml::parse("netplan", text, &Limits::default()).ok().flatten();
        let same = match system.files.read_optional(&file.path)? {
            Some(before) => match (meaning(&before), meaning(file.content.as_bytes())) {
                (Some(before), Some(after)) => before.value.same(&after.value),
                (before, after) => before.is_none() && after.is_none(),
            },
            None => false,
        };
        changed |= !same;
        if let Some(before) = system.files.stat(&file.path)? {
            let mode = before.mode & 0o777;
            if mode & file.mode == mode {
                file.mode = mode;
            }
        }
    }
    Ok(changed)
}

/// Removes snapd's first configuration and, if the distribution requires it, makes netplan and udev read the new one.
pub(crate) fn finish(system: &System, settings: &Settings, changed: bool) -> Result<(), DistroError> {
    let snapd = Path::new(SNAPD_PATH);
    if system.files.read_optional(snapd)?.as_deref() == Some(SNAPD_CONFIG.as_bytes()) {
        system.files.remove(snapd)?;
        for derived in SNAPD_DERIVED.iter().map(Path::new) {
            if system.files.is_file(derived) {
                system.files.remove(derived)?;
            }
        }
    }
    if !settings.postcmds {
        return Ok(());
    }
    if changed {
        generate(system)?;
    } else {
        tracing::debug!("skipping call to `netplan generate`. reason: identical netplan config");
    }
    set_up_links(system)
}

/// The programs behind `netplan generate`: the first one of netplan 1.0 and 1.1, both of later releases, in which the first
/// one is a generator of systemd.
const GENERATOR: &str = "/usr/libexec/netplan/generate";
const CONFIGURATOR: &str = "/usr/libexec/netplan/configure";
/// While `netplan try` restores a configuration, `netplan generate` fails.
const TRYING: &str = "/run/netplan/netplan-try.ready";

const RELOAD_UDEV: [&str; 3] = ["udevadm", "control", "--reload"];
const RELOAD_SYSTEMD: [&str; 3] = ["systemctl", "daemon-reload", "--no-ask-password"];

/// `netplan generate`. The command is a Python program that runs others (cli/commands/generate.py of netplan 1.1 and
/// 1.2); performing these steps directly saves half a second before the network is up.
fn generate(system: &System) -> Result<(), DistroError> {
    let exists = |path: &str| system.files.exists(Path::new(path));
    let run = |line: [&str; 3]| system.commands.run(&Command::line(line));
    // netplan ignores some errors too: a container may not have udev.
    let try_to = |line| {
        if let Err(error) = run(line) {
            tracing::debug!("{error}");
        }
    };
    if exists(CONFIGURATOR) && !exists(TRYING) {
        run(RELOAD_SYSTEMD)?;
        let configured = system.commands.run(&Command::new(CONFIGURATOR));
        try_to(RELOAD_UDEV);
        configured?;
    } else if exists(GENERATOR) && !exists(CONFIGURATOR) {
        system.commands.run(&Command::new(GENERATOR))?;
        // netplan writes for systemd, as it would itself.
        try_to(RELOAD_UDEV);
        try_to(RELOAD_SYSTEMD);
    } else {
        system.commands.run(&Command::line(["netplan", "generate"]))?;
    }
    Ok(())
}

/// Makes udev apply the .link files that netplan generated.
fn set_up_links(system: &System) -> Result<(), DistroError> {
    let cmdline = system.files.text(Path::new("/proc/cmdline")).unwrap_or_default();
    if cmdline.contains("net.ifnames=0") {
        tracing::debug!("Predictable interface names disabled.");
        return Ok(());
    }
    let all = || -> Result<(), DistroError> {
        for name in system.files.list(Path::new(LINKS)).unwrap_or_default() {
            let path = Path::new(LINKS).join(name);
            let found = system.files.lstat(&path)?;
            if found.is_some_and(|found| found.kind == FileKind::Link) {
                let path = path.display().to_string();
                system.commands.run(&Command::line([
                    "udevadm",
                    "test-builtin",
                    "net_setup_link",
                    path.as_str(),
                ]))?;
            }
        }
        Ok(())
    };
    let mut last = all();
    for _ in 1..TRIES {
        if last.is_ok() {
            return Ok(());
        }
        last = all();
    }
    last.map_err(|error| NetworkError::LinkNames(Box::new(error)).into())
}
