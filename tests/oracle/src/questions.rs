//! Which commands only ask: they print a fact or check something, and change nothing.

/// Programs that only ask, whatever their arguments.
const ASKING: &[&str] = &[
    "apt-cache",
    "apt-config",
    "blkid",
    "dmesg",
    "dpkg-query",
    "getent",
    "grub-probe",
    "lsb_release",
    "lsblk",
    "systemd-detect-virt",
    "virt-what",
];

/// Programs that only ask if one of their arguments begins like this.
const ASKING_WITH: &[(&str, &[&str])] = &[
    ("ansible-pull", &["--version"]),
    ("blockdev", &["--get"]),
    ("doas", &["-C"]),
    ("dpkg", &["--print-architecture"]),
    ("growpart", &["--help"]),
    ("pro", &["api u.pro.attach.auto.should_auto_attach"]),
    ("puppet", &["config print"]),
    ("sfdisk", &["-l"]),
    ("sgdisk", &["-p"]),
    ("sshd", &["-V"]),
    ("subscription-manager", &["identity", "list ", "repos --list-"]),
    ("systemctl", &["is-", "show ", "status "]),
    ("udevadm", &["info "]),
    ("visudo", &["-c"]),
    ("vmware-rpctool", &["info-get "]),
];

/// Arguments with which `ip` changes something.
const CHANGING: &[&str] = &["add", "append", "change", "del", "delete", "flush", "replace", "set"];

/// Whether a command only asks.
pub fn only_asks(words: &[String]) -> bool {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let words = as_user(&words);
    let Some((program, arguments)) = words.split_first() else { return false };
    let program = program.rsplit('/').next().unwrap_or(program);
    match program {
        "hostname" => matches!(arguments, [] | ["-f"]),
        "ip" => !arguments.iter().any(|word| CHANGING.contains(word)),
        // Both programs ask Python with an import and print the answer.
        "python3" => matches!(arguments, ["-c", "import" | "\"import", ..]),
        _ => {
            let line = arguments.join(" ");
            let asks = ASKING_WITH.iter().find(|(name, _)| *name == program);
            ASKING.contains(&program)
                || asks.is_some_and(|(_, starts)| starts.iter().any(|start| line.starts_with(start)))
        }
    }
}

/// The command that `su` runs as another user, with that user's PATH.
fn as_user<'a>(words: &'a [&'a str]) -> &'a [&'a str] {
    match words {
        ["su", "-", _, "-c", "env" | "\"env", "PATH=$PATH", inner @ ..] => inner,
        _ => words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_changes_nothing() {
        let asks = |line: &str| only_asks(&line.split(' ').map(str::to_owned).collect::<Vec<_>>());
        for line in [
            "blkid -tTYPE=vfat -odevice",
            "ip --json addr",
            "ip -o route list",
            "growpart --help",
            "/usr/bin/vmware-rpctool info-get guestinfo.metadata",
            "visudo -c -f -",
            "doas -C /dev/stdin",
            "hostname",
            "hostname -f",
            "systemctl is-enabled NetworkManager.service",
            "subscription-manager repos --list-enabled",
            "su - deploy -c \"env PATH=$PATH /usr/bin/python3 -c import site; print(1)\"",
            "su - deploy -c env PATH=$PATH ansible-pull --version",
            "/usr/bin/python3 -c \"import sysconfig; print(1)\"",
        ] {
            assert!(asks(line), "{line}");
        }
        for line in [
            "",
            "ip route add prohibit 169.254.169.254",
            "ip link set eth0 up",
            "growpart /dev/sda 1",
            "vmware-rpctool info-set guestinfo.x y",
            "gpg --dearmor",
            "hostname node",
            "systemctl daemon-reload",
            "subscription-manager repos --enable=r1",
            "debconf-communicate -fnoninteractive cloud-init",
            "su - deploy -c env PATH=$PATH git clone https://git.example.org/d.git",
        ] {
            assert!(!asks(line), "{line}");
        }
    }
}
