//! Boots by systemd, as the harness `boot` makes them, and what the units of each program cost there.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Error, file};

/// Units of both programs; the first is the original's single process.
const UNITS: [&str; 5] =
    ["cloud-init-main", "cloud-init-local", "cloud-init-network", "cloud-config", "cloud-final"];
/// A first boot from a NoCloud seed that makes users, files and keys, and configures the network.
const SCENARIO: &str = "nocloud-full";

/// What systemd counted for the units of one boot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Booted {
    /// CPU of all units with all that they started, in milliseconds.
    pub cpu: f64,
    /// Time of the unit that blocks the network, with the single process where there is one, in milliseconds.
    pub before_network: f64,
}

/// Boots the root once, with the package in the original's place where there is one.
pub fn boot(package: Option<&PathBuf>) -> Result<Booted, Error> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut command = Command::new(cargo);
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."));
    command.args(["run", "--quiet", "--package", "boot", "--", "nspawn", "--facts", SCENARIO]);
    if let Some(package) = package {
        let package = package.canonicalize().map_err(file(package.display().to_string()))?;
        command.arg("--subject").arg(package);
    }
    let output = command.output().map_err(file("cargo"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    // Whether the machine is as the scenario expects is the harness's business: releases of the original differ in the
    // renderer that they choose. Here it counts that every stage ended well.
    let failed =
        || Error::Command { command: format!("boot nspawn {SCENARIO}"), output: text.clone().into_owned() };
    read(&text).ok_or_else(failed)
}

/// Reads the accounting of a boot.
fn read(text: &str) -> Option<Booted> {
    let words = |line: &str, name: &str| {
        line.split_whitespace().find_map(|word| word.strip_prefix(name).map(str::to_owned))
    };
    let of_unit =
        |line: &&str| words(line, "Id=").is_some_and(|id| UNITS.contains(&id.trim_end_matches(".service")));
    let units: Vec<&str> = text.lines().filter(of_unit).collect();
    let nanoseconds: Vec<f64> =
        units.iter().filter_map(|line| words(line, "CPUUsageNSec=")?.parse().ok()).collect();
    // `systemd-analyze blame`: a time, then the unit.
    let blamed = |unit: &str| {
        let line = text.lines().find(|line| line.trim_end().ends_with(unit) && !line.contains('='))?;
        line.trim().strip_suffix(unit)?.split_whitespace().map(milliseconds).sum::<Option<f64>>()
    };
    let before_network =
        blamed("cloud-init-local.service")? + blamed("cloud-init-main.service").unwrap_or_default();
    let ended_well =
        units.iter().all(|line| words(line, "Result=").is_some_and(|result| result == "success"));
    (!nanoseconds.is_empty() && ended_well)
        .then(|| Booted { cpu: nanoseconds.iter().sum::<f64>() / 1e6, before_network })
}

/// systemd's spelling of a time: `439ms`, `1.380s`, `2min`.
fn milliseconds(word: &str) -> Option<f64> {
    let number = |unit: &str| word.strip_suffix(unit).and_then(|text| text.parse::<f64>().ok());
    number("ms")
        .or_else(|| number("us").map(|time| time / 1e3))
        .or_else(|| number("min").map(|time| time * 6e4))
        .or_else(|| number("s").map(|time| time * 1e3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_accounting() {
        let text = "nocloud-full boot 1: Startup finished in 6.489s (userspace) \n  \
            Result=success MemoryPeak=[not set] CPUUsageNSec=400000000 Id=cloud-init-main.service\n  \
            Result=success CPUUsageNSec=150000000 Id=cloud-init-local.service\n  \
            Result=success CPUUsageNSec=[not set] Id=cloud-init.service\n  \
            1min 1.380s cloud-init-local.service\n   439ms cloud-init-main.service\n  \
            cloud-init-local.service +1.380s\n";
        assert_eq!(read(text), Some(Booted { cpu: 550.0, before_network: 61_819.0 }));
        assert_eq!(read("ok nocloud-full"), None);
        assert_eq!(
            read(&text.replace("Result=success CPUUsageNSec=15", "Result=exit-code CPUUsageNSec=15")),
            None
        );
    }
}
