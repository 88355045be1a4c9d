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

/// Names of SUSE's distributions, whose variant is `suse`.
const SUSE_VARIANT: &[&str] =
    &["opensuse", "opensuse-leap", "opensuse-microos", "opensuse-tumbleweed", "sle_hpc", "sle-micro", "sles"];

/// `ID`, `VERSION_ID` and the codename of os-release.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OsRelease {
    /// The distribution; `redhat` for RHEL.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its codename, or upstream's substitute.
    pub codename: String,
    /// The BSD, by uname's name in lower case.
    bsd: Option<String>,
}

/// The fields of /etc/os-release or, without it, of /etc/redhat-release; empty if the file or the field is missing.
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
    if found != os_release::OsRelease::default() {
        return found;
    }
    let text = files.text(Path::new("/etc/redhat-release")).unwrap_or_default();
    text.lines().next().and_then(redhat_release).unwrap_or_default()
}

/// `NAME release VERSION (CODENAME)`, as CentOS 6 and its contemporaries have it. Virtuozzo has no codename.
fn redhat_release(line: &str) -> Option<os_release::OsRelease> {
    let (name, rest) = line.rsplit_once(" release ")?;
    let digits =
        rest.len() - rest.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == '.').len();
    let (version, rest) = rest.split_at(digits);
    let codename = if line.contains("Virtuozzo") {
        name
    } else {
        let (codename, _) = rest.strip_prefix(" (")?.split_once(')')?;
        codename
    };
    if version.is_empty() || codename.is_empty() {
        return None;
    }
    let lower = name.to_lowercase();
    let id = match lower.split(" linux").next().unwrap_or_default() {
        "red hat enterprise" => "rhel",
        other => other,
    };
    Some(os_release::OsRelease {
        id: id.to_owned(),
        version_id: version.to_owned(),
        version_codename: codename.to_owned(),
        ..os_release::OsRelease::default()
    })
}

/// The codename behind the number in `VERSION`: `7 (Core)`.
fn bracketed(version: &str) -> Option<&str> {
    let (_, rest) = version.split_once(' ')?;
    rest.strip_prefix('(')?.split_once(')').map(|(codename, _)| codename)
}

impl OsRelease {
    /// Reads the system's files, or on a BSD without them uname.
    pub fn read(system: &System) -> Self {
        let mut found = release(&*system.files);
        if found != os_release::OsRelease::default() && system.files.exists(Path::new("/etc/rpi-issue")) {
            "raspberry-pi-os".clone_into(&mut found.id);
        }
        let uname = system.environment.uname();
        let kernel = uname.system.to_ascii_lowercase();
        let bsd = BSDS.contains(&kernel.as_str()).then_some(kernel);
        if found == os_release::OsRelease::default() {
            let Some(name) = bsd.clone() else { return Self::default() };
            return Self { name, version: uname.release, codename: String::new(), bsd };
        }
        let name = found.id;
        let has_pretty_name = ["alpine", "photon"].contains(&name.as_str())
            // redhat-release has none.
            || name == "virtuozzo" && !found.pretty_name.is_empty();
        let codename = if name.contains("sles") || name.contains("suse") {
            uname.machine
        } else if has_pretty_name {
            found.pretty_name
        } else if found.version_codename.is_empty() {
            bracketed(&found.version).unwrap_or_default().to_owned()
        } else {
            found.version_codename
        };
        let name = if name == "rhel" { "redhat".to_owned() } else { name };
        Self { name, version: found.version_id, codename, bsd }
    }

    /// The variant of cloud.cfg for this system.
    pub fn variant(&self) -> &str {
        if let Some(name) = &self.bsd {
            return name;
        }
        let name = self.name.as_str();
        let lower = name.to_ascii_lowercase();
        match lower.as_str() {
            own if OWN_VARIANT.contains(&own) => name,
            "ubuntu" | "linuxmint" | "mint" => "ubuntu",
            "redhat" => "rhel",
            // A plan has no such kernel.
            own if BSDS.contains(&own) => name,
            own if SUSE_VARIANT.contains(&own) => "suse",
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

    #[test]
    fn quotes_are_taken_off_and_half_of_a_pair_costs_the_line_alone() {
        let text = "# ID=no\nID='debian'\nVERSION_ID=\"13\"\nPRETTY_NAME=\"a \\\"b\\\"\"\nNAME=\"\nHOME_URL='\nno assignment\n";
        let (system, _) = system::Scratch::new().file("/etc/os-release", text).system();
        let found = release(&*system.files);
        let read = [&found.id, &found.version_id, &found.pretty_name, &found.name, &found.home_url];
        assert_eq!(read, ["debian", "13", "a \"b\"", "", ""]);
    }

    /// What upstream says of the files of a release; `oracle releases` asks it.
    #[derive(serde::Deserialize)]
    struct Row {
        name: String,
        #[serde(default)]
        file: Option<String>,
        #[serde(default)]
        files: std::collections::BTreeMap<String, String>,
        #[serde(default)]
        kernel: Option<String>,
        dist: [String; 3],
        variant: String,
    }

    /// A machine with another kernel.
    struct Kernel(model::effects::Uname);

    impl model::effects::Environment for Kernel {
        fn var(&self, _name: &str) -> Option<String> {
            None
        }
        fn pid(&self) -> u32 {
            1
        }
        fn uid(&self) -> u32 {
            0
        }
        fn uname(&self) -> model::effects::Uname {
            self.0.clone()
        }
        fn random(&self, _buffer: &mut [u8]) {}
        fn tell(&self, _text: &str) {}
    }

    #[test]
    fn releases_are_what_upstream_says() {
        let rows: Vec<Row> = serde_json::from_str(include_str!("../testdata/releases.json")).expect("JSON");
        for row in rows {
            let mut root = system::Scratch::new();
            if let Some(file) = &row.file {
                let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../distros").join(file);
                let text = system::Host::root(None).text(&path).expect("a release's file");
                root = root.file("/etc/os-release", text);
            }
            root = row.files.iter().fold(root, |root, (path, text)| root.file(path, text.as_str()));
            let (mut system, _) = root.system();
            let kernel = row.kernel.as_deref().unwrap_or("Linux 6.12");
            let (name, release) = kernel.split_once(' ').expect("a name and a release");
            system.environment = std::sync::Arc::new(Kernel(model::effects::Uname {
                system: name.to_owned(),
                release: release.to_owned(),
                machine: "x86_64".to_owned(),
                ..system.environment.uname()
            }));
            let os = OsRelease::read(&system);
            assert_eq!([os.name.clone(), os.version.clone(), os.codename.clone()], row.dist, "{}", row.name);
            assert_eq!(os.variant().to_ascii_lowercase(), row.variant, "{}", row.name);
        }
    }
}
