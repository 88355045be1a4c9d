//! The embedded examples.

use std::path::PathBuf;
use std::sync::Arc;

use model::effects::{BlockDevice, ReadFiles};
use system::Scratch;

use super::{Inputs, PlanError, Script, roots, source_list};

/// An example: where its files belong in the tree or the seed, and their content.
struct Example {
    name: &'static str,
    about: &'static str,
    distro: &'static str,
    kind: Kind,
    files: &'static [(&'static str, &'static str)],
}

/// How the files reach the machine.
enum Kind {
    /// Responses of a metadata service, with the DMI product name of its platform and its name in `datasource_list`.
    Service(&'static str, &'static str),
    /// A NoCloud seed directory.
    Seed,
    /// A device labelled config-2.
    ConfigDrive,
}

macro_rules! embedded {
    ($($name:literal: [$($path:literal),* $(,)?]),* $(,)?) => {
        fn files_of(name: &str) -> &'static [(&'static str, &'static str)] {
            match name {
                $($name => &[$(($path, include_str!(concat!("../../../examples/", $name, "/", $path)))),*],)*
                _ => &[],
            }
        }
    };
}

embedded! {
    "openstack-centos7": [
        "openstack/2018-08-27/meta_data.json",
        "openstack/2018-08-27/network_data.json",
        "openstack/2018-08-27/user_data",
        "openstack/2018-08-27/vendor_data.json",
        "openstack/latest/meta_data.json",
        "openstack/index",
    ],
    "nocloud-ubuntu": ["meta-data", "user-data", "network-config"],
    "configdrive-rocky": [
        "openstack/latest/meta_data.json",
        "openstack/latest/network_data.json",
        "openstack/latest/user_data",
    ],
}

fn all() -> [Example; 3] {
    [
        Example {
            name: "openstack-centos7",
            about: "an OpenStack server on CentOS 7: a script sets root's password, DHCP on eth0",
            distro: "centos:7",
            kind: Kind::Service("OpenStack Nova", "OpenStack"),
            files: files_of("openstack-centos7"),
        },
        Example {
            name: "nocloud-ubuntu",
            about: "a NoCloud seed on Ubuntu: users, packages, files and commands",
            distro: "ubuntu",
            kind: Kind::Seed,
            files: files_of("nocloud-ubuntu"),
        },
        Example {
            name: "configdrive-rocky",
            about: "a config drive on Rocky Linux: a static bond with a VLAN",
            distro: "rocky",
            kind: Kind::ConfigDrive,
            files: files_of("configdrive-rocky"),
        },
    ]
}

/// The names, each with a description.
pub(super) fn list() -> Vec<(&'static str, &'static str)> {
    all().iter().map(|example| (example.name, example.about)).collect()
}

/// The inputs of an example.
pub(super) fn inputs(name: &str) -> Result<Inputs, PlanError> {
    let Some(example) = all().into_iter().find(|example| example.name == name) else {
        let names = list();
        let near = model::nearest(name, names.iter().map(|(name, _)| *name));
        let hint = near.map(|near| format!(", did you mean {near}?")).unwrap_or_default();
        return Err(PlanError::Example { name: name.to_owned(), hint });
    };
    let (root, mut files) = roots::built_in(example.distro)?;
    let mut inputs = Inputs {
        root,
        files: Vec::new(),
        tree: None,
        urls: None,
        fetch: false,
        devices: Vec::new(),
        script: Script::default(),
    };
    match example.kind {
        Kind::Service(product, source) => {
            files.push(("/sys/class/dmi/id/product_name".into(), format!("{product}\n").into_bytes()));
            files.push(source_list(source));
            let tree = example
                .files
                .iter()
                .fold(Scratch::new(), |tree, (path, content)| tree.file(&format!("/{path}"), content));
            let tree: Arc<dyn ReadFiles> = Arc::new(tree);
            inputs.tree = Some((tree, PathBuf::from("/")));
        }
        Kind::Seed => {
            files.extend(example.files.iter().map(|(path, content)| {
                (PathBuf::from("/var/lib/cloud/seed/nocloud").join(path), content.as_bytes().to_vec())
            }));
            files.push(source_list("NoCloud"));
        }
        Kind::ConfigDrive => {
            let mounted = PathBuf::from("/example-config-drive");
            files.extend(
                example.files.iter().map(|(path, content)| (mounted.join(path), content.as_bytes().to_vec())),
            );
            files.push(source_list("ConfigDrive"));
            for (number, mac) in [(0, "52:54:00:aa:00:01"), (1, "52:54:00:aa:00:02")] {
                let base = PathBuf::from(format!("/sys/class/net/ens{}", number + 3));
                for (name, value) in [
                    ("address", mac),
                    ("type", "1"),
                    ("operstate", "down"),
                    ("addr_assign_type", "0"),
                    ("device/uevent", ""),
                ] {
                    files.push((base.join(name), format!("{value}\n").into_bytes()));
                }
            }
            let device = BlockDevice {
                path: "/dev/sdb1".into(),
                filesystem: Some("vfat".into()),
                label: Some("config-2".into()),
                size: 64 << 20,
                partition: true,
                ..BlockDevice::default()
            };
            inputs.devices.push((device, mounted));
        }
    }
    inputs.files = files;
    Ok(inputs)
}
