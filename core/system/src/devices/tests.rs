use std::path::Path;
use std::process::Command;

use model::effects::{Devices as _, Tree};
use proptest::prelude::*;

use super::{HostDevices, identify_image, open_image};

/// A directory like on a config drive or a seed: long names, directories, an empty file, a file of several clusters.
fn source() -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let write = |path: &str, content: &[u8]| {
        let path = directory.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        std::fs::write(path, content).expect("written");
    };
    write("meta-data", b"instance-id: iid-1\n");
    write("user-data", &big());
    write("vendor-data", b"");
    write("openstack/2018-08-27/meta_data.json", b"{}");
    write(
        "openstack/latest/a name with blanks and more than sixty-four characters, which Joliet cuts.txt",
        b"long",
    );
    directory
}

fn big() -> Vec<u8> {
    (0..20_000_u32).flat_map(u32::to_le_bytes).collect()
}

/// Runs a program of the machine (Debian: genisoimage, dosfstools, mtools, e2fsprogs), also one that an ordinary
/// user's PATH does not reach.
fn run(program: &str, arguments: &[&str]) {
    let found = ["/usr/sbin", "/sbin"].map(|directory| Path::new(directory).join(program));
    let found = found.into_iter().find(|path| path.exists()).unwrap_or_else(|| program.into());
    let output = Command::new(found).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn read(tree: &dyn Tree, path: &str) -> Option<Vec<u8>> {
    tree.read(path).expect("readable")
}

/// The expectations for every image of [`source`].
fn check(image: Vec<u8>, filesystem: &str, label: &str, long_names: bool) {
    let name = Path::new("image");
    let found = identify_image(name, &image);
    assert_eq!((found.path.as_path(), found.size, found.partition), (name, image.len() as u64, false));
    assert_eq!(found.filesystem.as_deref(), Some(filesystem));
    assert_eq!(found.label.as_deref(), Some(label));
    let tree = open_image(name, image).expect("an image");
    let tree = tree.as_ref();
    assert_eq!(read(tree, "meta-data").as_deref(), Some(b"instance-id: iid-1\n".as_slice()));
    assert_eq!(read(tree, "user-data"), Some(big()));
    assert_eq!(read(tree, "vendor-data"), Some(Vec::new()));
    assert_eq!(read(tree, "openstack/2018-08-27/meta_data.json").as_deref(), Some(b"{}".as_slice()));
    assert_eq!(tree.list("openstack").expect("a directory"), ["2018-08-27", "latest"]);
    assert_eq!(tree.list("").expect("a directory"), ["meta-data", "openstack", "user-data", "vendor-data"]);
    assert_eq!(read(tree, "network-config"), None);
    assert_eq!(read(tree, "openstack"), None, "a directory is no file");
    assert_eq!(read(tree, "meta-data/x"), None);
    assert!(tree.list("nowhere").expect("no error").is_empty());
    if long_names {
        let path =
            "openstack/latest/a name with blanks and more than sixty-four characters, which Joliet cuts.txt";
        assert_eq!(read(tree, path).as_deref(), Some(b"long".as_slice()));
    }
}

/// An image created by genisoimage with some options.
fn disc(options: &[&str]) -> Vec<u8> {
    let (source, out) = (source(), tempfile::tempdir().expect("a directory"));
    let image = out.path().join("image.iso").display().to_string();
    let root = source.path().display().to_string();
    let mut arguments = vec!["-quiet", "-V", "cidata", "-o", &image];
    arguments.extend(options);
    arguments.push(&root);
    run("genisoimage", &arguments);
    std::fs::read(&image).expect("the image")
}

#[test]
#[ignore = "needs genisoimage"]
fn discs_with_rock_ridge_and_joliet() {
    for (options, long_names) in
        // The last has UDF beside it, as Azure's medium has.
        [
            (["-r", "-J"].as_slice(), true),
            (&["-r"], true),
            (&["-J", "-joliet-long"], true),
            (&["-J"], false),
            (&["-r", "-udf"], true),
        ]
    {
        check(disc(options), "iso9660", "cidata", long_names);
    }
}

#[test]
#[ignore = "needs genisoimage"]
fn a_disc_with_neither_has_short_names() {
    let image = disc(&["-l", "-allow-lowercase", "-allow-multidot", "-relaxed-filenames"]);
    let tree = open_image(Path::new("image"), image).expect("an image");
    assert_eq!(
        tree.read("META-DATA").expect("readable").as_deref(),
        Some(b"instance-id: iid-1\n".as_slice())
    );
}

/// An image made by mkfs.vfat and mtools.
fn fat(bits: &str, kilobytes: u64, extra: &[&str]) -> Vec<u8> {
    let (source, out) = (source(), tempfile::tempdir().expect("a directory"));
    let image = out.path().join("image.fat");
    std::fs::File::create(&image).expect("made").set_len(kilobytes << 10).expect("made longer");
    let image = image.display().to_string();
    let mut arguments = vec!["-F", bits, "-n", "CONFIG-2", "-i", "1234abcd"];
    arguments.extend(extra);
    arguments.push(&image);
    let paths: Vec<String> = ["meta-data", "user-data", "vendor-data", "openstack"]
        .iter()
        .map(|name| source.path().join(name).display().to_string())
        .collect();
    let mut copy = vec!["-s", "-i", &image];
    copy.extend(paths.iter().map(String::as_str));
    copy.push("::/");
    run("mkfs.vfat", &arguments);
    run("mcopy", &copy);
    std::fs::read(&image).expect("the image")
}

#[test]
#[ignore = "needs mkfs.vfat, mcopy"]
fn fat_of_every_width() {
    for (bits, kilobytes, extra) in [
        ("12", 1440, [].as_slice()),
        ("16", 16 << 10, &[]),
        ("32", 40 << 10, &["-s", "1"]),
        ("16", 64 << 10, &["-S", "2048"]),
    ] {
        let image = fat(bits, kilobytes, extra);
        assert_eq!(
            identify_image(Path::new("image"), &image).uuid.as_deref(),
            Some("1234-ABCD"),
            "FAT{bits}"
        );
        check(image, "vfat", "CONFIG-2", true);
    }
}

#[test]
#[ignore = "needs mke2fs, mkswap"]
fn superblocks_tell_what_blkid_tells() {
    let uuid = "0123abcd-0000-4000-8000-0123456789ab";
    let cases: [(&str, &[&str], &str); 4] = [
        ("mke2fs", &["-q", "-F", "-t", "ext2", "-L", "lab", "-U", uuid], "ext2"),
        ("mke2fs", &["-q", "-F", "-t", "ext3", "-L", "lab", "-U", uuid], "ext3"),
        ("mke2fs", &["-q", "-F", "-t", "ext4", "-L", "lab", "-U", uuid], "ext4"),
        ("mkswap", &["-q", "-L", "lab", "-U", uuid], "swap"),
    ];
    for (program, options, filesystem) in cases {
        let out = tempfile::tempdir().expect("a directory");
        let image = out.path().join("image");
        std::fs::File::create(&image).expect("made").set_len(8 << 20).expect("made longer");
        let path = image.display().to_string();
        let mut arguments = options.to_vec();
        arguments.push(&path);
        run(program, &arguments);
        let found = identify_image(&image, &std::fs::read(&image).expect("the image"));
        assert_eq!(found.filesystem.as_deref(), Some(filesystem));
        assert_eq!(found.label.as_deref(), Some("lab"), "{filesystem}");
        assert_eq!(found.uuid.as_deref(), Some(uuid), "{filesystem}");
    }
}

/// ConfigDrive is found by its label on any file system, and Azure's medium is UDF.
#[test]
#[ignore = "needs mkudffs"]
fn udf_volumes_have_labels() {
    for size in ["512", "1024", "2048", "4096"] {
        for label in ["config-2", "Zürich", "Ω"] {
            let out = tempfile::tempdir().expect("a directory");
            let image = out.path().join("image");
            std::fs::File::create(&image).expect("made").set_len(8 << 20).expect("made longer");
            let path = image.display().to_string();
            run("mkudffs", &["--utf8", "-b", size, "--label", label, "-u", "0123abcd00004000", &path]);
            let found = identify_image(&image, &std::fs::read(&image).expect("the image"));
            assert_eq!(found.filesystem.as_deref(), Some("udf"));
            assert_eq!(found.label.as_deref(), Some(label), "blocks of {size}");
            assert_eq!(found.uuid.as_deref(), Some("0123abcd00004000"), "blocks of {size}");
        }
    }
}

/// File systems that only the kernel reads are mounted, and nothing stays mounted.
#[test]
#[ignore = "needs root, namespaces, mke2fs"]
fn other_file_systems_are_mounted_for_a_moment() {
    let (source, out) = (source(), tempfile::tempdir().expect("a directory"));
    std::os::unix::fs::symlink("/etc/passwd", source.path().join("leads-out")).expect("made");
    let image = out.path().join("image");
    std::fs::File::create(&image).expect("made").set_len(8 << 20).expect("made longer");
    let (root, path) = (source.path().display().to_string(), image.display().to_string());
    run("mke2fs", &["-q", "-F", "-t", "ext4", "-d", &root, &path]);
    let system = crate::Host::system(None, std::sync::Arc::new(crate::NoHttp));
    let tree = system.devices.open(&image).expect("root can mount an image");
    assert_eq!(read(tree.as_ref(), "user-data"), Some(big()));
    assert_eq!(tree.list("openstack").expect("a directory"), ["2018-08-27", "latest"]);
    assert_eq!(read(tree.as_ref(), "nothing"), None);
    assert_eq!(read(tree.as_ref(), "leads-out"), None, "a link does not lead out of the device");
    drop(tree);
    let mounts = std::fs::read_to_string("/proc/mounts").expect("mounts");
    assert!(!mounts.contains("/run/cloud-init/tmp/mount-"), "{mounts}");
}

#[test]
fn the_kernel_lists_disks_and_partitions() {
    let scratch = crate::Scratch::new()
        .file("/sys/class/block/vdx/size", "2048\n")
        .file("/sys/class/block/vdx/uevent", "MAJOR=254\nMINOR=0\nDEVNAME=no-such-disk\nDEVTYPE=disk\n")
        .file("/sys/class/block/vdx1/size", "1024\n")
        .file("/sys/class/block/vdx1/partition", "1\n")
        .file("/sys/class/block/cciss!c9d9/size", "8\n")
        .file("/sys/class/block/loop0/size", "0\n")
        .file("/sys/class/block/loop1/size", "16\n")
        .file("/sys/class/block/loop1/loop/backing_file", "/image\n")
        .file("/sys/class/block/loop1p1/size", "2\n")
        .file("/sys/class/block/loop1p1/partition", "1\n")
        .file("/sys/class/block/fdx/size", "2\n")
        .file("/sys/class/block/ramdisk/size", "4\n")
        .file("/sys/class/block/fd0/size", "8\n")
        .file("/sys/class/block/ram0/size", "8192\n")
        .file("/sys/class/block/zram0/size", "8192\n");
    let (system, _) = scratch.clone().system();
    let devices =
        HostDevices::new(std::sync::Arc::new(scratch), system.commands).block_devices().expect("listed");
    let seen: Vec<(&str, u64, bool)> = devices
        .iter()
        .map(|device| (device.path.to_str().expect("text"), device.size, device.partition))
        .collect();
    let expected = [
        ("/dev/cciss/c9d9", 4096, false),
        ("/dev/fdx", 1024, false),
        ("/dev/loop1", 8192, false),
        ("/dev/loop1p1", 1024, true),
        ("/dev/ramdisk", 2048, false),
        ("/dev/no-such-disk", 1 << 20, false),
        ("/dev/vdx1", 512 << 10, true),
    ];
    assert_eq!(seen, expected);
}

#[test]
fn an_image_is_identified_with_its_size() {
    let name = Path::new("image");
    let unknown = identify_image(name, &vec![0; 700]);
    assert_eq!((unknown.path.as_path(), unknown.size, unknown.partition), (name, 700, false));
    assert_eq!((unknown.filesystem, unknown.label, unknown.uuid), (None, None, None));
    let mut image = vec![0; 1 << 17];
    image[..4].copy_from_slice(b"XFSB");
    image[108..112].copy_from_slice(b"data");
    let found = identify_image(name, &image);
    assert_eq!((found.path.as_path(), found.size, found.partition), (name, 1 << 17, false));
    assert_eq!((found.filesystem.as_deref(), found.label.as_deref()), (Some("xfs"), Some("data")));
    let error = open_image(name, image).map(drop).expect_err("it is neither").to_string();
    assert!(error.contains("neither iso9660 nor FAT"), "{error}");
}

/// Reads everything. The result is arbitrary, but it must terminate without a panic.
fn walk(image: Vec<u8>) {
    let name = Path::new("image");
    identify_image(name, &image);
    let Ok(tree) = open_image(name, image) else { return };
    let mut directories = vec![String::new()];
    for _ in 0..20 {
        let Some(directory) = directories.pop() else { return };
        for entry in tree.list(&directory).unwrap_or_default().into_iter().take(20) {
            let path = format!("{directory}/{entry}");
            tree.read(&path).ok();
            directories.push(path);
        }
    }
}

/// Small images in the source tree, so that no tools are needed: iso9660 and FAT12, without trailing zeros.
fn images() -> [Vec<u8>; 2] {
    let mut disc = vec![0; 32 << 10];
    disc.extend(include_bytes!("testdata/rock-ridge.iso.after-32k"));
    let mut fat = include_bytes!("testdata/fat12.img.start").to_vec();
    for image in [&mut disc, &mut fat] {
        image.resize(66 << 10, 0);
    }
    [disc, fat]
}

#[test]
fn small_images_are_read_without_any_program() {
    for (image, filesystem, label) in [(0, "iso9660", "cidata"), (1, "vfat", "CIDATA")] {
        let image = images()[image].clone();
        assert_eq!(identify_image(Path::new("i"), &image).label.as_deref(), Some(label), "{filesystem}");
        let tree = open_image(Path::new("i"), image).expect("an image");
        assert_eq!(tree.list("").expect("a directory"), ["meta-data", "user-data"], "{filesystem}");
        assert_eq!(read(tree.as_ref(), "meta-data").as_deref(), Some(b"instance-id: iid-small\n".as_slice()));
    }
}

proptest! {
    /// A few arbitrary bytes anywhere in an image.
    #[test]
    fn hostile_images_end_in_an_error_or_an_answer(
        which in 0..2_usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40),
        headers in prop::collection::vec((0_usize..512, any::<u8>()), 0..6),
        cut in any::<prop::sample::Index>(),
        whole in any::<bool>(),
    ) {
        let mut image = images()[which].clone();
        for (at, value) in changes {
            let at = at.index(image.len());
            image[at] = value;
        }
        // The offsets of lengths and addresses: the boot sector, the descriptors, the first directories.
        let start = [0x8000, 0][which];
        for (at, value) in headers {
            image[start + at] = value;
        }
        if !whole {
            let end = cut.index(image.len());
            image.truncate(end);
        }
        walk(image);
    }
}

/// A document is bounded whatever holds it, and the message names file and limit.
#[test]
#[ignore = "needs genisoimage, mkfs.vfat, mcopy"]
fn a_document_has_a_limit() {
    let size = super::blocks::MAX_FILE;
    let (source, out) =
        (tempfile::tempdir().expect("a directory"), tempfile::tempdir().expect("a directory"));
    for (name, size) in [("most", size), ("user-data", size + 1)] {
        let file = std::fs::File::create(source.path().join(name)).expect("made");
        file.set_len(size).expect("made longer");
    }
    let root = source.path().display().to_string();
    let iso = out.path().join("image.iso").display().to_string();
    run("genisoimage", &["-quiet", "-r", "-o", &iso, &root]);
    let fat = out.path().join("image.fat");
    std::fs::File::create(&fat).expect("made").set_len(32 << 20).expect("made longer");
    let fat = fat.display().to_string();
    run("mkfs.vfat", &["-F", "16", &fat]);
    run("mcopy", &["-i", &fat, &format!("{root}/most"), &format!("{root}/user-data"), "::/"]);
    for path in [iso, fat] {
        let tree = open_image(Path::new("disc"), std::fs::read(&path).expect("an image")).expect("known");
        let error = tree.read("user-data").expect_err("too large").to_string();
        assert_eq!(error, "disc: user-data is larger than 4 MiB", "{path}");
        assert_eq!(read(tree.as_ref(), "most").map(|content| content.len() as u64), Some(size), "{path}");
    }
    let tree = super::mounted::at(Path::new("disc"), source.path());
    let error = tree.read("user-data").expect_err("too large").to_string();
    assert_eq!(error, "disc: user-data is larger than 4 MiB");
    assert_eq!(read(tree.as_ref(), "most").map(|content| content.len() as u64), Some(size));
}
