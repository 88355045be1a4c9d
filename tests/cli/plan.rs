//! `plan` in print: what a person reads, and what a program reads against the published schema.

use super::{cloud_init, err, out};

/// The print of a plan for a user-data, and the exit code.
fn printed(user_data: &[u8], more: &[&str]) -> (i32, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("user-data");
    std::fs::write(&path, user_data).expect("written");
    let shown = path.display().to_string();
    let mut arguments = vec!["plan", "--distro", "debian", "--user-data", &shown];
    arguments.extend(more);
    let output = cloud_init(&arguments);
    (output.status.code().expect("no signal"), out(&output))
}

/// The lines below a module's heading.
fn below(plan: &str, module: &str) -> Vec<String> {
    let lines = plan.lines().skip_while(|line| *line != format!("[{module}]")).skip(1);
    lines.take_while(|line| line.starts_with(' ')).map(|line| line.trim().to_owned()).collect()
}

#[test]
fn the_first_line_says_what_was_assumed() {
    let (code, plan) = printed(b"#cloud-config\nhostname: web\n", &[]);
    assert_eq!(code, 0, "{plan}");
    let first = plan.lines().next().expect("a line");
    assert!(first.starts_with("plan for debian 1"), "{first}");
    assert!(
        first.contains(
            " (built-in root), data source DataSourceNoCloud [seed=/var/lib/cloud/seed/nocloud]; user-data: "
        ),
        "{first}"
    );
}

#[test]
fn a_warning_stands_under_its_own_module() {
    let text = b"#cloud-config\nusers:\n- name: root\n  lock_passwd: false\n  passwd: \"$6$a\"\n";
    let (_, plan) = printed(text, &[]);
    let lines = below(&plan, "users_groups");
    assert!(lines.iter().any(|line| line.contains("'passwd' in user-data is ignored")), "{plan}");
    assert_eq!(plan.matches("'passwd' in user-data is ignored").count(), 1, "{plan}");
    // Also where the module had no effect.
    let text = b"#cloud-config\nwrite_files:\n- path: /etc/b\n  content: a\n  encoding: b64\n";
    let (_, plan) = printed(text, &[]);
    let lines = below(&plan, "write_files");
    assert!(lines.iter().any(|line| line.contains("Running module write_files failed")), "{plan}");
    assert!(!plan.contains("RuntimeError"), "said better by the warning: {plan}");
}

#[test]
fn a_plan_has_no_noise() {
    let text =
        b"#cloud-config\nssh_authorized_keys: [ssh-ed25519 AAAA x]\npower_state: {mode: reboot, delay: 5}\n";
    let (_, plan) = printed(text, &[]);
    assert_eq!(plan.matches("/home/debian/.ssh/authorized_keys ").count(), 1, "written once: {plan}");
    assert!(plan.contains("  write /home/debian/.ssh/authorized_keys 0600 debian:debian"), "{plan}");
    assert!(plan.contains("  make directory /home/debian/.ssh 0700 debian:debian"), "{plan}");
    assert!(!plan.contains("set /home/debian/.ssh to"), "the mode is set once: {plan}");
    assert!(!plan.contains("kill -0"), "no loop of a shell: {plan}");
    let lines = below(&plan, "power_state_change");
    assert_eq!(lines.len(), 1, "{plan}");
    assert!(lines[0].starts_with("when this program ends, or 30 s later: shutdown -r +5"), "{plan}");
}

#[test]
fn of_a_network_only_the_password_is_hidden() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("network-config");
    let text = "version: 2\nwifis:\n  wlan0:\n    dhcp4: true\n    access-points:\n      home: {password: SECRETWORD}\n";
    std::fs::write(&path, text).expect("written");
    let shown = path.display().to_string();
    for format in ["text", "json"] {
        let output =
            cloud_init(&["plan", "--distro", "ubuntu", "--network-config", &shown, "--format", format]);
        let plan = out(&output);
        assert!(!plan.contains("SECRETWORD"), "{plan}");
        assert!(plan.contains("dhcp4: true") && plan.contains("access-points:"), "{plan}");
    }
}

#[test]
fn advice_changes_no_exit_code() {
    for (text, expected) in [
        ("runcmd:\n- [ timedatectl set-timezone America/New_York ]\n", "2:3: runcmd.0: a list is a program"),
        ("fqdn: ${user}\n", "user-data part-001:2:7: fqdn: a placeholder ${…} is left over"),
        ("write_files:\n- {path: ~/x, content: x}\n", "a home directory; write the whole path"),
    ] {
        let (code, plan) = printed(format!("#cloud-config\n{text}").as_bytes(), &[]);
        let expected = expected.strip_prefix("2:3: ").unwrap_or(expected);
        assert!(plan.contains("\n== advice") && plan.contains(expected), "{text}: {plan}");
        assert_eq!(code, 0, "{plan}");
    }
}

#[test]
fn bytes_of_another_form_are_named() {
    let base64 = b"I2Nsb3VkLWNvbmZpZwpob3N0bmFtZTogd2ViMQpwYWNrYWdlczogW3ZpbV0K\n";
    for (bytes, expected) in [
        (b"\xef\xbb\xbf#cloud-config\nhostname: x\n".as_slice(), "a byte order mark stands before"),
        (base64, "it is user-data in base64"),
    ] {
        let (code, plan) = printed(bytes, &[]);
        assert_eq!(code, 2, "{plan}");
        assert!(plan.contains(expected), "{plan}");
    }
}

#[test]
fn a_key_of_our_own_is_no_mistake() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("meta-data");
    let text = "local-hostname: web\nnetwork-interfaces: |\n  auto eth0\n  iface eth0 inet dhcp\n";
    std::fs::write(&path, text).expect("written");
    let output = cloud_init(&["plan", "--distro", "debian", "--meta-data", &path.display().to_string()]);
    assert!(!out(&output).contains("_orig_eni_name"), "{}{}", out(&output), err(&output));
}
