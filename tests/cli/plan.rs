//! `plan` in print: what a person reads, and what a program reads against the published schema.

use std::collections::BTreeSet;

use serde_json::Value;

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
    assert!(lines[0].starts_with("when this program exits, or after 30 s: shutdown -r +5"), "{plan}");
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
        ("fqdn: ${user}\n", "user-data part-001:2:7: fqdn: a placeholder ${…} was not replaced"),
        ("write_files:\n- {path: ~/x, content: x}\n", "which only a shell expands; use an absolute path"),
    ] {
        let (code, plan) = printed(format!("#cloud-config\n{text}").as_bytes(), &[]);
        let expected = expected.strip_prefix("2:3: ").unwrap_or(expected);
        assert!(plan.contains("\n== advice") && plan.contains(expected), "{text}: {plan}");
        assert_eq!(code, 0, "{plan}");
    }
}

#[test]
fn an_owner_that_a_package_may_bring_is_a_note() {
    let file = |more: &str| {
        format!("#cloud-config\nwrite_files:\n- {{path: /srv/x, content: x, owner: 'nginx:nginx', {more}}}\n")
    };
    let (code, plan) = printed(format!("{}packages: [nginx]\n", file("defer: true")).as_bytes(), &[]);
    assert_eq!(code, 0, "{plan}");
    let note =
        "user-data part-001:3:37: owner 'nginx' is not in the image; a package of this plan may bring it";
    assert!(plan.contains("\n== notes") && plan.contains(note), "{plan}");
    assert!(!plan.contains("failed"), "{plan}");
    assert!(plan.contains("  write /srv/x 0644"), "{plan}");
    // Where no package is installed before the file is written, nobody brings it.
    for text in [
        file("defer: true"),
        format!("{}packages: [nginx]\n", file("append: false")),
        format!("{}packages: []\n", file("defer: true")),
    ] {
        let (code, plan) = printed(text.as_bytes(), &[]);
        assert_eq!(code, 2, "{plan}");
        assert!(plan.contains("cannot set the owner of /srv/x") && !plan.contains("== notes"), "{plan}");
    }
}

#[test]
fn bytes_of_another_form_are_named() {
    let base64 = b"I2Nsb3VkLWNvbmZpZwpob3N0bmFtZTogd2ViMQpwYWNrYWdlczogW3ZpbV0K\n";
    for (bytes, expected) in [
        (b"\xef\xbb\xbf#cloud-config\nhostname: x\n".as_slice(), "the file starts with a byte order mark"),
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

/// The keywords of JSON schema that the published one uses. Gives the names of the properties that are known at the
/// place, or what is wrong.
fn judge(schema: &Value, root: &Value, value: &Value, at: &str) -> Result<BTreeSet<String>, String> {
    let mut known = BTreeSet::new();
    if let Some(reference) = schema["$ref"].as_str() {
        let target = root.pointer(reference.trim_start_matches('#')).expect("what the schema refers to");
        known.extend(judge(target, root, value, at)?);
    }
    if let Some(constant) = schema.get("const").filter(|constant| *constant != value) {
        return Err(format!("{at}: {value} is not {constant}"));
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let own = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    if !types.is_empty() && !types.contains(&own) {
        return Err(format!("{at}: {own} is none of {types:?}"));
    }
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if value.get(name).is_none() {
            return Err(format!("{at}: {name} is missing"));
        }
    }
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        known.insert(name.clone());
        if let Some(item) = value.get(name) {
            whole(inner, root, item, &format!("{at}.{name}"))?;
        }
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        if let Some(inner) = schema.get("items") {
            whole(inner, root, item, &format!("{at}[{index}]"))?;
        }
    }
    for keyword in ["oneOf", "anyOf"] {
        let Some(branches) = schema[keyword].as_array() else { continue };
        let fits: Vec<_> = branches.iter().map(|branch| judge(branch, root, value, at)).collect();
        let fitting: Vec<_> = fits.iter().filter_map(|fit| fit.as_ref().ok()).collect();
        if fitting.is_empty() || (keyword == "oneOf" && fitting.len() > 1) {
            return Err(format!("{at}: {} of {keyword} fit {value}: {fits:?}", fitting.len()));
        }
        for names in fitting {
            known.extend(names.iter().cloned());
        }
    }
    Ok(known)
}

/// Like [`judge`]; a property that the schema does not know is wrong, too.
fn whole(schema: &Value, root: &Value, value: &Value, at: &str) -> Result<(), String> {
    let known = judge(schema, root, value, at)?;
    let unknown = value.as_object().into_iter().flatten().find(|(name, _)| !known.contains(*name));
    unknown.map_or(Ok(()), |(name, _)| Err(format!("{at}: the schema does not know {name}")))
}

#[test]
fn the_json_of_plans_is_what_the_published_schema_says() {
    let published = tests::workspace().join("docs/plan.schema.json");
    let published = std::fs::read_to_string(published).expect("docs/plan.schema.json");
    let made = out(&cloud_init(&["plan", "--json-schema"]));
    assert!(published == made, "stale: run `cloud-init plan --json-schema > docs/plan.schema.json`");
    let schema: Value = serde_json::from_str(&published).expect("JSON");
    for arguments in [
        vec!["--example", "openstack-centos7"],
        vec!["--example", "nocloud-ubuntu"],
        vec!["--example", "configdrive-rocky"],
        vec!["--distro", "debian", "--user-data", "/dev/null"],
    ] {
        let (_, plan) = super::plan(&arguments);
        assert_eq!(plan["version"], 1);
        whole(&schema, &schema, &plan, "plan").unwrap_or_else(|wrong| panic!("{arguments:?}: {wrong}"));
    }
    let wrong = serde_json::json!({"version": 1, "effects": [{"effect": "remove"}]});
    assert!(whole(&schema, &schema, &wrong, "plan").is_err(), "the judge judges");
}

#[test]
fn a_value_of_the_wrong_type_is_reported_once() {
    let (code, plan) = printed(b"#cloud-config\nchpasswd: x\n", &[]);
    assert_eq!(code, 2, "{plan}");
    assert_eq!(plan.matches("part-001:2:11").count(), 1, "{plan}");
    assert!(
        below(&plan, "set_passwords")
            .iter()
            .any(|line| line.ends_with("chpasswd: expected a mapping, found text")),
        "{plan}"
    );
}

#[test]
fn the_state_that_is_not_shown_is_counted() {
    let text = b"#cloud-config\nhostname: web\n";
    let (_, plan) = printed(text, &[]);
    let last = plan.lines().last().expect("a line");
    assert!(last.ends_with(" are not shown (--all shows them)"), "{last}");
    assert!(!plan.contains("/var/lib/cloud/data/instance-id"), "{plan}");
    let (_, all) = printed(text, &["--all"]);
    assert!(all.contains("write /var/lib/cloud/data/instance-id"), "{all}");
    let last = all.lines().last().expect("a line");
    assert!(last.ends_with(" effects"), "{last}");
}

#[test]
fn a_misspelled_key_of_a_network_config_is_advice() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("network-config");
    std::fs::write(&path, "version: 2\nethernets:\n  eth0:\n    dhcp4: true\n    dchp6: true\n")
        .expect("written");
    let shown = path.display().to_string();
    let (code, plan) = printed(b"#cloud-config\nhostname: web\n", &["--network-config", &shown]);
    assert_eq!(code, 0, "{plan}");
    assert!(
        plan.contains("network-config:5:5: ethernets.eth0.dchp6: unknown key 'dchp6'; did you mean 'dhcp6'?"),
        "{plan}"
    );
}
