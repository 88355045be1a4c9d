//! A second opinion on which firmware is which cloud: systemd's table for `systemd-imds`.
//!
//! Source: `hwdb.d/40-imds.hwdb` of systemd 261. It compares a modalias, whose values have no spaces. Its Tencent Cloud is
//! no source of upstream's: there, ds-identify finds a configuration drive.

use std::sync::Arc;

use model::Identified;
use system::Scratch;

use crate::testing::{Machine, Scripted};

/// A pattern of the table: the source, the field of the modalias, the file of /sys/class/dmi/id that the source compares,
/// and the value.
struct Row(&'static str, &'static str, &'static str, &'static str);

const TABLE: &[Row] = &[
    Row("Azure", "cat", "chassis_asset_tag", "7783-7084-3265-9085-8269-3286-77"),
    Row("GCE", "pn", "product_name", "GoogleComputeEngine"),
    Row("Hetzner", "bvn", "sys_vendor", "Hetzner"),
    Row("Oracle", "cat", "chassis_asset_tag", "OracleCloud.com"),
    Row("Scaleway", "svn", "sys_vendor", "Scaleway"),
    Row("Vultr", "bvn", "sys_vendor", "Vultr"),
];

/// What the two compare differently: systemd the firmware's vendor `Amazon EC2` and the vendor `Alibaba Cloud`, upstream a
/// UUID and the product `Alibaba Cloud ECS`. And Tencent Cloud.
const OTHERS: &[&str] = &["AmazonEC2", "AlibabaCloud", "TencentCloud"];

#[test]
fn sources_find_the_machines_of_the_table() {
    for source in crate::all() {
        let about = source.about();
        let Some(Row(name, _, file, value)) = TABLE.iter().find(|row| row.0 == about.name) else { continue };
        // The spelling with spaces is the source's; without them it is the table's.
        let (_, own) = about
            .evidence
            .dmi
            .iter()
            .find(|(known, _)| known == file)
            .expect("the source compares this file");
        assert_eq!(own.replace(' ', ""), **value, "{name}");
        let scratch = about.evidence.dmi.iter().fold(Scratch::new(), |scratch, (known, own)| {
            scratch.file(&format!("/sys/class/dmi/id/{known}"), format!("{own}\n"))
        });
        let machine = Machine::with_http(scratch, Arc::new(Scripted::new(&[])));
        assert_eq!(machine.identify(source.as_ref()), Identified::Found, "{name}");
        for (other, _) in about.evidence.dmi.iter().filter(|(known, _)| known == file) {
            let scratch = Scratch::new().file(&format!("/sys/class/dmi/id/{other}"), "Another\n");
            let machine = Machine::with_http(scratch, Arc::new(Scripted::new(&[])));
            assert_eq!(machine.identify(source.as_ref()), Identified::No, "{name}");
        }
    }
}

#[test]
#[ignore = "needs sid"]
fn the_table_is_that_of_systemd() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/oracle/sid/usr/lib/udev/hwdb.d/40-imds.hwdb");
    let files = system::Host::system(None, Arc::new(Scripted::new(&[]))).files;
    let text = files.text(std::path::Path::new(path)).expect("a root with systemd 261");
    let patterns: Vec<&str> = text.lines().filter(|line| line.starts_with("dmi:")).collect();
    for Row(name, field, _, value) in TABLE {
        let pattern = format!(":{field}{value}:");
        assert!(patterns.iter().any(|known| known.contains(&pattern)), "{name}: {patterns:?}");
    }
    for vendor in OTHERS {
        assert!(patterns.iter().any(|known| known.contains(vendor)), "{vendor}: {patterns:?}");
    }
    assert_eq!(patterns.len(), TABLE.len() + OTHERS.len(), "{patterns:?}");
}
