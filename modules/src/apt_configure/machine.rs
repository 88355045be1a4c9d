//! Release and architecture of this machine, as apt's sources name them.

use std::path::Path;

use model::effects::{Command, CommandError, System};
use model::module::Report;
use model::{Context, ModuleError};

/// The codename of the release: what lsb_release(1) prints, else os-release(5)'s. Images may be without lsb_release.
pub(super) fn codename(context: &Context<'_>, report: &mut Report) -> String {
    let commands = &context.system.commands;
    let output = commands.run(&Command::line(["lsb_release", "--all"]));
    let printed = match &output {
        Ok(output) => {
            let text = output.text();
            text.lines().find_map(|line| line.strip_prefix("Codename:")).map(|name| name.trim().to_owned())
        }
        Err(error) => {
            tracing::debug!("lsb_release: {error}");
            None
        }
    };
    printed.or_else(|| os_release(context.system, "VERSION_CODENAME")).unwrap_or_else(|| {
        report.warn(None, "Unable to get lsb_release --all: neither it nor /etc/os-release has a codename");
        "UNAVAILABLE".to_owned()
    })
}

/// dpkg's name of the architecture. A plan runs no commands: there, and without dpkg, it is derived from the kernel's name.
pub(super) fn architecture(context: &Context<'_>) -> Result<String, ModuleError> {
    let printed = match context.system.commands.run(&Command::line(["dpkg", "--print-architecture"])) {
        Ok(output) => output.text().trim().to_owned(),
        Err(CommandError::NotFound(_)) => String::new(),
        Err(error) => return Err(error.into()),
    };
    if !printed.is_empty() {
        return Ok(printed);
    }
    let machine = context.system.environment.uname().machine;
    Ok(match machine.as_str() {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "i586" | "i686" => "i386",
        "armv7l" => "armhf",
        "ppc64le" => "ppc64el",
        other => other,
    }
    .to_owned())
}

/// A field of os-release(5).
fn os_release(system: &System, field: &str) -> Option<String> {
    let text = system.files.text(Path::new("/etc/os-release"))?;
    let value = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix('='))?;
    let value = value.trim().trim_matches(['"', '\'']).to_owned();
    Some(value).filter(|value| !value.is_empty())
}

/// Whether this is Ubuntu Core, whose system is read-only snaps.
pub(super) fn is_ubuntu_core(system: &System) -> bool {
    let text = |path: &str| system.files.text(Path::new(path)).unwrap_or_default();
    os_release(system, "ID").is_some_and(|id| id.eq_ignore_ascii_case("ubuntu-core"))
        || text("/proc/cmdline").contains("snap_core=")
        || text("/etc/system-image/channel.ini").to_lowercase().contains("ubuntu-core")
        || system.files.is_dir(Path::new("/etc/system-image/config.d"))
}
