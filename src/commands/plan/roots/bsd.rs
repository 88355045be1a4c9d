//! The parts of a BSD's root that differ from those of Linux.

use model::distro::Release;
use system::Scratch;

use super::with_entries;

/// Directories of every system.
const ENTRIES: &str = "0700 /root/\n1777 /tmp/\n1777 /var/tmp/\n0755 /home/\n0755 /mnt/\n0755 /etc/cloud/cloud.cfg.d/\n\
                       0755 /etc/ssh/\n0755 /usr/local/bin/\n0755 /usr/share/\n0755 /var/cache/\n0755 /var/lib/\n\
                       0755 /var/log/\n0755 /dev/\n";

/// FreeBSD's default login class, in short.
const LOGIN_CONF: &str = "default:\\\n\t:passwd_format=sha512:\\\n\t:copyright=/etc/COPYRIGHT:\\\n\t:charset=UTF-8:\\\n\
                          \t:lang=C.UTF-8:\n";

/// master.passwd(5) for passwd(5): no account has a password.
fn master(passwd: &str) -> String {
    let line = |line: &str| -> Option<String> {
        let fields: Vec<&str> = line.splitn(5, ':').collect();
        let [name, _, uid, gid, rest] = fields[..] else { return None };
        Some(format!("{name}:*:{uid}:{gid}::0:0:{rest}\n"))
    };
    passwd.lines().filter_map(line).collect()
}

/// The root of a release.
pub(super) fn root(release: &Release) -> Scratch {
    let entries = std::iter::once(&ENTRIES).chain(release.entries);
    let root = entries.fold(Scratch::new(), |root, entries| with_entries(root, entries, &[]));
    let root =
        if release.os_release.is_empty() { root } else { root.file("/etc/os-release", release.os_release) };
    let root = if release.distro == "openbsd" {
        root.file("/etc/myname", format!("{}\n", release.hostname)).file("/etc/rc.conf", "pkg_scripts=\n")
    } else {
        root.file("/etc/rc.conf", format!("hostname=\"{}\"\nsshd_enable=\"YES\"\n", release.hostname))
    };
    root.file("/etc/rc.subr", "")
        .file("/etc/hosts", "::1\t\t\tlocalhost\n127.0.0.1\t\tlocalhost\n")
        .file("/etc/fstab", "/dev/gpt/rootfs\t/\tufs\trw\t1\t1\n")
        .file("/etc/login.conf", LOGIN_CONF)
        .file("/etc/passwd", release.passwd)
        .file("/etc/group", release.group.concat())
        .file("/etc/master.passwd", master(release.passwd))
        .file("/etc/ssh/sshd_config", "#PermitRootLogin no\n#PasswordAuthentication no\n")
        .node("/dev/urandom")
}
