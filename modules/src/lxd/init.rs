//! `lxd init`, and the packages of storage backends.

use model::distro::PackageSpec;
use model::effects::Command;
use model::module::Report;
use model::{Context, ModuleError, Node};

use super::Wanted;
use crate::installers;

/// Options of `lxd init`, in the order in which they are passed.
const OPTIONS: &[&str] = &[
    "network_address",
    "network_port",
    "storage_backend",
    "storage_create_device",
    "storage_create_loop",
    "storage_pool",
    "trust_password",
];

/// Storage backends, the program that each needs and its package.
const BACKENDS: &[(&str, &str, &str)] = &[
    ("zfs", "zfs", "zfsutils-linux"),
    ("lvm", "lvcreate", "lvm2"),
    ("btrfs", "mkfs.btrfs", "btrfs-progs"),
];

/// The missing packages of the storage backends.
pub(super) fn packages(context: &Context<'_>, wanted: &Wanted<'_>, report: &mut Report) -> Vec<PackageSpec> {
    let mut drivers: Vec<String> = Vec::new();
    drivers.extend(wanted.init.and_then(|init| init.get("storage_backend")).and_then(Node::scalar_text));
    if let Some(preseed) = wanted.preseed.filter(|text| text.contains("storage_pools")) {
        match Node::from_yaml("lxd.preseed", preseed.as_bytes()) {
            Ok(parsed) => {
                let pools = parsed.as_ref().and_then(|node| node.get("storage_pools"));
                let pools = pools.and_then(Node::as_list).unwrap_or_default();
                drivers.extend(pools.iter().filter_map(|pool| pool.get("driver")?.scalar_text()));
            }
            Err(_) => report.warn(
                None,
                "lxd.preseed string value is not YAML.  Unable to determine required storage driver packages to \
                 support storage_pools config.",
            ),
        }
    }
    let is_missing = |(backend, program, _): &&(&str, &str, &str)| {
        drivers.iter().any(|driver| driver == backend) && context.system.commands.which(program).is_none()
    };
    BACKENDS.iter().filter(is_missing).map(|(_, _, package)| PackageSpec::named(*package)).collect()
}

/// Runs `lxd init --auto`; if it fails with lvm, once more with a pool without thin provisioning.
pub(super) fn run(context: &Context<'_>, options: &Node) -> Result<(), ModuleError> {
    let text = |name: &str| match options.get(name).filter(|node| node.is_truthy()) {
        None => Ok(None),
        Some(node) => node.scalar_text().map(Some).ok_or_else(|| {
            super::invalid(node, format!("expected text, found {}", node.value.a_kind()))
        }),
    };
    let command = |left_out: Option<&str>| -> Result<Command, ModuleError> {
        let mut command = Command::line(["lxd", "init", "--auto"]);
        for name in OPTIONS.iter().filter(|name| Some(**name) != left_out) {
            let Some(value) = text(name)? else { continue };
            let arg = format!("--{}={value}", name.replace('_', "-"));
            command = if *name == "trust_password" { command.secret_arg(arg) } else { command.arg(arg) };
        }
        Ok(command)
    };
    let Err(error) = installers::run_installed(context, &command(None)?) else { return Ok(()) };
    if text("storage_backend")?.as_deref() != Some("lvm") {
        return Err(error.into());
    }
    tracing::info!(
        "Cloud-init doesn't use thinpool by default on Ubuntu due to LP #1982780. This behavior will change in the \
         future."
    );
    let create = ["lxc", "storage", "create", "default", "lvm", "lvm.use_thinpool=false"];
    context.system.commands.run(&Command::line(create))?;
    context.system.commands.run(&command(Some("storage_backend"))?)?;
    Ok(())
}
