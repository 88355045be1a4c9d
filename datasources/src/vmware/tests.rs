use std::sync::Arc;

use model::datasource::SourceStage;
use model::effects::{Address, Link, LinkChanges, LinkError, LinkEvents, Links, Route};
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

/// The devices of a machine, of which the only one has these addresses and the default route.
struct Online(Arc<dyn Links>, Vec<Address>);

impl Links for Online {
    fn links(&self) -> Result<Vec<Link>, LinkError> {
        Ok(vec![Link { name: "ens1".to_owned(), ..Link::default() }])
    }
    fn addresses(&self, _link: &str) -> Result<Vec<Address>, LinkError> {
        Ok(self.1.clone())
    }
    fn routes(&self) -> Result<Vec<Route>, LinkError> {
        let route = |destination: &str| Route {
            destination: destination.parse().expect("valid"), interface: "ens1".to_owned(), ..Route::default() };
        Ok(vec![route("0.0.0.0"), route("::")])
    }
    fn rename(&self, from: &str, to: &str) -> Result<(), LinkError> {
        self.0.rename(from, to)
    }
    fn set_up(&self, link: &str, up: bool) -> Result<(), LinkError> {
        self.0.set_up(link, up)
    }
    fn watch(&self) -> Result<Box<dyn LinkChanges>, LinkError> {
        self.0.watch()
    }
    fn events(&self) -> Result<Box<dyn LinkEvents>, LinkError> {
        self.0.events()
    }
}

/// The original's `advertise_local_ip_addrs`, and the network configuration as metadata.
#[test]
fn a_complete_machine_tells_the_hypervisor_its_addresses() {
    let network = || Some(NetworkConfig::from_json(json!({"version": 2}), "t"));
    for (addresses, transport, given, told, shown) in [
        (&[("192.0.2.5", 24), ("2001:db8::5", 64)][..], "guestinfo", json!({}), &["ipv4 192.0.2.5", "ipv6 2001:db8::5/64"][..], 2),
        (&[("192.0.2.5", 24)], "imc", json!({"network": {"config": {"version": 1}}}), &["ipv4 192.0.2.5"], 1),
        (&[("192.0.2.5", 24)], "envvar", json!({}), &[], 2),
        (&[], "guestinfo", json!({}), &[], 2),
    ] {
        let scratch = Scratch::new().program("/usr/bin/vmware-rpctool");
        let http = Arc::new(system::TreeHttp::new(Arc::new(Scratch::new()), None));
        let mut machine = crate::testing::Machine::with_http(scratch, http);
        let address = |(text, prefix): &(&str, u8)| Address::new(text.parse().expect("valid"), *prefix);
        machine.system.links =
            Arc::new(Online(machine.system.links.clone(), addresses.iter().map(address).collect()));
        let instance = Instance {
            subplatform: format!("{transport} (x)"),
            metadata: given.clone(),
            network: network(),
            ..Instance::default()
        };
        let platform = machine.platform();
        let settled = Settled { platform: &platform, instance: &instance, new: true };
        let complete = VMware.complete(&settled).expect("no error").expect("an instance");
        let lines: Vec<String> =
            told.iter().map(|line| format!("/usr/bin/vmware-rpctool info-set guestinfo.local-{line}")).collect();
        assert_eq!(machine.recording.commands(), lines, "{transport} {addresses:?}");
        assert_eq!(complete.metadata["network"]["config"]["version"], shown, "{transport} {addresses:?}");
        assert!(complete.metadata["network"]["interfaces"].is_object(), "{transport} {addresses:?}");
    }
}

#[test]
fn a_plan_does_not_wait_for_a_specification_in_real_time() {
    let scratch = Scratch::new()
        .file("/sys/class/dmi/id/product_name", "VMware7,1\n")
        .file("/usr/lib/open-vm-tools/plugins/vmsvc/libdeployPkgPlugin.so", "");
    let http = Arc::new(system::TreeHttp::new(Arc::new(Scratch::new()), None));
    let machine = crate::testing::Machine::with_http(scratch, http);
    assert!(machine.crawl(&VMware, SourceStage::Local).expect("no error").is_none());
    assert_eq!(machine.system.clock.monotonic().as_secs(), 15);
}

/// The original's ds-identify: `vmware_guest_customization` and `vmware_raw_data_enabled`, with `find -maxdepth`.
#[test]
fn customizations_that_may_come() {
    use imc::Customization::{Disabled, Enabled, RawOnly};
    let plugin = "libdeployPkgPlugin.so";
    let near = format!("/usr/lib/open-vm-tools/{plugin}");
    let deep = format!("/usr/lib64/vmware-tools/a/b/c/d/{plugin}");
    let too_deep = format!("/usr/lib64/vmware-tools/a/b/c/d/e/{plugin}");
    let own = "datasource: {VMware: {allow_raw_data: false}}";
    for (file, config, expected) in [
        (near.as_str(), "disable_vmware_customization: false", Enabled),
        (&deep, "disable_vmware_customization: false", Enabled),
        (&too_deep, "disable_vmware_customization: false", Disabled),
        ("/usr/lib/open-vm-tools/other.so", "disable_vmware_customization: false", Disabled),
        (&near, "disable_vmware_customization: true", RawOnly),
        (&near, "", RawOnly),
        (&near, own, Disabled),
        (&near, &format!("disable_vmware_customization: false\n{own}"), Enabled),
        (&too_deep, "", Disabled),
    ] {
        let http = Arc::new(system::TreeHttp::new(Arc::new(Scratch::new()), None));
        let machine = crate::testing::Machine::with_http(Scratch::new().file(file, ""), http).config(config);
        assert_eq!(imc::may_come(&machine.platform()), expected, "{file} {config}");
    }
}

/// The original's ds-identify: `has_vmware_env_var` and `vmware_guestinfo`.
#[test]
fn evidence_of_data() {
    let get = "/usr/bin/vmtoolsd --cmd info-get guestinfo";
    for (virtualization, variables, printed, expected) in [
        ("kvm", &[][..], None, Identified::No),
        ("docker", &[("VMX_GUESTINFO", "1"), ("VMX_GUESTINFO_USERDATA", "x")], None, Identified::Found),
        ("docker", &[("VMX_GUESTINFO", "1"), ("VMX_GUESTINFO_VENDORDATA", "x")], None, Identified::Found),
        ("docker", &[("VMX_GUESTINFO", "1"), ("VMX_GUESTINFO_USERDATA", "")], None, Identified::No),
        ("docker", &[("VMX_GUESTINFO", ""), ("VMX_GUESTINFO_USERDATA", "x")], None, Identified::No),
        ("docker", &[("VMX_GUESTINFO_USERDATA", "x")], None, Identified::No),
        ("vmware", &[], Some(("metadata", "---")), Identified::No),
        ("vmware", &[], Some(("metadata", "a")), Identified::Found),
        ("vmware", &[], Some(("vendordata", "#!/bin/sh")), Identified::Found),
        ("kvm", &[], Some(("metadata", "a")), Identified::No),
    ] {
        let scratch = Scratch::new().program("/usr/bin/vmtoolsd");
        let http = Arc::new(system::TreeHttp::new(Arc::new(Scratch::new()), None));
        let mut machine = crate::testing::Machine::with_http(scratch, http).virtualization(virtualization);
        if let Some((name, text)) = printed {
            let answering = system::Answering::over(&machine.system).prints(&format!("{get}.{name}"), text);
            machine.system.commands = Arc::new(answering);
        }
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let given = system::Given::over(&machine.system).variables(variables.iter().map(own).collect());
        machine.system.environment = Arc::new(given);
        assert_eq!(machine.identify(&VMware), expected, "{virtualization} {variables:?} {printed:?}");
    }
}
