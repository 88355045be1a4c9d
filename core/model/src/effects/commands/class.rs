//! Classes of commands, which have different time limits: `timeouts.commands` in cloud.cfg.

use super::Command;

/// What a command is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Services: systemctl and its like, which may wait for other units.
    Service,
    /// Package managers, which download.
    Package,
    /// Partitions and file systems, which may be large.
    Disk,
    /// The user's own: scripts, `runcmd`, `bootcmd`, part handlers.
    Script,
    /// Everything else.
    Other,
}

const PROGRAMS: &[(Class, &[&str])] = &[
    (Class::Service, &["systemctl", "rc-service", "rc-update", "service", "chkconfig", "initctl"]),
    (
        Class::Package,
        &[
            "apt-get", "apt", "dpkg", "dnf", "dnf5", "microdnf", "yum", "zypper", "apk", "pacman", "snap",
            "pkg",
        ],
    ),
    (
        Class::Disk,
        &[
            "growpart",
            "gpart",
            "growfs",
            "resize2fs",
            "xfs_growfs",
            "btrfs",
            "bcachefs",
            "zpool",
            "hammer2",
            "mkswap",
            "swapon",
            "fallocate",
            "dd",
            "mount",
            "cryptsetup",
            "sgdisk",
            "sfdisk",
            "parted",
            "partprobe",
            "blockdev",
        ],
    ),
];

impl Command {
    /// Marks it as the user's own.
    pub fn of_user(self) -> Self {
        self.of_class(Class::Script)
    }

    /// Marks it as one of this class, whatever its program is.
    pub fn of_class(mut self, class: Class) -> Self {
        self.class = Some(class);
        self
    }

    /// The class: as marked, else by its program.
    pub fn class(&self) -> Class {
        let by_program = || {
            let name = self.program.rsplit('/').next().unwrap_or_default();
            let listed = PROGRAMS.iter().find(|(_, names)| names.contains(&name)).map(|(class, _)| *class);
            listed.or_else(|| name.starts_with("mkfs").then_some(Class::Disk))
        };
        self.class.or_else(by_program).unwrap_or(Class::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_by_program() {
        for (line, class) in [
            ("systemctl restart ssh", Class::Service),
            ("/usr/bin/apt-get update", Class::Package),
            ("mkfs.ext4 /dev/vdb", Class::Disk),
            ("useradd apt", Class::Other),
        ] {
            assert_eq!(Command::line(line.split(' ')).class(), class, "{line}");
        }
        assert_eq!(Command::new("apt-get").of_user().class(), Class::Script);
        assert_eq!(Command::new("eatmydata").of_class(Class::Package).class(), Class::Package);
    }
}
