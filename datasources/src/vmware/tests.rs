use model::datasource::SourceStage;
use serde_json::json;
use system::Scratch;

use super::*;

#[test]
fn cases() {
    crate::testing::run_cases("vmware", &VMware);
}

#[test]
fn drivers_of_the_metadata_take_precedence() {
    let rules = |metadata: Value| udev_rules(metadata.as_object().expect("a mapping")).expect("rules");
    let usual = "\nENV{ID_NET_DRIVER}==\"e1000|e1000e|vlance|vmxnet2|vmxnet3|vrdma\", GOTO=\"cloudinit_hook\"\n\
                 GOTO=\"cloudinit_end\"\n";
    assert_eq!(rules(json!({})), usual);
    assert_eq!(
        rules(json!({"network-drivers": [" a ", "b"]})),
        "\nENV{ID_NET_DRIVER}==\"a|b\", GOTO=\"cloudinit_hook\"\nGOTO=\"cloudinit_end\"\n"
    );
}

#[test]
fn events_are_sorted() {
    assert_eq!(events_text(EVENTS), "network=boot;boot-new-instance;hotplug");
    assert_eq!(events_text(&[]), "network=");
}

#[test]
fn a_plan_does_not_wait_for_a_specification_in_real_time() {
    let scratch = Scratch::new()
        .file("/sys/class/dmi/id/product_name", "VMware7,1\n")
        .file("/usr/lib/open-vm-tools/plugins/vmsvc/libdeployPkgPlugin.so", "");
    let http = std::sync::Arc::new(system::TreeHttp::new(std::sync::Arc::new(Scratch::new()), None));
    let machine = crate::testing::Machine::with_http(scratch, http);
    assert!(machine.crawl(&VMware, SourceStage::Local).expect("no error").is_none());
    assert_eq!(machine.system.clock.monotonic().as_secs(), 15);
}
