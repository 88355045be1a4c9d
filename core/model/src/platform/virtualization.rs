//! The virtualization type, as systemd-detect-virt(1) names it.

use std::path::Path;

use crate::System;
use crate::effects::Command;

/// Beginnings of firmware fields, in systemd's order, and the type that they mean.
const FIRMWARE: &[(&str, &str)] = &[
    ("KVM", "kvm"),
    ("OpenStack", "kvm"),
    ("KubeVirt", "kvm"),
    ("Amazon EC2", "amazon"),
    ("QEMU", "qemu"),
    ("VMware", "vmware"),
    ("VMW", "vmware"),
    ("innotek GmbH", "oracle"),
    ("VirtualBox", "oracle"),
    ("Oracle Corporation", "oracle"),
    ("Xen", "xen"),
    ("Bochs", "bochs"),
    ("Parallels", "parallels"),
    ("BHYVE", "bhyve"),
    ("Hyper-V", "microsoft"),
    ("Apple Virtualization", "apple"),
    ("Google Compute Engine", "google"),
];
/// The fields, in systemd's order.
const FIELDS: &[&str] = &["product_name", "sys_vendor", "board_vendor", "bios_vendor", "product_version"];

/// The types that are containers.
pub const CONTAINERS: &[&str] =
    &["lxc", "lxc-libvirt", "systemd-nspawn", "docker", "podman", "rkt", "openvz", "container-other", "wsl"];

/// The type as systemd told its generators (since version 251), or noted for a container, or of a kernel in WSL; `None`
/// if none of these is known.
pub fn told(system: &System) -> Option<String> {
    let text = |path: &str| system.files.text(Path::new(path));
    if let Some(told) = system.environment.var("SYSTEMD_VIRTUALIZATION").filter(|told| !told.is_empty()) {
        return Some(told.split_once(':').map_or(told.clone(), |(_, name)| name.to_owned()));
    }
    let noted = text("/run/systemd/container").map(|noted| noted.trim().to_owned());
    if let Some(noted) = noted.filter(|noted| !noted.is_empty()) {
        return Some(noted);
    }
    let kernel = text("/proc/sys/kernel/osrelease").unwrap_or_default();
    (kernel.contains("Microsoft") || kernel.contains("WSL")).then(|| "wsl".to_owned())
}

/// The type that a program, the firmware or the processor tells; empty if none does.
pub(super) fn found_out(system: &System) -> String {
    let first_line = |program: &str| {
        let output = system.commands.run(&Command::new(program).accept(&[0, 1])).ok()?.text();
        output.lines().next().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty())
    };
    if system.files.exists(Path::new("/run/systemd")) {
        return first_line("systemd-detect-virt").unwrap_or_else(|| of_firmware(system));
    }
    let what = system.commands.which("virt-what").and_then(|_| first_line("virt-what"));
    // virt-what(1) has other words for some.
    match what.as_deref() {
        None => of_firmware(system),
        Some("ibm_systemz-zvm") => "zvm".to_owned(),
        Some("hyperv") => "microsoft".to_owned(),
        Some("virtualbox") => "oracle".to_owned(),
        Some("xen-domU") => "xen".to_owned(),
        Some(other) => other.to_owned(),
    }
}

fn of_firmware(system: &System) -> String {
    let known = FIELDS.iter().find_map(|field| {
        let value = system.files.text(&Path::new("/sys/class/dmi/id").join(field))?;
        FIRMWARE.iter().find(|(start, _)| value.starts_with(start)).map(|(_, name)| *name)
    });
    let processor = || system.files.text(Path::new("/proc/cpuinfo")).unwrap_or_default();
    match known {
        Some(name) => name.to_owned(),
        None if has_no_hypervisor(&processor()) => "none".to_owned(),
        None => String::new(),
    }
}

/// Whether this is an x86 processor whose flags show no hypervisor.
fn has_no_hypervisor(cpuinfo: &str) -> bool {
    let flags = cpuinfo.lines().find_map(|line| line.strip_prefix("flags")?.split_once(':'));
    flags.is_some_and(|(_, flags)| !flags.split_ascii_whitespace().any(|flag| flag == "hypervisor"))
}
