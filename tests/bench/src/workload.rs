//! What both programs are given to do.

/// The program, in the root.
pub const PROGRAM: &str = "/usr/bin/cloud-init";

/// The stages of a boot.
pub const STAGES: &[(&str, &[&str])] = &[
    ("init --local", &["init", "--local"]),
    ("init", &["init"]),
    ("modules --mode config", &["modules", "--mode=config"]),
    ("modules --mode final", &["modules", "--mode=final"]),
];

/// Commands that people and other programs run on a configured machine.
pub const COMMANDS: &[(&str, &[&str])] = &[
    ("query --all", &["query", "--all"]),
    ("status --long", &["status", "--long"]),
    ("--version", &["--version"]),
];

/// Renderers and the distributions whose files they write, for a machine of 200 links and 2,000 routes.
pub const CONVERSIONS: &[(&str, &str)] = &[
    ("eni", "debian"),
    ("netplan", "ubuntu"),
    ("networkd", "photon"),
    ("sysconfig", "centos"),
    ("network-manager", "fedora"),
];
/// That machine's description, in the root.
pub const LARGE: &str = "/large-network.json";

/// Lines of the cloud-configs that `schema` judges.
pub const SCHEMAS: &[(&str, usize)] = &[("100 lines", 100), ("10,000 lines", 10_000)];
/// Such a cloud-config, in the root.
pub const CLOUD_CONFIG: &str = "/judged.yaml";

/// A valid cloud-config of so many lines: users, files, packages and commands.
pub fn cloud_config(lines: usize) -> String {
    let mut text = "#cloud-config\nhostname: web\nusers:\n".to_owned();
    for number in 0..lines * 3 / 10 / 5 {
        text += &format!(
            "  - name: user{number}\n    groups: [adm, users]\n    shell: /bin/bash\n    lock_passwd: true\n    ssh_authorized_keys: [ssh-ed25519 AAAA{number}]\n"
        );
    }
    text += "write_files:\n";
    for number in 0..lines * 4 / 10 / 4 {
        text += &format!(
            "  - path: /etc/app/{number}.conf\n    permissions: '0644'\n    content: |\n      value = {number}\n"
        );
    }
    text += "packages:\n";
    (0..lines / 10).for_each(|number| text += &format!("  - package-{number}\n"));
    text += "runcmd:\n";
    let rest = lines.saturating_sub(text.lines().count());
    (0..rest).for_each(|number| text += &format!("  - [echo, step, '{number}']\n"));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cloud_config_has_as_many_lines_as_it_says() {
        for (_, lines) in SCHEMAS {
            assert_eq!(cloud_config(*lines).lines().count(), *lines);
        }
    }
}
