//! An instance that the Python program set up, taken over by this one.

use std::sync::Arc;

use system::Scratch;

use crate::identity::once_only;
use crate::machine::{Machine, image, seeded};
use crate::service::{Service, openstack};

/// What a finished boot of the original leaves on the disk.
fn set_up_by_python(root: Scratch) -> Scratch {
    let instance = "/var/lib/cloud/instances/i-one";
    let mut root = root
        .link("/var/lib/cloud/instance", instance)
        .file("/var/lib/cloud/data/instance-id", "i-one\n")
        .file("/var/lib/cloud/data/previous-instance-id", "NO_PREVIOUS_INSTANCE_ID\n")
        .file("/var/lib/cloud/data/previous-datasource", "DataSourceNoCloud: DataSourceNoCloud\n")
        .file("/var/lib/cloud/data/python-version", "3.13\n")
        .file(&format!("{instance}/obj.pkl"), b"\x80\x04\x95not to be read")
        .file(&format!("{instance}/datasource"), "DataSourceNoCloud: DataSourceNoCloud\n")
        .file(&format!("{instance}/boot-finished"), "12.0 - then - v. 25.1\n")
        .file(&format!("{instance}/user-data.txt"), "#cloud-config\nbootcmd: ['echo']\nruncmd: ['echo']\n")
        .file(&format!("{instance}/cloud-config.txt"), "#cloud-config\nbootcmd: ['echo']\nruncmd: ['echo']\n")
        .file(&format!("{instance}/scripts/runcmd"), "#!/bin/sh\necho\n")
        .file("/etc/ssh/ssh_host_ed25519_key", "the key of this instance\n")
        .file("/etc/netplan/50-cloud-init.yaml", "# by Python\n")
        .file("/var/lib/cloud/sem/config_scripts_per_once.once", "1: 1.0\n");
    // Every module of the list that the original runs once for an instance, whether this program has it or not.
    for name in [
        "seed_random",
        "write_files",
        "disk_setup",
        "mounts",
        "set_hostname",
        "ca_certs",
        "rsyslog",
        "users_groups",
        "ssh",
        "set_passwords",
        "ssh_import_id",
        "keyboard",
        "locale",
        "grub_dpkg",
        "apt_pipelining",
        "apt_configure",
        "ntp",
        "timezone",
        "runcmd",
        "byobu",
        "package_update_upgrade_install",
        "write_files_deferred",
        "puppet",
        "ansible",
        "mcollective",
        "salt_minion",
        "reset_rmc",
        "scripts_vendor",
        "scripts_per_instance",
        "scripts_user",
        "ssh_authkey_fingerprints",
        "keys_to_console",
        "install_hotplug",
        "phone_home",
        "power_state_change",
    ] {
        root = root.file(&format!("{instance}/sem/config_{name}"), "600: 1700000000.5\n");
    }
    root.file(&format!("{instance}/sem/consume_data"), "600: 1700000000.5\n")
}

#[test]
fn nothing_runs_a_second_time() {
    let user_data = "#cloud-config\nbootcmd: ['echo']\nruncmd: ['echo']\n";
    let machine = Machine::new(set_up_by_python(seeded(image(), "i-one", user_data)));
    for boot in ["the first after the takeover", "the second"] {
        let booted = machine.boot();
        assert_eq!(booted.all_errors(), Vec::<&str>::new(), "{boot}");
        assert_eq!(machine.id(), "i-one", "{boot}");
        assert_eq!(once_only(&booted.modules), Vec::<&str>::new(), "{boot}");
        for name in
            ["bootcmd", "growpart", "resizefs", "update_hostname", "scripts_per_boot", "final_message"]
        {
            assert!(booted.modules.iter().any(|ran| ran == name), "{boot}: {name}: {:?}", booted.modules);
        }
        for command in ["ssh-keygen", "useradd", "/scripts/runcmd"] {
            assert!(!booted.ran(command), "{boot}: {command}: {:#?}", booted.commands);
        }
        let key = machine.text("/etc/ssh/ssh_host_ed25519_key");
        assert_eq!(key.as_deref(), Some("the key of this instance\n"), "{boot}");
        let network = machine.text("/etc/netplan/50-cloud-init.yaml");
        assert_eq!(network.as_deref(), Some("# by Python\n"), "{boot}: the network of the instance stays");
    }
}

#[test]
fn a_clone_of_a_python_instance_begins_anew() {
    let machine =
        Machine::new(set_up_by_python(seeded(image(), "i-two", "#cloud-config\nruncmd: ['echo']\n")));
    let booted = machine.boot();
    assert_eq!(machine.id(), "i-two");
    assert!(booted.ran("ssh-keygen") && booted.ran("useradd") && booted.ran("/scripts/runcmd"));
    assert!(!booted.modules.iter().any(|name| name == "scripts_per_once"), "once is once");
    assert_ne!(machine.text("/etc/netplan/50-cloud-init.yaml").as_deref(), Some("# by Python\n"));
}

#[test]
fn a_service_that_is_silent_at_the_takeover_is_no_new_instance() {
    let instance = "/var/lib/cloud/instances/i-one";
    let root = set_up_by_python(image())
        .file("/sys/class/dmi/id/product_name", "OpenStack Nova\n")
        .file(
            &format!("{instance}/datasource"),
            "DataSourceOpenStackLocal: DataSourceOpenStackLocal [net,ver=2]\n",
        )
        .file("/etc/hostname", "given-by-python\n");
    let service = Service::default();
    let vendor_data = ["vendor-data.txt", "vendor-data2.txt"];
    let root = vendor_data.iter().fold(root, |root, name| {
        root.file(&format!("{instance}/{name}"), format!("#cloud-config\n# of {name}\n"))
    });
    let mut machine = Machine::with_http(root, Arc::new(service.clone()));
    machine.datasource_list = "OpenStack, None";
    let booted = machine.boot();
    assert_eq!(machine.id(), "i-one");
    booted.warned("did not answer");
    for name in vendor_data {
        let text = machine.text(&format!("{instance}/{name}")).unwrap_or_default();
        assert_eq!(text, format!("#cloud-config\n# of {name}\n"));
    }
    assert_eq!(once_only(&booted.modules), Vec::<&str>::new());
    assert!(booted.modules.iter().any(|name| name == "bootcmd"), "its user-data is still there");
    assert!(!booted.ran("ssh-keygen"));
    assert_eq!(machine.text("/etc/hostname").as_deref(), Some("given-by-python\n"));
    assert_eq!(machine.text("/etc/netplan/50-cloud-init.yaml").as_deref(), Some("# by Python\n"));
    // It comes back, and knows more again.
    service.serve(Some(openstack("i-one", "#cloud-config\nbootcmd: ['echo']\n")));
    let second = machine.boot();
    assert_eq!(machine.id(), "i-one");
    assert_eq!(once_only(&second.modules), Vec::<&str>::new());
    assert!(machine.text("/run/cloud-init/instance-data.json").unwrap_or_default().contains("i-one-host"));
}

#[test]
fn manual_cache_clean_trusts_what_python_left() {
    let root = set_up_by_python(seeded(image(), "i-two", "#cloud-config\n{}\n"))
        .file("/etc/cloud/cloud.cfg.d/50.cfg", "manual_cache_clean: true\n");
    let machine = Machine::new(root);
    let booted = machine.boot();
    assert_eq!(machine.id(), "i-one");
    assert_eq!(once_only(&booted.modules), Vec::<&str>::new());
}
