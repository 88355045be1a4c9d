//! What operating system this is, as the original reads it from os-release.

use std::collections::BTreeMap;
use std::path::Path;

use model::System;
use model::effects::ReadFiles;
use serde_json::json;

/// Names that are their own variant.
const OWN_VARIANT: [&str; 22] = [
    "almalinux",
    "alpine",
    "aosc",
    "arch",
    "azurelinux",
    "centos",
    "cloudlinux",
    "debian",
    "eurolinux",
    "fedora",
    "mariner",
    "miraclelinux",
    "openeuler",
    "opencloudos",
    "openmandriva",
    "photon",
    "raspberry-pi-os",
    "rhel",
    "rocky",
    "suse",
    "tencentos",
    "virtuozzo",
];

/// `ID`, `VERSION_ID` and the codename of os-release.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OsRelease {
    /// The distribution; RHEL's is `redhat`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its codename, or what the original puts in its place.
    pub codename: String,
}

/// The variables of /etc/os-release; none where there is no such file.
pub fn variables(files: &(impl ReadFiles + ?Sized)) -> BTreeMap<String, String> {
    files
        .text(Path::new("/etc/os-release"))
        .unwrap_or_default()
        .lines()
        .filter_map(|line| line.trim().split_once('='))
        .filter(|(name, _)| !name.starts_with('#'))
        .map(|(name, value)| {
            let value = value.trim();
            let bare = ['"', '\''].iter().find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote));
            (name.trim().to_owned(), bare.unwrap_or(value).replace("\\\"", "\"").replace("\\$", "$"))
        })
        .collect()
}

impl OsRelease {
    /// Reads /etc/os-release.
    pub fn read(system: &System) -> Self {
        let mut fields = variables(&*system.files);
        if !fields.is_empty() && system.files.exists(Path::new("/etc/rpi-issue")) {
            fields.insert("ID".into(), "raspberry-pi-os".into());
        }
        let field = |name: &str| fields.get(name).cloned().unwrap_or_default();
        let name = field("ID");
        let codename = if name.contains("sles") || name.contains("suse") {
            system.environment.uname().machine
        } else if ["alpine", "photon", "virtuozzo"].contains(&name.as_str()) {
            field("PRETTY_NAME")
        } else if field("VERSION_CODENAME").is_empty() {
            let version = field("VERSION");
            let bracketed = version.split_once(" (").and_then(|(_, rest)| rest.split_once(')'));
            bracketed.map(|(codename, _)| codename.to_owned()).unwrap_or_default()
        } else {
            field("VERSION_CODENAME")
        };
        let name = if name == "rhel" { "redhat".to_owned() } else { name };
        Self { name, version: field("VERSION_ID"), codename }
    }

    /// The variant of cloud.cfg for this system.
    pub fn variant(&self) -> &str {
        let name = self.name.as_str();
        match name {
            _ if OWN_VARIANT.contains(&name.to_ascii_lowercase().as_str()) => name,
            "ubuntu" | "linuxmint" | "mint" => "ubuntu",
            "redhat" => "rhel",
            _ if name.starts_with("opensuse") || name.starts_with("sle") => "suse",
            _ => "linux",
        }
    }
}

/// `sys_info` of the instance-data. There is no Python to tell of: its version is null.
pub fn system_info(system: &System) -> serde_json::Value {
    let uname = system.environment.uname();
    let os = OsRelease::read(system);
    json!({
        "platform": format!("{}-{}-{}", uname.system, uname.release, uname.machine),
        "system": uname.system,
        "release": uname.release,
        "python": null,
        "uname": [uname.system, uname.node, uname.release, uname.version, uname.machine, ""],
        "dist": [os.name, os.version, os.codename],
        "variant": os.variant().to_ascii_lowercase(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: [&str; 3], variant: &str) {
        let (system, _) = system::Scratch::new().file("/etc/os-release", text).system();
        let os = OsRelease::read(&system);
        assert_eq!([os.name.as_str(), os.version.as_str(), os.codename.as_str()], expected);
        assert_eq!(os.variant(), variant);
    }

    #[test]
    fn variables_lose_their_quotes_and_nothing_else() {
        let text = "# ID=no\nID='debian'\nVERSION_ID=\"13\"\nNAME=\"a \\\"b\\\"\"\nHALF=\"\nno assignment\n";
        let (system, _) = system::Scratch::new().file("/etc/os-release", text).system();
        let found = variables(&*system.files);
        let expected = [("HALF", "\""), ("ID", "debian"), ("NAME", "a \"b\""), ("VERSION_ID", "13")];
        assert_eq!(found, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    }

    #[test]
    fn the_systems_of_the_original() {
        check(
            "ID=debian\nVERSION_ID=\"13\"\nVERSION_CODENAME=trixie\n",
            ["debian", "13", "trixie"],
            "debian",
        );
        check("ID=\"centos\"\nVERSION_ID=\"7\"\nVERSION=\"7 (Core)\"\n", ["centos", "7", "Core"], "centos");
        check("ID=\"rhel\"\nVERSION_ID=\"9.4\"\nVERSION=\"9.4 (Plow)\"\n", ["redhat", "9.4", "Plow"], "rhel");
        check("ID=linuxmint\nVERSION_ID=21\n", ["linuxmint", "21", ""], "ubuntu");
    }
}
