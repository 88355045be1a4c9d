//! What users plant in their own directories while root works there, with the real program.
#![allow(clippy::disallowed_methods, reason = "a test of the program reads what it wrote")]

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;

use crate::namespace::Namespace;

const ALICE: u32 = 61001;

fn chown(path: &Path) {
    std::os::unix::fs::lchown(path, Some(ALICE), Some(ALICE)).expect("root may");
}

/// A namespace in which alice has a home, and root a file that is not hers.
fn prepared(user_data: &str) -> Namespace {
    let modules = "cloud_init_modules: [write_files]\ncloud_config_modules: []\n\
                   cloud_final_modules: [write_files_deferred]\n";
    let space = Namespace::new(modules, "");
    space.put("lib/seed/nocloud/user-data", user_data);
    space.put("shadow", "kept\n");
    std::fs::set_permissions(space.path("shadow"), std::fs::Permissions::from_mode(0o600)).expect("set");
    space.put("home/alice/.profile", "");
    chown(&space.path("home/alice"));
    space
}

const BOOT: &str = "stage init --local; stage init; stage modules --mode final\n";

/// A link or a hard link in her home to a file of root: neither its content nor its mode nor its owner changes.
#[test]
#[ignore = "needs root, namespaces"]
fn write_files_changes_nothing_through_a_users_link() {
    for keys in ["", ", append: true", ", defer: true", ", defer: true, append: true"] {
        let user_data = format!(
            "#cloud-config\nwrite_files:\n- {{path: ROOT/home/alice/notes, content: x, permissions: '0644', owner: \
             '{ALICE}:{ALICE}'{keys}}}\n"
        );
        let space = prepared(&user_data);
        symlink(space.path("shadow"), space.path("home/alice/notes")).expect("linked");
        chown(&space.path("home/alice/notes"));
        space.run(BOOT);
        let found = std::fs::metadata(space.path("shadow")).expect("there");
        assert_eq!((found.mode() & 0o7777, found.uid()), (0o600, 0), "{keys}");
        assert_eq!(space.text("shadow"), "kept\n", "{keys}");
        let log = space.text("log");
        assert!(log.contains("home/alice/notes belongs to UID 61001"), "{log}");
        // The same with a hard link, which is replaced but never appended to.
        let space = prepared(&user_data);
        std::fs::hard_link(space.path("shadow"), space.path("home/alice/notes")).expect("linked");
        space.run(BOOT);
        let found = std::fs::metadata(space.path("shadow")).expect("there");
        assert_eq!((found.mode() & 0o7777, found.uid()), (0o600, 0), "{keys}");
        assert_eq!(space.text("shadow"), "kept\n", "{keys}");
    }
}

/// Missing directories are not created where a dangling link leads.
#[test]
#[ignore = "needs root, namespaces"]
fn no_directory_is_created_through_a_users_link() {
    let space = prepared("#cloud-config\nwrite_files: [{path: ROOT/home/alice/x/y/file, content: x}]\n");
    symlink(space.path("cron.d"), space.path("home/alice/x")).expect("linked");
    chown(&space.path("home/alice/x"));
    space.run(BOOT);
    assert!(!space.path("cron.d").exists());
}

/// A FIFO, a socket or a device in the place of a file that is read ends at once, with an error.
#[test]
#[ignore = "needs root, namespaces"]
fn an_endless_file_does_not_hold_up_the_boot() {
    for path in ["ROOT/fifo", "/dev/zero"] {
        let space = prepared(&format!(
            "#cloud-config\nwrite_files: [{{path: ROOT/written, source: {{uri: 'file://{path}'}}, content: own}}]\n"
        ));
        space.run(&format!("mkfifo fifo; {BOOT}"));
        assert_eq!(space.text("run/codes"), "init 0\ninit 0\nmodules 0\n", "{}", space.text("log"));
        assert_eq!(space.text("written"), "own", "the fallback: {}", space.text("log"));
        assert!(space.text("log").contains("not a regular file"), "{}", space.text("log"));
        let space = prepared(&format!("#include\nfile://{path}\n"));
        space.run(&format!("mkfifo fifo; {BOOT}"));
        assert!(!space.text("run/codes").contains("124"), "{}", space.text("log"));
        assert!(space.text("log").contains("not a regular file"), "{}", space.text("log"));
    }
}

/// A container's /etc/hosts is a bind mount, which cannot be renamed over: EBUSY of rename(2).
#[test]
#[ignore = "needs root, namespaces"]
fn a_mount_point_is_written_in_place() {
    let space =
        prepared("#cloud-config\nwrite_files: [{path: ROOT/hosts, content: short, permissions: '0640'}]\n");
    space.put("hosts", "");
    space.put("mounted", "a long line of the container manager\n");
    space.run(&format!("mount --bind mounted hosts; {BOOT}"));
    assert_eq!(space.text("mounted"), "short", "{}", space.text("log"));
    let mode = std::fs::metadata(space.path("mounted")).expect("there").mode() & 0o7777;
    assert_eq!(mode, 0o640);
    assert!(
        !std::fs::read_dir(space.path(""))
            .expect("there")
            .flatten()
            .any(|entry| { entry.file_name().to_string_lossy().ends_with(".tmp") })
    );
}

/// A full directory is no mount point: the old content stays.
#[test]
#[ignore = "needs root, namespaces"]
fn a_file_in_a_full_directory_keeps_its_content() {
    let space = prepared("#cloud-config\nwrite_files: [{path: ROOT/full/file, content: new}]\n");
    space.run(&format!(
        "mkdir full; mount -t tmpfs -o size=16k tmpfs full; echo old > full/file\n\
         dd if=/dev/zero of=full/fill bs=4k 2>run/dd; {BOOT}cp full/file run/kept"
    ));
    assert_eq!(space.text("run/kept"), "old\n", "{}", space.text("log"));
    assert!(space.text("log").contains("No space left"), "{}", space.text("log"));
}

/// In the place of the log and of the output: a link and a hard link of a user change nothing elsewhere, a FIFO holds
/// nobody up, and the boot reports it.
#[test]
#[ignore = "needs root, namespaces"]
fn a_log_is_not_what_a_user_has_planted() {
    for (planted, reason) in [
        ("ln -s $PWD/shadow logs/NAME; chown -h 61001 logs/NAME", "belongs to UID 61001"),
        ("ln shadow logs/NAME", "hard links"),
        ("mkfifo logs/NAME", "it is a FIFO, not a regular file"),
    ] {
        let space = prepared("#cloud-config\nwrite_files: [{path: ROOT/written, content: x}]\n");
        let config = space.text("cloud.cfg");
        let config = config.replace("/output'", "/logs/output'").replace("/log\n", "/logs/log\n");
        space.put("cloud.cfg", &config);
        // As Ubuntu's /var/log: others may write.
        let before = format!("mkdir -m 0777 logs; {0}; {1}\n", planted, planted.replace("NAME", "output"));
        space.run(&format!("{}{BOOT}", before.replace("NAME", "log")));
        assert_eq!(space.text("shadow"), "kept\n", "{planted}");
        assert_eq!(space.text("run/codes"), "init 0\ninit 0\nmodules 0\n", "{planted}");
        assert_eq!(space.text("written"), "x", "{planted}");
        let warnings =
            space.json("run/status.json")["v1"]["init"]["recoverable_errors"]["WARNING"].to_string();
        for name in ["log", "output"] {
            let told = warnings.contains(&format!("/logs/{name}"));
            assert!(told && warnings.contains(reason), "{planted}: {warnings}");
        }
    }
}

/// A full disk: no room for a log is a warning.
#[test]
#[ignore = "needs root, namespaces"]
fn a_full_disk_for_the_log_does_not_stop_the_boot() {
    let space = prepared("#cloud-config\nwrite_files: [{path: ROOT/written, content: x}]\n");
    let config = space.text("cloud.cfg");
    let config = config.replace("/output'", "/logs/new/output'").replace("/log\n", "/logs/log\n");
    space.put("cloud.cfg", &config);
    space.run(&format!(
        "mkdir logs; mount -t tmpfs -o size=16k,nr_inodes=3 tmpfs logs; : > logs/log\n\
         dd if=/dev/zero of=logs/fill bs=4k 2>run/dd; {BOOT}"
    ));
    assert_eq!(space.text("run/codes"), "init 0\ninit 0\nmodules 0\n");
    assert_eq!(space.text("written"), "x");
    let status = space.text("run/status.json");
    assert!(status.contains("/logs/new/output") && status.contains("No space left"), "{status}");
}

/// umask(2): directories that are created have the documented mode, whoever started the stage.
#[test]
#[ignore = "needs root, namespaces"]
fn the_callers_umask_does_not_count() {
    let space = prepared("#cloud-config\nwrite_files: [{path: ROOT/new/directory/file, content: x}]\n");
    space.run(&format!("umask 0; {BOOT}"));
    let mode = |name: &str| std::fs::metadata(space.path(name)).expect("there").mode() & 0o7777;
    assert_eq!((mode("new"), mode("new/directory"), mode("lib/data")), (0o755, 0o755, 0o755));
    let space = prepared("#cloud-config\nwrite_files: [{path: ROOT/new/directory/file, content: x}]\n");
    space.run(&format!("umask 077; {BOOT}"));
    let mode = |name: &str| std::fs::metadata(space.path(name)).expect("there").mode() & 0o7777;
    assert_eq!((mode("new"), mode("new/directory"), mode("lib/data")), (0o755, 0o755, 0o755));
}

/// The archive of logs is written to the current directory, which may be /tmp.
#[test]
#[ignore = "needs root, namespaces"]
fn an_archive_replaces_nothing_through_a_users_link() {
    let space = prepared("#cloud-config\n");
    std::fs::create_dir(space.path("tmp")).expect("made");
    std::fs::set_permissions(space.path("tmp"), std::fs::Permissions::from_mode(0o1777)).expect("set");
    let archive = space.path("tmp/cloud-init.tar.gz");
    symlink(space.path("shadow"), &archive).expect("linked");
    chown(&archive);
    let output = space.run("cd tmp; stage collect-logs");
    assert_eq!(space.text("shadow"), "kept\n");
    assert!(String::from_utf8_lossy(&output.stderr).contains("belongs to UID 61001"), "{output:?}");
    std::fs::remove_file(&archive).expect("removed");
    std::fs::write(&archive, "").expect("written");
    chown(&archive);
    space.run("cd tmp; stage collect-logs");
    assert_eq!(std::fs::metadata(&archive).expect("there").uid(), 0, "not hers to read");
    assert!(space.text("run/codes").ends_with("collect-logs 0\n"));
}

/// restorecon(8) labels what a stage has created in one call, where the kernel has SELinux.
#[test]
#[ignore = "needs root, namespaces"]
fn new_files_get_the_labels_of_the_policy() {
    let user_data =
        "#cloud-config\nwrite_files: [{path: ROOT/etc/new, content: x}, {path: ROOT/etc/old, content: x}]\n";
    let space = prepared(user_data);
    space.put("etc/old", "x");
    space.put("bin/restorecon", "#!/bin/sh\necho \"$@\" >> ROOT/labelled\n");
    space.run(&format!(
        "mount -t tmpfs tmpfs /sys/fs; mkdir /sys/fs/selinux; echo 1 > /sys/fs/selinux/enforce\n\
         chmod +x bin/restorecon; PATH=$PWD/bin:$PATH; {BOOT}"
    ));
    let labelled = space.text("labelled");
    let of_stages: Vec<&str> = labelled.lines().filter(|line| !line.starts_with("-R")).collect();
    assert_eq!(of_stages.len(), 3, "one call in each stage: {labelled}");
    let path = |name: &str| space.path(name).display().to_string();
    assert!(of_stages[0].contains(&path("lib/instances/i-one/datasource.json")), "{labelled}");
    assert!(of_stages[1].split(' ').any(|found| found == path("etc/new")), "{labelled}");
    assert!(!of_stages[1].contains(&path("etc/old")), "it keeps its own: {labelled}");
}
