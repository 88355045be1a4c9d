//! A container, which sees the disks of its host in /sys and has none of them in /dev.

use model::effects::BlockDevice;

use crate::machine::{Machine, image, seeded};

#[test]
fn the_hosts_disk_is_not_resized() {
    let user_data = "#cloud-config\nresize_rootfs: true\ngrowpart: {mode: auto, devices: [/, /dev/vda]}\n";
    let device = |path: &str| BlockDevice { path: path.into(), ..BlockDevice::default() };
    for mounted in ["/dev/vda1", "/dev/root", "overlay"] {
        let root = seeded(image(), "i-one", user_data)
            .device(device("/dev/vda"), "/nothing")
            .device(device("/dev/vda1"), "/nothing")
            .file("/proc/1/environ", "container=systemd-nspawn\0")
            .file("/proc/self/mountinfo", format!("22 1 252:1 / / rw shared:1 - ext4 {mounted} rw\n"))
            .node("/dev/null")
            .program("/usr/sbin/resize2fs")
            .program("/usr/bin/growpart");
        let booted = Machine::new(root).boot();
        assert!(!booted.ran("resize2fs") && !booted.ran("growpart"), "{mounted}: {:?}", booted.commands);
        assert_eq!(booted.warnings(), Vec::<&str>::new(), "{mounted}");
        assert_eq!(booted.all_errors(), Vec::<&str>::new(), "{mounted}");
    }
}
