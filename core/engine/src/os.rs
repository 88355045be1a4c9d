//! The operating system, as upstream reads it from os-release.

use std::path::Path;

use model::System;
use model::effects::ReadFiles;
use serde_json::json;

/// Names that are their own variant.
const OWN_VARIANT: &[&str] = &[
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

/// The BSDs by uname's name.
const BSDS: &[&str] = &["freebsd", "netbsd", "openbsd", "dragonfly"];

/// `ID`, `VERSION_ID` and the codename of os-release.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OsRelease {
    /// The distribution; `redhat` for RHEL.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its codename, or upstream's substitute.
    pub codename: String,
}

/// The fields of /etc/os-release; empty if the file or the field is missing.
pub fn release(files: &(impl ReadFiles + ?Sized)) -> os_release::OsRelease {
    // The library removes the first and last character of a quoted value, and panics if they are the same one.
    let is_read =
        |line: &&str| !matches!(line.split_once('=').map(|(_, value)| value.trim()), Some("\"" | "'"));
    let text = files.text(Path::new("/etc/os-release")).unwrap_or_default();
    let mut found: os_release::OsRelease = text.lines().filter(is_read).map(str::to_owned).collect();
    // It keeps the shell's escapes.
    for value in [&mut found.pretty_name, &mut found.version] {
        *value = value.replace("\\\"", "\"").replace("\\$", "$");
    }
    found
}

impl OsRelease {
    /// Reads /etc/os-release.
    pub fn read(system: &System) -> Self {
        let mut found = release(&*system.files);
        if found != os_release::OsRelease::default() && system.files.exists(Path::new("/etc/rpi-issue")) {
            "raspberry-pi-os".clone_into(&mut found.id);
        }
        let uname = system.environment.uname();
        if found.id.is_empty() && BSDS.contains(&uname.system.to_ascii_lowercase().as_str()) {
            // These need no os-release.
            let name = uname.system.to_ascii_lowercase();
            return Self { name, version: uname.release, codename: String::new() };
        }
        let name = found.id;
        let codename = if name.contains("sles") || name.contains("suse") {
            system.environment.uname().machine
        } else if ["alpine", "photon", "virtuozzo"].contains(&name.as_str()) {
            found.pretty_name
        } else if found.version_codename.is_empty() {
            let bracketed = found.version.split_once(" (").and_then(|(_, rest)| rest.split_once(')'));
            bracketed.map(|(codename, _)| codename.to_owned()).unwrap_or_default()
        } else {
            found.version_codename
        };
        let name = if name == "rhel" { "redhat".to_owned() } else { name };
        Self { name, version: found.version_id, codename }
    }

    /// The variant of cloud.cfg for this system.
    pub fn variant(&self) -> &str {
        let name = self.name.as_str();
        match name {
            _ if BSDS.contains(&name) => name,
            _ if OWN_VARIANT.contains(&name.to_ascii_lowercase().as_str()) => name,
            "ubuntu" | "linuxmint" | "mint" => "ubuntu",
            "redhat" => "rhel",
            _ if name.starts_with("opensuse") || name.starts_with("sle") => "suse",
            _ => "linux",
        }
    }
}

/// `sys_info` of the instance data. Without Python, its version is null.
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
    fn quotes_are_taken_off_and_half_of_a_pair_costs_the_line_alone() {
        let text = "# ID=no\nID='debian'\nVERSION_ID=\"13\"\nPRETTY_NAME=\"a \\\"b\\\"\"\nNAME=\"\nHOME_URL='\nno assignment\n";
        let (system, _) = system::Scratch::new().file("/etc/os-release", text).system();
        let found = release(&*system.files);
        let read = [&found.id, &found.version_id, &found.pretty_name, &found.name, &found.home_url];
        assert_eq!(read, ["debian", "13", "a \"b\"", "", ""]);
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
        check("ID=freebsd\nVERSION_ID=\"14.3\"\n", ["freebsd", "14.3", ""], "freebsd");
        check("ID=linuxmint\nVERSION_ID=21\n", ["linuxmint", "21", ""], "ubuntu");
    }
}
