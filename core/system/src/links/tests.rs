use super::*;
use crate::Scratch;

fn links(root: Scratch) -> (SysLinks, Recording) {
    let recording = Recording::default();
    (SysLinks::of_root(Arc::new(root), recording.clone()), recording)
}

/// sysfs-class-net in the kernel's documentation (ABI): one value per file. A switch's port, a VLAN of it, a bond with its
/// members, and a standby device of virtio's failover.
#[test]
fn devices_are_described_by_sysfs() {
    let net = |path: &str| format!("{NET}/{path}");
    let features = |standby: &str| format!("{}{standby}{}\n", "0".repeat(62), "1");
    let root = Scratch::new()
        .file(&net("bonding_masters"), "bond0\n")
        .file(&net("eth0/ifindex"), "2\n")
        .file(&net("eth0/address"), "FA:16:3E:00:00:01\n")
        .file(&net("eth0/operstate"), "up\n")
        .file(&net("eth0/carrier"), "1\n")
        .file(&net("eth0/addr_assign_type"), "3\n")
        .file(&net("eth0/type"), "1\n")
        .file(&net("eth0/mtu"), "9000\n")
        .file(&net("eth0/dev_id"), "0x0\n")
        .file(&net("eth0/name_assign_type"), "4\n")
        .file(&net("eth0/uevent"), "INTERFACE=eth0\nIFINDEX=2\n")
        .file(&net("eth0/device/device"), "0x1000\n")
        .file(&net("eth0/device/features"), features("1"))
        .link(&net("eth0/device/driver"), "../../../../bus/virtio/drivers/virtio_net")
        .link(&net("eth0/master"), "../bond0")
        .file(&net("eth0/bonding_slave/perm_hwaddr"), "FA:16:3E:00:00:02\n")
        .directory(&net("bond0/bonding"))
        .file(&net("bond0/carrier"), "0\n")
        .file(&net("br0/bridge/stp_state"), "0\n")
        .file(&net("br0/uevent"), "DEVTYPE=bridge\n")
        .file(&net("eth0.5/uevent"), "INTERFACE=eth0.5\nDEVTYPE=vlan\n")
        .file(&net("eth1/device/features"), features("0"))
        .link(&net("eth1/master"), "../bond0")
        .file(&net("eth1/bonding_slave/perm_hwaddr"), "\n")
        .file(&net("eth2/device/features"), features("1"));
    let (system, _) = links(root);
    let found = system.links().expect("readable");
    let names: Vec<&str> = found.iter().map(|link| link.name.as_str()).collect();
    assert_eq!(names, ["bond0", "br0", "eth0", "eth0.5", "eth1", "eth2"], "a file is no device");
    let [bond, bridge, port, vlan, member, alone] = &found[..] else { panic!("six") };
    let expected = Link {
        name: "eth0".to_owned(),
        index: 2,
        mac: "fa:16:3e:00:00:01".to_owned(),
        permanent_mac: Some("fa:16:3e:00:00:02".to_owned()),
        operstate: "up".to_owned(),
        carrier: Some(true),
        address_assigned: Some(3),
        hardware_type: 1,
        driver: Some("virtio_net".to_owned()),
        device_id: Some("0x1000".to_owned()),
        physical: true,
        device_type: None,
        bridge: false,
        bond: false,
        vlan: false,
        master: Some("bond0".to_owned()),
        failover_standby: true,
        name_assigned: Some(4),
        mtu: Some(9000),
        dev_id: Some("0x0".to_owned()),
    };
    assert_eq!(*port, expected);
    assert!(bond.bond && !bond.bridge && !bond.physical && bond.carrier == Some(false));
    assert!(bridge.bridge && !bridge.bond && !bridge.vlan && bridge.carrier.is_none());
    assert_eq!(bridge.device_type.as_deref(), Some("bridge"));
    assert!(vlan.vlan && vlan.device_type.as_deref() == Some("vlan"));
    // Neither bit nor master alone makes a standby.
    assert!(!member.failover_standby && !alone.failover_standby);
    assert_eq!((member.permanent_mac.as_ref(), member.index, member.hardware_type), (None, 0, 0));
    assert!(links(Scratch::new()).0.links().expect("no error").is_empty());
}

#[test]
fn a_root_alone_has_no_kernel() {
    let (system, recording) = links(Scratch::new());
    assert!(system.addresses("eth0").expect("none").is_empty());
    assert!(system.routes().expect("none").is_empty());
    system.rename("eth0", "wan").expect("nothing happens");
    system.set_up("eth0", true).expect("nothing happens");
    assert!(!system.watch().expect("nothing to watch").wait(Duration::from_secs(60)).expect("at once"));
    assert!(recording.effects().is_empty());
    assert_eq!(system.events().expect("none").next(Duration::from_secs(60)).expect("at once"), None);
    let kinds: Vec<EffectKind> = recording.effects().into_iter().map(|effect| effect.kind).collect();
    assert!(matches!(kinds[..], [EffectKind::AwaitLinks]), "{kinds:?}");
}

/// A device that does not exist is named: netdevice(7), ENODEV.
#[test]
fn the_kernel_is_asked_and_its_errors_name_the_device() {
    let system = SysLinks::of_kernel(Arc::new(Scratch::new()));
    let missing = "no-such-device0";
    for error in
        [system.addresses(missing).map(drop), system.rename(missing, "wan"), system.set_up(missing, true)]
    {
        let error = error.expect_err("no such device").to_string();
        assert!(error.contains(missing), "{error}");
    }
    let local = system.addresses("lo").expect("every machine has it");
    assert!(local.iter().all(|found| found.address.is_loopback()), "{local:?}");
}
