//! One program over many configurations, in namespaces of its own.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;

use oracle::{Error, file};
use serde::Deserialize;
use serde_json::Value;

/// Forks or executes the program for each case.
const DRIVER: &str = include_str!("driver.py");

/// Makes the base, a machine after its stage `init`, and gives the driver its layers. `$1` the root, `$2` the scratch
/// directory, `$3` our binary or nothing, `$4` the distribution, `$5` the driver.
const SETUP: &str = r#"
set -e
mount -t tmpfs tmpfs "$2/over"
mkdir -p "$2/over/base" "$2/over/work" "$2/over/upper" "$2/over/work2"
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/over/base,workdir=$2/over/work" "$2/root"
cd "$2/root"
mount -t proc proc proc
mount -t sysfs sysfs sys
ip link set lo up
hostname localhost
rm -rf run/*
mkdir -p run/cloud-init run/lock var/lib/cloud/seed/nocloud
: >run/cloud-init/enabled
echo 'datasource_list: [ NoCloud, None ]' >run/cloud-init/cloud.cfg
printf 'instance-id: i-modules\nlocal-hostname: machine\n' >var/lib/cloud/seed/nocloud/meta-data
: >var/lib/cloud/seed/nocloud/user-data
printf 'network: {config: disabled}\ncloud_init_modules: []\nsystem_info: {distro: %s}\n' "$4" >etc/cloud/cloud.cfg.d/99-case.cfg
kind=original
if [ -n "$3" ]; then
    kind=ours
    rm -f usr/bin/cloud-init
    cp "$3" usr/bin/cloud-init
fi
clean="env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 PYTHONHASHSEED=0 PYTHONDONTWRITEBYTECODE=1"
chroot . $clean cloud-init init --local >/dev/null
chroot . $clean cloud-init init >/dev/null
rm -f var/log/cloud-init*
cd "$2"
umount root/sys root/proc root
mount -t overlay overlay -o "lowerdir=$2/over/base:$1,upperdir=$2/over/upper,workdir=$2/over/work2" "$2/root"
cd root
mkdir -p cases over stand lower mnt
mount --bind "$2/cases" cases
mount --bind "$2/over" over
mount --bind "$2/stand" stand
mount --bind "$1" lower
mount -t proc proc proc
exec chroot . $clean python3 -W ignore -c "$5" $kind
"#;

/// Records how it is called, and what it is given.
const STAND_IN: &str = r#"#!/bin/sh
told="${0##*/}"
for word; do told="$told [$word]"; done
[ -z "$DEBIAN_FRONTEND" ] || told="$told DEBIAN_FRONTEND=$DEBIAN_FRONTEND"
given=$(cat)
[ -z "$given" ] || told="$told
<< $given"
# A question about the program itself, which only upstream asks.
[ "${0##*/} $1" != "growpart --help" ] || { echo "    --update R  update the kernel partition table info"; exit 0; }
# The file has a random name, and its description is in each program's own words.
[ "${0##*/}" != debconf-communicate ] || told="${told%%/*}$(grep -E '^(Template|Type|Default):' "${given#* }")"
printf '%s\n' "$told" >>/var/tmp/calls
# What the package manager knows: a package is asked for only if it is among these.
[ "${0##*/} $1 $2" != "puppet config print" ] || printf '/etc/puppet/%s\n' "$3"
[ "${0##*/}" != apt-cache ] || printf '%s\n' chrony ntp ntpsec openntpd systemd-timesyncd ntpdate locales
[ ! -e "/usr/lib/stand-ins/${0##*/}" ] || . "/usr/lib/stand-ins/${0##*/}"
"#;

/// What stand-ins answer, the modules in Python by which upstream asks them, and certificates of other families.
const FILES: &[(&str, &str)] = &[
    ("etc/ca-certificates/conf.d/cloud-init.conf", "# a comment\none.pem\n!two.pem\n"),
    ("etc/pki/ca-trust/extracted/pem/bundle.pem", "the bundle\n"),
    ("etc/pki/tls/certs/one.pem", "one\n"),
    ("etc/pki/trust/anchors/one.pem", "one\n"),
    ("usr/share/pki/ca-trust-source/anchors/one.pem", "one\n"),
    ("usr/share/pki/ca-trust-source/bundle.trust.p11-kit", "the bundle\n"),
    ("usr/share/pki/trust/bundle.trust.p11-kit", "the bundle\n"),
    ("usr/lib/stand-ins/pro", include_str!("stand/pro")),
    ("usr/lib/stand-ins/ubuntu-drivers", include_str!("stand/ubuntu-drivers")),
    ("usr/lib/stand-ins/debconf-communicate", include_str!("stand/debconf-communicate")),
    ("usr/lib/python3/dist-packages/debconf.py", include_str!("stand/debconf.py")),
    ("usr/lib/python3/dist-packages/uaclient/api/exceptions.py", include_str!("stand/exceptions.py")),
    (
        "usr/lib/python3/dist-packages/uaclient/api/u/pro/attach/auto/should_auto_attach/v1.py",
        include_str!("stand/should_auto_attach.py"),
    ),
    (
        "usr/lib/python3/dist-packages/uaclient/api/u/pro/attach/auto/full_auto_attach/v1.py",
        include_str!("stand/full_auto_attach.py"),
    ),
];

/// What cannot act in a sandbox without devices, network and services, or acts at random.
const PROGRAMS: &[&str] = &[
    "add-apt-repository",
    "apt-cache",
    "apt-get",
    "apt-mark",
    "byobu-launcher-install",
    "chpasswd",
    "debconf-communicate",
    "debconf-set-selections",
    "dpkg-reconfigure",
    "eatmydata",
    "fanctl",
    "gpg",
    "hostname",
    "hostnamectl",
    "locale-gen",
    "lsmod",
    "modprobe",
    "mount",
    "umount",
    "netplan",
    "passwd",
    "pro",
    "puppet",
    "reboot",
    "poweroff",
    "halt",
    "shutdown",
    "rsyslogd",
    "service",
    "rehash_ca_certificates.sh",
    "setupcon",
    "snap",
    "ssh-import-id",
    "swapon",
    "swapoff",
    "mkswap",
    "sysctl",
    "systemctl",
    "timedatectl",
    "ubuntu-drivers",
    "update-ca-bundle",
    "update-ca-certificates",
    "update-ca-trust",
    "update-grub",
    "wg",
    "wg-quick",
    "localectl",
    "lxd",
    "lxc",
    "udevadm",
    "growpart",
    "resize2fs",
];

/// What a program made of a configuration.
#[derive(Debug, Clone, Deserialize)]
pub struct Answer {
    /// The exit code; negative for a signal.
    pub exit: i32,
    /// Mode, owner and content of each file that it wrote or removed.
    pub files: std::collections::BTreeMap<String, String>,
    /// Calls of the stand-ins, in order.
    pub calls: String,
    /// Warnings and errors in its log.
    pub reported: Vec<String>,
    /// Lines of its log with numbers that people look for.
    pub counted: Vec<String>,
    /// What it printed.
    pub out: String,
}

/// Writes the stand-ins to the places where the root has the programs.
fn stand_ins(root: &Path, stand: &Path) -> Result<(), Error> {
    let failed = || stand.display().to_string();
    fs::create_dir_all(stand.join("var/tmp")).map_err(file(failed()))?;
    fs::set_permissions(stand.join("var/tmp"), fs::Permissions::from_mode(0o1777)).map_err(file(failed()))?;
    for name in PROGRAMS {
        let sbin = root.join("usr/sbin").join(name).exists();
        let directory = stand.join(if sbin { "usr/sbin" } else { "usr/bin" });
        fs::create_dir_all(&directory).map_err(file(failed()))?;
        let path = directory.join(name);
        fs::write(&path, STAND_IN).map_err(file(failed()))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).map_err(file(failed()))?;
    }
    for (name, text) in FILES {
        let path = stand.join(name);
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory).map_err(file(failed()))?;
        }
        fs::write(&path, text).map_err(file(failed()))?;
    }
    Ok(())
}

/// Runs a program over cases on a distribution, and gives an answer for each in their order.
pub fn run(
    root: &Path,
    scratch: &Path,
    ours: Option<&Path>,
    distro: &str,
    cases: &[Value],
) -> Result<Vec<Answer>, Error> {
    oracle::root::remove(scratch)?;
    for name in ["cases", "over", "root", "stand"] {
        fs::create_dir_all(scratch.join(name)).map_err(file(scratch.display().to_string()))?;
    }
    stand_ins(root, &scratch.join("stand"))?;
    let lines: Vec<String> = cases.iter().map(Value::to_string).collect();
    fs::write(scratch.join("cases/cases.jsonl"), lines.join("\n") + "\n").map_err(file("cases.jsonl"))?;
    let output = oracle::root::in_namespaces()
        .args(["sh", "-c", SETUP, "sh"])
        .args([root, scratch])
        .arg(ours.unwrap_or(Path::new("")))
        .args([distro, DRIVER])
        .stdin(Stdio::null())
        .output()
        .map_err(file("unshare"))?;
    let path = scratch.join("cases/answers.jsonl");
    let text = fs::read_to_string(&path).unwrap_or_default();
    let answers: Vec<Answer> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    if !output.status.success() || answers.len() != cases.len() {
        let told = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        let whose = if ours.is_some() { "ours" } else { "the original" };
        let command = format!("the driver of {whose} on {distro}, which needs root,");
        let output = match cases.get(answers.len()) {
            Some(case) => format!("{told}\nat {case}"),
            None => told,
        };
        return Err(Error::Command { command, output });
    }
    oracle::root::remove(scratch)?;
    Ok(answers)
}
