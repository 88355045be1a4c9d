//! Roots to plan on: what the distributions' images hold.

use crate::{plan, runs, written};

fn planned(distro: &str, user_data: &str) -> (i32, serde_json::Value) {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("user-data");
    std::fs::write(&file, user_data).expect("written");
    plan(&["--distro", distro, "--user-data", &file.display().to_string()])
}

fn has_no_warning(distro: &str, user_data: &str) -> serde_json::Value {
    let (code, plan) = planned(distro, user_data);
    assert_eq!(code, 0, "{distro}: {:#} {:#}", plan["warnings"], plan["errors"]);
    plan
}

/// The releases that people still boot.
const RELEASES: &[&str] = &[
    "debian:11",
    "debian:12",
    "debian:13",
    "ubuntu:20.04",
    "ubuntu:22.04",
    "ubuntu:24.04",
    "ubuntu:26.04",
    "centos:7",
    "centos:8",
    "centos:9",
    "centos:10",
    "rhel:7",
    "rhel:8",
    "rhel:9",
    "rhel:10",
    "rocky:8",
    "rocky:9",
    "rocky:10",
    "almalinux:8",
    "almalinux:9",
    "almalinux:10",
    "fedora:41",
    "fedora:42",
    "fedora:43",
    "amazon:2",
    "amazon:2023",
    "alpine:3.23",
    "aosc",
    "arch",
    "gentoo",
    "cos",
    "photon:5.0",
    "mariner",
    "azurelinux",
    "openeuler",
    "openEuler",
    "OpenCloudOS",
    "TencentOS",
    "openmandriva",
    "virtuozzo",
    "cloudlinux",
    "eurolinux",
    "miraclelinux",
    "suse",
    "opensuse",
    "opensuse-leap:15.6",
    "opensuse-leap:16.0",
    "opensuse-microos",
    "opensuse-tumbleweed",
    "sles:12.5",
    "sles:15.7",
    "sles:16.0",
    "sle_hpc",
    "sle-micro",
];

#[test]
fn each_release_has_a_root_whose_host_name_an_empty_user_data_leaves_alone() {
    for release in RELEASES {
        let plan = has_no_warning(release, "#cloud-config\n{}\n");
        // The images of Ubuntu and Arch name themselves; set_hostname writes that name again, as the original does.
        let name = written(&plan, "/etc/hostname").map(|(_, name)| name);
        assert!(
            name.as_deref().is_none_or(|name| ["ubuntu\n", "archlinux\n"].contains(&name)),
            "{release}: {name:?}"
        );
    }
}

#[test]
fn a_group_of_base_passwd_is_there() {
    let plan = has_no_warning("ubuntu", "#cloud-config\nusers:\n- name: dave\n  primary_group: users\n");
    assert!(runs(&plan, "useradd dave --gid users -m"));
}

#[test]
fn an_account_of_base_passwd_owns_files() {
    let data = "#cloud-config\nwrite_files:\n- path: /var/www/x\n  owner: www-data:www-data\n  content: hi\n";
    let plan = has_no_warning("ubuntu", data);
    let effects = plan["effects"].as_array().expect("effects");
    // base-passwd: www-data is 33 in passwd.master and in group.master.
    let owned =
        effects.iter().any(|effect| effect["path"] == "/var/www/x" && effect.to_string().contains("33"));
    assert!(owned, "{effects:#?}");
}

#[test]
fn tmp_is_there_and_keeps_its_mode() {
    let plan = has_no_warning("ubuntu", "#cloud-config\nwrite_files:\n- path: /tmp/setup.sh\n  content: x\n");
    let touched = plan["effects"].as_array().expect("effects").iter().any(|effect| effect["path"] == "/tmp");
    assert!(!touched, "/tmp is 1777 in every image");
}

#[test]
fn what_an_image_has_warns_of_nothing() {
    let data = "#cloud-config\nusers:\n- default\n- name: ops\n  groups: [adm, users, video]\n  shell: /bin/bash\n\
                write_files:\n- {path: /usr/local/bin/run, permissions: '0755', content: x}\n\
                - {path: /etc/systemd/system/a.service, content: x}\n- {path: /home/ops/x, owner: 'ops:ops', content: x, defer: true}\n\
                - {path: /var/spool/x, owner: 'mail:mail', content: x}\n- {path: /srv/x, owner: 'nobody', content: x}\n\
                ssh_pwauth: true\nchpasswd: {expire: false, users: [{name: ops, password: x1, type: text}]}\n\
                timezone: Europe/Berlin\nlocale: en_US.UTF-8\nmanage_etc_hosts: true\nfqdn: a.example.org\n";
    // Built as Linux From Scratch describes: no account is called mail.
    let without_mail = ["aosc", "photon:5.0", "mariner"];
    for release in RELEASES {
        let owner = if without_mail.contains(release) { "root:mail" } else { "mail:mail" };
        has_no_warning(release, &data.replace("mail:mail", owner));
    }
}

#[test]
fn a_release_that_has_no_root_is_refused_with_those_that_have() {
    let output = crate::cloud_init(&["plan", "--distro", "debian:7"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(crate::err(&output).contains("13, 12, 11"), "{}", crate::err(&output));
}

/// Upstream's cc_resolv_conf: Photon's name servers are systemd-resolved's.
#[test]
fn name_servers_are_written_where_the_distribution_has_them() {
    let user_data = "#cloud-config\nmanage_resolv_conf: true\nresolv_conf: {nameservers: [192.0.2.53]}\n";
    for (distro, file, line) in [
        ("alpine", "/etc/resolv.conf", "nameserver 192.0.2.53\n"),
        ("photon", "/etc/systemd/resolved.conf", "DNS=192.0.2.53"),
    ] {
        let plan = has_no_warning(distro, user_data);
        let (_, text) = written(&plan, file).unwrap_or_default();
        assert!(text.contains(line), "{distro}: {text}");
    }
}
