//! Which cloud provides EC2's metadata, according to the firmware.

use std::path::Path;

use model::Platform;

/// A cloud with EC2's metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cloud {
    /// Amazon.
    Aws,
    /// Brightbox.
    Brightbox,
    /// ZStack.
    ZStack,
    /// e24cloud.
    E24,
    /// 3DS Outscale.
    Outscale,
    /// Tilaa.
    Tilaa,
    /// Nothing indicates such a service.
    Unknown,
    /// A cloud with EC2's metadata but a source of its own.
    Elsewhere,
}

impl Cloud {
    /// `cloud_name` of the instance.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::Brightbox => "brightbox",
            Self::ZStack => "zstack",
            Self::E24 => "e24cloud",
            Self::Outscale => "outscale",
            Self::Tilaa => "tilaa",
            Self::Unknown => "unknown",
            Self::Elsewhere => "no-ec2-metadata",
        }
    }

    /// Whether its service provides session tokens (IMDSv2).
    pub(super) fn has_tokens(self) -> bool {
        self == Self::Aws
    }
}

/// Whether a UUID is one of Amazon's: it starts with `ec2`, in either byte order of its first field (SMBIOS 2.6 writes
/// the first three fields in little endian).
fn is_amazons(uuid: &str) -> bool {
    let first = uuid.split('-').next().unwrap_or_default();
    let swapped = first.len() == 8 && first.is_ascii() && {
        let bytes: Vec<&str> = (0..4).rev().filter_map(|byte| first.get(byte * 2..byte * 2 + 2)).collect();
        bytes.concat().starts_with("ec2")
    };
    uuid.starts_with("ec2") || swapped
}

/// The cloud of this machine.
pub(super) fn identify(platform: &Platform<'_>) -> Cloud {
    let dmi = |name: &str| platform.dmi(name).unwrap_or_default().to_lowercase();
    // Xen shows the UUID here, and not always in DMI.
    let hypervisor =
        platform.files().text(Path::new("/sys/hypervisor/uuid")).map(|text| text.trim().to_lowercase());
    let uuid = hypervisor.filter(|uuid| !uuid.is_empty()).unwrap_or_else(|| dmi("product_uuid"));
    let (vendor, product) = (dmi("sys_vendor"), dmi("product_name"));
    if is_amazons(&uuid) {
        Cloud::Aws
    } else if dmi("product_serial").ends_with(".brightbox.com") {
        Cloud::Brightbox
    } else if dmi("chassis_asset_tag").ends_with(".zstack.io") {
        Cloud::ZStack
    } else if vendor == "e24cloud" {
        Cloud::E24
    } else if product == "3ds outscale vm" && vendor == "3ds outscale" {
        Cloud::Outscale
    } else if vendor == "tilaa" {
        Cloud::Tilaa
    } else if product == "alibaba cloud ecs" {
        Cloud::Elsewhere
    } else {
        Cloud::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use crate::testing::Machine;

    fn machine(scratch: system::Scratch) -> Machine {
        let nobody = system::TreeHttp::new(Arc::new(system::Scratch::new()), None);
        Machine::with_http(scratch, Arc::new(nobody))
    }

    #[test]
    fn firmware_names_the_cloud() {
        // The UUIDs are the examples in Amazon's guide "Identify EC2 Linux instances".
        let cases: [(&[(&str, &str)], Cloud); 19] = [
            (&[], Cloud::Unknown),
            (&[("sys_vendor", "3DS Outscale")], Cloud::Unknown),
            (&[("product_name", "3DS Outscale VM")], Cloud::Unknown),
            (&[("product_serial", "brightbox.com")], Cloud::Unknown),
            (&[("product_serial", "srv-1.brightbox.com.example.org")], Cloud::Unknown),
            (&[("chassis_asset_tag", "zstack.io")], Cloud::Unknown),
            (&[("sys_vendor", "e24cloud.example.org")], Cloud::Unknown),
            (&[("product_uuid", "ec2")], Cloud::Aws),
            (&[("product_uuid", "45E12AEC")], Cloud::Aws),
            (&[("product_uuid", "5E12AEC-DCD1-B213-94ED-012345ABCDEF")], Cloud::Unknown),
            (&[("product_uuid", "EC2E1916-9099-7CAF-FD21-012345ABCDEF")], Cloud::Aws),
            (&[("product_uuid", "45E12AEC-DCD1-B213-94ED-012345ABCDEF")], Cloud::Aws),
            (&[("product_uuid", "45E12EC2-DCD1-B213-94ED-012345ABCDEF")], Cloud::Unknown),
            (&[("product_serial", "srv-1.gb1.brightbox.com")], Cloud::Brightbox),
            (&[("chassis_asset_tag", "123456.zstack.io")], Cloud::ZStack),
            (&[("sys_vendor", "e24cloud")], Cloud::E24),
            (&[("sys_vendor", "3DS Outscale"), ("product_name", "3DS Outscale VM")], Cloud::Outscale),
            (&[("sys_vendor", "Tilaa")], Cloud::Tilaa),
            (&[("product_name", "Alibaba Cloud ECS")], Cloud::Elsewhere),
        ];
        for (values, expected) in cases {
            let mut scratch = system::Scratch::new();
            for (name, value) in values {
                scratch = scratch.file(&format!("/sys/class/dmi/id/{name}"), format!("{value}\n"));
            }
            let machine = machine(scratch);
            assert_eq!(identify(&machine.platform()), expected, "{values:?}");
        }
        let xen =
            system::Scratch::new().file("/sys/hypervisor/uuid", "ec2e1916-9099-7caf-fd21-012345abcdef\n");
        assert_eq!(identify(&machine(xen).platform()), Cloud::Aws);
    }
}
