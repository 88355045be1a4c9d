//! How the virtualization becomes known: what systemd tells, then programs, then the firmware.

use std::sync::OnceLock;

use model::platform::virtualization::told;
use model::{Node, Paths, Platform};
use system::Scratch;

fn dmi(field: &str, value: &str) -> Scratch {
    Scratch::new().file(&format!("/sys/class/dmi/id/{field}"), value)
}

#[track_caller]
fn check(machine: Scratch, known: Option<&str>, expected: &str) {
    let (system, _) = machine.system();
    assert_eq!(told(&system).as_deref(), known);
    let (paths, config) = (Paths::default(), Node::default());
    let platform = Platform {
        known_virtualization: told(&system).map(OnceLock::from).unwrap_or_default(),
        ..Platform::new(&system, &paths, &config)
    };
    assert_eq!(platform.virtualization(), expected);
}

#[test]
fn evidence_of_each_kind() {
    check(Scratch::new(), None, "");
    check(dmi("product_name", "VMware Virtual Platform\n"), None, "vmware");
    check(dmi("product_name", "VMware7,1\n"), None, "vmware");
    check(dmi("sys_vendor", "QEMU\n"), None, "qemu");
    check(dmi("product_name", "ThinkPad\n"), None, "");
    let processor = |flags: &str| {
        dmi("product_name", "ThinkPad\n").file("/proc/cpuinfo", format!("flags\t\t: fpu {flags}\n"))
    };
    check(processor("vme"), None, "none");
    check(processor("hypervisor"), None, "");
    check(dmi("sys_vendor", "QEMU\n").file("/run/systemd/container", "lxc\n"), Some("lxc"), "lxc");
    let kernel = "5.15.167.4-microsoft-standard-WSL2\n";
    check(Scratch::new().file("/proc/sys/kernel/osrelease", kernel), Some("wsl"), "wsl");
}
