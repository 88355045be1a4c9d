//! Accounts, passwords, rules and names that try to be more than one line, one field or one argument.

use crate::machine::{Booted, Machine, SEED, image, seeded};

fn booted(user_data: &str) -> (Machine, Booted) {
    let machine = Machine::new(seeded(image(), "i-one", user_data));
    let booted = machine.boot();
    (machine, booted)
}

/// The one error of a boot, which names a place in the user-data.
fn refused(user_data: &str, error: &str) -> (Machine, Booted) {
    let (machine, booted) = booted(user_data);
    let errors = booted.all_errors().join("\n");
    assert!(errors.contains(error), "{user_data}: {errors}");
    assert!(errors.contains("user-data part-001:"), "{user_data}: {errors}");
    (machine, booted)
}

#[test]
fn a_line_break_in_a_password_sets_no_other_password() {
    for (form, of) in [
        ("users: [{name: carl, plain_text_passwd: \"a\\nroot:b\", lock_passwd: false}]", "carl"),
        ("users: [{name: carl, hashed_passwd: \"a\\nroot:b\", lock_passwd: false}]", "carl"),
        ("users: [{name: carl, passwd: \"$6$a$b\\nroot:b\"}]", "carl"),
        ("users: [{name: carl, passwd: \"$6$a$b:c\"}]", "carl"),
        ("users: [{name: carl, plain_text_passwd: \"a\\0b\"}]", "carl"),
        ("chpasswd: {users: [{name: carl, type: text, password: \"a\\nroot:b\"}]}", "carl"),
        ("chpasswd: {users: [{name: carl, password: \"$6$a$b\\nroot:b\"}]}", "carl"),
        ("chpasswd: {users: [{name: \"carl\\nroot\", type: RANDOM}]}", "carl"),
        ("chpasswd: {list: [\"carl:a\\nroot:b\"]}", "carl"),
        ("password: \"a\\nroot:b\"", "debian"),
    ] {
        let more =
            "users: [default]\nchpasswd: {expire: false, users: [{name: root, type: text, password: good}]}";
        let others: Vec<&str> = more.lines().filter(|line| !form.starts_with(&line[..5])).collect();
        let others = if form.starts_with("password") { vec!["users: [default]"] } else { others };
        let (machine, booted) = refused(&format!("#cloud-config\n{form}\n{}\n", others.join("\n")), of);
        let inputs = machine.power.inputs();
        let lines: Vec<&str> = inputs.iter().flat_map(|input| input.lines()).collect();
        assert!(
            !lines.iter().any(|line| *line == "root:b" || line.starts_with("carl:")),
            "{form}: {lines:?}"
        );
        assert!(!booted.ran("useradd carl"), "{form}: {:?}", booted.commands);
        if form.starts_with("users") {
            assert!(lines.contains(&"root:good"), "{form}: {lines:?}");
        }
    }
}

#[test]
fn what_is_no_field_of_an_account_creates_none() {
    for (user, what) in [
        ("{name: \"eve\\nroot2\"}", "name"),
        ("{name: 'eve:x'}", "name"),
        ("{name: '-o'}", "name"),
        ("{name: eve, gecos: \"x\\ny:x:0:0\"}", "gecos"),
        ("{name: eve, gecos: 'x:0:0'}", "gecos"),
        ("{name: eve, homedir: \"/h\\n\"}", "homedir"),
        ("{name: eve, shell: '/bin/sh:'}", "shell"),
        ("{name: eve, groups: \"a,b\\nc\"}", "groups"),
        ("{name: eve, groups: ['x:y']}", "groups"),
        ("{name: eve, groups: {'x y': null}}", "groups"),
        ("{name: eve, primary_group: \"a\\nb\"}", "primary_group"),
        ("{name: eve, uid: \"1\\n2\"}", "uid"),
        ("{name: eve, sudo: \"ALL=(ALL) ALL\\nmallory ALL=(ALL) ALL\"}", "sudo"),
        ("{name: eve, sudo: ['ALL=(ALL) ALL \\']}", "sudo"),
        ("{name: eve, doas: [\"permit eve\\npermit mallory\"]}", "doas"),
    ] {
        let (machine, booted) = refused(&format!("#cloud-config\nusers:\n- {user}\n- default\n"), what);
        let changes = |line: &&String| line.contains("eve") && !line.starts_with("getent ");
        assert_eq!(booted.commands.iter().find(changes), None, "{user}");
        let rules = machine.text("/etc/sudoers.d/90-cloud-init-users").unwrap_or_default();
        assert!(!rules.contains("eve") && !rules.contains("mallory"), "{user}: {rules}");
        assert!(!machine.text("/etc/group").unwrap_or_default().contains("eve"), "{user}");
        if what != "sudo" {
            assert!(booted.ran("useradd debian"), "{user}: the others are created: {:?}", booted.commands);
        }
    }
    let (_, booted) =
        refused("#cloud-config\ngroups: [\"a\\nb\", admins]\nusers: [default]\n", "cannot create the group");
    assert!(booted.ran("groupadd admins") && booted.ran("useradd debian"), "{:?}", booted.commands);
}

#[test]
fn a_hash_goes_in_by_standard_input() {
    let hash = "$6$rounds=4096$salt$hash";
    let user_data = format!("#cloud-config\nusers: [{{name: carl, passwd: {hash}, lock_passwd: false}}]\n");
    let (machine, booted) = booted(&user_data);
    assert_eq!(booted.all_errors(), Vec::<&str>::new());
    assert!(!booted.ran("--password"), "{:?}", booted.commands);
    assert!(machine.power.inputs().iter().any(|input| *input == format!("carl:{hash}\n")));
    let shadow = machine.text("/etc/shadow").expect("there");
    assert!(shadow.lines().any(|line| line.starts_with(&format!("carl:{hash}:"))), "{shadow}");
}

/// A second line of a key would be without the options that keep root from logging in.
#[test]
fn each_line_of_a_key_gets_its_options() {
    let user_data = "#cloud-config\nusers: [default]\nssh_authorized_keys:\n\
                     - \"ssh-ed25519 AAAAone one\\nssh-ed25519 AAAAtwo two\\n\"\n- \"ssh-ed25519 AAAA\\0three x\"\n";
    let (machine, booted) = booted(user_data);
    let keys = machine.text("/root/.ssh/authorized_keys").expect("written");
    let lines: Vec<&str> = keys.lines().collect();
    assert_eq!(lines.len(), 2, "{keys}");
    assert!(lines.iter().all(|line| line.starts_with("no-port-forwarding,")), "{keys}");
    assert!(lines[0].ends_with("AAAAone one") && lines[1].ends_with("AAAAtwo two"), "{keys}");
    booted.warned("control characters");
}

#[test]
fn a_host_name_is_one_word() {
    for (config, metadata) in [
        ("hostname: \"web\\n6.6.6.6 mirror.example\"", "local-hostname: plain"),
        ("fqdn: \"web.x\\n6.6.6.6 mirror.example\"", "local-hostname: plain"),
        ("hostname: -F", "local-hostname: plain"),
        ("a: 1", "local-hostname: \"web\\n6.6.6.6 mirror.example\""),
    ] {
        let root = seeded(image(), "i-one", format!("#cloud-config\nmanage_etc_hosts: true\n{config}\n"))
            .file(&format!("{SEED}/meta-data"), format!("instance-id: i-one\n{metadata}\n"));
        let machine = Machine::new(root);
        let booted = machine.boot();
        let errors = booted.all_errors().join("\n");
        assert!(errors.contains("invalid hostname") || errors.contains("invalid fqdn"), "{config}: {errors}");
        assert!(
            errors.contains("user-data part-001:3:") || errors.contains("meta-data: "),
            "{config}: {errors}"
        );
        assert!(!machine.text("/etc/hosts").expect("there").contains("6.6.6.6"), "{config}");
        // The local stage knows the metadata's name only.
        let name = machine.text("/etc/hostname").expect("there");
        assert!(["localhost\n", "plain\n"].contains(&name.as_str()), "{config}: {name}");
        let set = |line: &&String| line.starts_with("hostname ") && *line != "hostname plain";
        assert_eq!(booted.commands.iter().find(set), None, "{config}");
    }
}
