use std::fs::OpenOptions;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};

use super::*;

#[test]
fn a_root_is_never_left() {
    let outside = tempfile::tempdir().expect("a directory");
    let root = tempfile::tempdir().expect("a directory");
    std::os::unix::fs::symlink(outside.path(), root.path().join("out")).expect("a link");
    let files = HostFiles::new(Some(root.path().to_owned()));
    files.write(Path::new("/out/file"), b"x", &Attributes::mode(0o640)).expect("inside the root");
    assert!(!outside.path().join("file").exists());
    let inside = root.path().join(outside.path().strip_prefix("/").expect("absolute")).join("file");
    assert_eq!(fs::read(&inside).expect("written below the root"), b"x");
    assert_eq!(fs::metadata(&inside).expect("written").mode() & 0o7777, 0o640);
}

#[test]
fn replacing_keeps_mode_and_link_and_leaves_nothing_behind() {
    let root = tempfile::tempdir().expect("a directory");
    let files = HostFiles::new(Some(root.path().to_owned()));
    let real = Path::new("/etc/real");
    files.write(real, b"old", &Attributes::mode(0o600)).expect("written");
    files.symlink(Path::new("real"), Path::new("/etc/link")).expect("linked");
    files.write(Path::new("/etc/link"), b"new", &Attributes::default()).expect("written");
    assert_eq!(files.read(real).expect("there"), b"new");
    assert_eq!(files.stat(real).expect("there").expect("there").mode, 0o600);
    assert_eq!(files.lstat(Path::new("/etc/link")).expect("there").expect("there").kind, FileKind::Link);
    assert_eq!(files.list(Path::new("/etc")).expect("there"), ["link", "real"]);
}

/// open(2): `O_APPEND` writes at the end, `O_CREAT` gives a mode to a new file only. Nothing but the directory's umask may
/// take from the mode that is asked for.
#[test]
fn appending_adds_to_the_end_and_makes_what_is_missing() {
    let root = tempfile::tempdir().expect("a directory");
    let files = HostFiles::new(Some(root.path().to_owned()));
    let (path, mode) = (Path::new("/new/directory/file"), Attributes::mode(0o646));
    files.append(path, b"one\n", &mode).expect("made with its directories");
    assert_eq!(files.stat(path).expect("there").expect("there").mode, 0o646, "whatever the umask");
    files.append(path, b"two\n", &Attributes::mode(0o777)).expect("appended");
    assert_eq!(files.read(path).expect("there"), b"one\ntwo\n");
    assert_eq!(files.stat(path).expect("there").expect("there").mode, 0o646, "it keeps its own");
    files.symlink(Path::new("file"), Path::new("/new/directory/link")).expect("linked");
    files.append(Path::new("/new/directory/link"), b"three\n", &mode).expect("appended");
    assert_eq!(files.read(path).expect("there"), b"one\ntwo\nthree\n");
    assert!(files.append(Path::new("/new"), b"x", &mode).is_err_and(|error| !error.is_not_found()));
}

/// chown(2) is root's alone.
#[test]
#[ignore = "needs root"]
fn owners_are_those_of_what_is_made_and_kept_by_what_is_replaced() {
    let root = tempfile::tempdir().expect("a directory");
    let files = HostFiles::new(Some(root.path().to_owned()));
    let owner = |path: &Path| {
        let found = files.stat(path).expect("there").expect("there");
        (found.uid, found.gid)
    };
    let (path, bob) =
        (Path::new("/file"), Attributes { owner: Owner::new(1234, 5678), ..Attributes::default() });
    files.append(path, b"x", &bob).expect("made");
    assert_eq!(owner(path), (1234, 5678));
    files.append(path, b"y", &Attributes { owner: Owner::ROOT, ..Attributes::default() }).expect("appended");
    assert_eq!(owner(path), (1234, 5678), "only a new file gets an owner");
    files.write(path, b"z", &Attributes::default()).expect("replaced");
    assert_eq!(owner(path), (1234, 5678));
}

/// A file that is replaced keeps the label that the policy or an administrator gave it (selinux(8): a new file gets that
/// of its directory). The attribute is written as setfiles(8) does; a kernel without SELinux keeps it as it is.
#[test]
#[ignore = "needs root"]
fn a_replaced_file_keeps_its_selinux_label() {
    let root = tempfile::tempdir().expect("a directory");
    let files = HostFiles::new(Some(root.path().to_owned()));
    let (path, label) = (Path::new("/file"), b"system_u:object_r:shadow_t:s0\0");
    files.write(path, b"old", &Attributes::default()).expect("written");
    let real = root.path().join("file");
    rustix::fs::setxattr(&real, "security.selinux", label, rustix::fs::XattrFlags::empty())
        .expect("root may label a file");
    files.write(path, b"new", &Attributes::default()).expect("replaced");
    let mut found = [0_u8; 256];
    let length = rustix::fs::getxattr(&real, "security.selinux", &mut found[..]).expect("it has a label");
    assert_eq!(&found[..length], label);
    assert_eq!(files.read(path).expect("there"), b"new");
}

#[test]
fn what_is_missing_is_told_apart_from_what_fails() {
    let root = tempfile::tempdir().expect("a directory");
    let files = HostFiles::new(Some(root.path().to_owned()));
    assert_eq!(files.read_optional(Path::new("/none/x")).expect("no error"), None);
    assert_eq!(files.stat(Path::new("/none")).expect("no error"), None);
    files.remove(Path::new("/none")).expect("nothing to remove");
    assert!(files.read(Path::new("/")).is_err_and(|error| !error.is_not_found()));
}

/// The user whose directory it is, and another one.
const ALICE: u32 = 61001;
const BOB: u32 = 61002;

/// A root with a home of alice, her links and her hard links, and files of root and bob that are not hers.
fn homes() -> tempfile::TempDir {
    let root = tempfile::tempdir().expect("a directory");
    let at = |path: &str| root.path().join(path);
    for directory in ["etc/private", "root", "home/alice/own", "home/bob", "srv/shared", "srv/group"] {
        fs::create_dir_all(at(directory)).expect("made");
    }
    for path in ["", "etc", "etc/private", "root", "home", "home/alice", "home/alice/own", "home/bob", "srv"]
    {
        fs::set_permissions(at(path), fs::Permissions::from_mode(0o755)).expect("set");
    }
    // Root's, and writable by the group of bob.
    fs::set_permissions(at("srv/group"), fs::Permissions::from_mode(0o775)).expect("set");
    std::os::unix::fs::chown(at("srv/group"), None, Some(BOB)).expect("root may");
    fs::set_permissions(at("srv/shared"), fs::Permissions::from_mode(0o1777)).expect("set");
    for (path, owner) in [
        ("etc/shadow", 0),
        ("etc/private/file", 0),
        ("root/file", 0),
        ("home/bob/file", BOB),
        ("home/alice/own/file", ALICE),
    ] {
        fs::write(at(path), "kept\n").expect("written");
        fs::set_permissions(at(path), fs::Permissions::from_mode(0o600)).expect("set");
        chown(&at(path), owner);
    }
    for (link, target, owner) in [
        ("home/alice/.ssh", "/root", ALICE),
        ("home/alice/notes", "/etc/shadow", ALICE),
        ("home/alice/dangling", "/etc/cron", ALICE),
        ("home/alice/of-bob", "/home/bob/file", ALICE),
        ("home/alice/of-root", "/etc/private", 0),
        ("home/alice/mine", "own/file", ALICE),
        ("home/alice/my-directory", "/home/alice/own", ALICE),
        ("srv/shared/planted", "/etc/shadow", ALICE),
        ("srv/shared/of-root", "/etc/private", 0),
        ("etc/absolute", "/etc/private", 0),
        ("srv/group/of-root", "/etc/private", 0),
        ("etc/dangling", "../run/made/file", 0),
    ] {
        std::os::unix::fs::symlink(target, at(link)).expect("linked");
        chown(&at(link), owner);
    }
    for link in ["home/alice/hard", "srv/shared/hard"] {
        fs::hard_link(at("etc/shadow"), at(link)).expect("linked");
    }
    fs::hard_link(at("home/alice/own/file"), at("home/alice/own-hard")).expect("linked");
    chown(&at("home/alice"), ALICE);
    chown(&at("home/alice/own"), ALICE);
    chown(&at("home/bob"), BOB);
    root
}

fn chown(path: &Path, owner: u32) {
    std::os::unix::fs::lchown(path, Some(owner), Some(owner)).expect("root may");
}

/// Everything outside of alice's home, with mode and owner.
fn outside(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting = vec![root.to_owned()];
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(&directory).expect("a directory").flatten() {
            let path = entry.path();
            if path.ends_with("home/alice") || path.starts_with(root.join("srv")) {
                continue;
            }
            let item = fs::symlink_metadata(&path).expect("there");
            let text = if item.is_file() { fs::read(&path).expect("readable") } else { Vec::new() };
            let text = String::from_utf8_lossy(&text).into_owned();
            found.push(format!("{} {:o} {} {text}", path.display(), item.mode(), item.uid()));
            if item.is_dir() {
                waiting.push(path);
            }
        }
    }
    found.sort();
    found
}

/// By the kernel, and step by step as on Linux 3.10, which has no openat2(2).
fn both_ways(root: &Path) -> [HostFiles; 2] {
    let [kernel, steps] = [(); 2].map(|()| HostFiles::new(Some(root.to_owned())));
    steps.root.forget_openat2();
    [kernel, steps]
}

/// proc_sys_fs(5), protected_symlinks and protected_hardlinks, applied to every directory that others can write: nothing that
/// alice put into her home or into a shared directory makes root change what is not hers.
#[test]
#[ignore = "needs root"]
fn no_change_goes_through_what_a_user_has_planted() {
    let root = homes();
    let before = outside(root.path());
    let mode = Attributes::mode(0o644);
    let owner = Owner::new(ALICE, ALICE);
    for files in both_ways(root.path()) {
        let refused = |outcome: Result<(), FileError>, path: &str| {
            let error = outcome.expect_err(path).to_string();
            assert!(error.contains("UID"), "{path}: {error}");
        };
        for path in [
            "/home/alice/.ssh/authorized_keys",
            "/home/alice/notes",
            "/home/alice/dangling",
            "/home/alice/dangling/below",
            "/home/alice/of-bob",
            "/home/alice/of-root/file",
            "/srv/shared/planted",
            "/srv/group/of-root/file",
        ] {
            let at = Path::new(path);
            refused(files.write(at, b"x", &mode), path);
            refused(files.append(at, b"x", &mode), path);
            refused(files.open_stream(at, true).map(drop), path);
            refused(files.append_with(at, b"x", &mode.owned_by(owner)), path);
            files.set_mode(at, 0o666).expect_err(path);
            files.create_dir(&at.join("directory"), Some(0o700)).expect_err(path);
            files.create_dir_owned(&at.join("directory"), None, owner).expect_err(path);
            files.symlink(Path::new("x"), &at.join("link")).expect_err(path);
        }
        for path in ["/home/alice/.ssh/file", "/home/alice/of-root/file", "/home/alice/notes"] {
            let at = Path::new(path);
            refused(files.read_with(at, &Reading::guarded()).map(drop), path);
            if path == "/home/alice/notes" {
                continue;
            }
            refused(files.remove(at), path);
            refused(files.set_owner(at, owner), path);
            refused(files.rename(at, Path::new("/home/alice/own/stolen")), path);
            refused(files.rename(Path::new("/home/alice/own/file"), at), path);
        }
        for path in ["/home/alice/hard", "/srv/shared/hard"] {
            let at = Path::new(path);
            refused(files.append(at, b"x", &mode), path);
            refused(files.append_with(at, b"x", &mode), path);
            refused(files.open_stream(at, true).map(drop), path);
            refused(files.set_mode(at, 0o666), path);
            refused(files.set_owner(at, owner), path);
            refused(files.read_with(at, &Reading::guarded()).map(drop), path);
        }
        refused(files.create_dir(Path::new("/home/alice/my-directory/new/inner"), None), "parents");
        assert_eq!(outside(root.path()), before);
    }
    let error =
        HostFiles::new(Some(root.path().to_owned())).write(Path::new("/home/alice/notes"), b"x", &mode);
    let error = error.expect_err("refused").to_string();
    assert!(error.contains("/home/alice/notes belongs to UID 61001 and leads to /etc/shadow"), "{error}");
}

/// What remains: links of root where only root can write, also to nothing; a user's own link to what is the user's;
/// root's link in a sticky directory; a hard link of the user's own file.
#[test]
#[ignore = "needs root"]
fn links_that_nobody_could_have_planted_are_followed() {
    for number in 0..2 {
        let root = homes();
        let files = &both_ways(root.path())[number];
        let plain = Attributes::default();
        for (path, real) in [
            ("/etc/absolute/a", "etc/private/a"),
            ("/etc/dangling", "run/made/file"),
            ("/srv/shared/of-root/b", "etc/private/b"),
            ("/home/alice/mine", "home/alice/own/file"),
            ("/home/alice/my-directory/new", "home/alice/own/new"),
            ("/home/alice/own-hard", "home/alice/own-hard"),
        ] {
            files.write(Path::new(path), b"one", &plain).expect(path);
            files.append(Path::new(path), b", two", &plain).expect(path);
            files.set_mode(Path::new(path), 0o640).expect(path);
            assert_eq!(fs::read(root.path().join(real)).expect(path), b"one, two", "{path}");
            assert_eq!(fs::metadata(root.path().join(real)).expect(path).mode() & 0o7777, 0o640, "{path}");
        }
        assert!(fs::symlink_metadata(root.path().join("etc/dangling")).expect("there").is_symlink());
        // The link itself is removed, and what replaces a planted hard link is a file of its own.
        files.remove(Path::new("/home/alice/.ssh")).expect("removed");
        files.write(Path::new("/home/alice/hard"), b"new", &plain).expect("replaced");
        let waiting = root.path().join("srv/shared/archive");
        fs::write(&waiting, "x").expect("written");
        chown(&waiting, ALICE);
        files.write(Path::new("/srv/shared/archive"), b"secret", &Attributes::secret()).expect("replaced");
        assert_eq!(fs::metadata(&waiting).expect("there").uid(), 0, "alice has waited for it");
        assert_eq!(fs::read(root.path().join("etc/shadow")).expect("there"), b"kept\n");
        assert_eq!(fs::metadata(root.path().join("home/alice/hard")).expect("there").mode() & 0o7777, 0o644);
    }
}

/// An attack as it is carried out: a directory and a file are exchanged for links again and again while root works with them.
#[test]
#[ignore = "needs root"]
fn nothing_outside_changes_while_names_are_swapped() {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    const ROUNDS: usize = 3000;
    let root = homes();
    let at = |path: &str| root.path().join(path);
    for (name, target) in [("swapped", "/root"), ("swapped-file", "/etc/shadow")] {
        std::os::unix::fs::symlink(target, at(&format!("home/alice/{name}"))).expect("linked");
        chown(&at(&format!("home/alice/{name}")), ALICE);
    }
    fs::create_dir(at("home/alice/directory")).expect("made");
    fs::write(at("home/alice/plain"), "").expect("written");
    for name in ["directory", "plain"] {
        chown(&at(&format!("home/alice/{name}")), ALICE);
    }
    fs::write(at("root/authorized_keys"), "kept").expect("written");
    let before = outside(root.path());
    for files in both_ways(root.path()) {
        let done = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(std::sync::atomic::Ordering::Relaxed) {
                    for (one, other) in [("directory", "swapped"), ("plain", "swapped-file")] {
                        let (one, other) =
                            (at(&format!("home/alice/{one}")), at(&format!("home/alice/{other}")));
                        renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).expect("exchanged");
                    }
                }
            });
            let keys = Path::new("/home/alice/directory/authorized_keys");
            let (plain, mode) = (Path::new("/home/alice/plain"), Attributes::mode(0o666));
            let owner = Owner::new(ALICE, ALICE);
            for _ in 0..ROUNDS {
                let _ = files.write(keys, b"x", &mode);
                let _ = files.append_with(plain, b"x", &mode.owned_by(owner));
                let _ = files.set_mode(plain, 0o666);
                let _ = files.create_dir_owned(&keys.with_file_name("new"), Some(0o700), owner);
                let _ = files.remove(&keys.with_file_name("new"));
                let _ = files.set_owner(keys, owner);
                let _ = files.remove(keys);
                if let Ok(found) = files.read_with(plain, &Reading::guarded()) {
                    assert_ne!(found, b"kept\n", "a secret was read to be written back");
                }
            }
            done.store(true, std::sync::atomic::Ordering::Relaxed);
        });
        assert_eq!(outside(root.path()), before);
    }
}

/// fifo(7), socket(7): what is not a regular file could block or never end.
#[test]
fn only_regular_files_of_a_bounded_size_are_read() {
    let root = tempfile::tempdir().expect("a directory");
    let fifo = root.path().join("fifo");
    rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, Mode::RWXU).expect("made");
    let _socket = std::os::unix::net::UnixListener::bind(root.path().join("socket")).expect("bound");
    std::os::unix::fs::symlink("fifo", root.path().join("link")).expect("linked");
    let large = File::create(root.path().join("large")).expect("made");
    large.set_len(Reading::LIMIT + 1).expect("sparse");
    let [kernel, steps] = both_ways(root.path());
    let whole = HostFiles::new(None);
    let top = Path::new("/");
    for (files, prefix) in [(&kernel, top), (&steps, top), (&whole, root.path())] {
        let said = |name: &str| {
            files
                .read(&prefix.join(name))
                .expect_err(name)
                .to_string()
                .rsplit(": ")
                .next()
                .unwrap_or_default()
                .to_owned()
        };
        assert_eq!(said("fifo"), "it is a FIFO, not a regular file");
        assert_eq!(said("link"), "it is a FIFO, not a regular file");
        assert!(said("socket").contains("not a regular file"));
        assert_eq!(said("large"), "it is larger than 64 MiB");
        let more = Reading::up_to(Reading::LIMIT + 1);
        assert_eq!(
            files.read_with(&prefix.join("large"), &more).expect("asked for").len() as u64,
            more.limit
        );
        // A write does not wait for a reader either.
        assert!(files.write(&prefix.join("fifo"), b"x", &Attributes::default()).is_err());
        assert!(files.append(&prefix.join("fifo"), b"x", &Attributes::default()).is_err());
        // Also if somebody reads it: who stops reading would stop the boot.
        let reader =
            OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(&fifo).expect("opened");
        for name in ["fifo", "link", "socket"] {
            let error = files.open_stream(&prefix.join(name), true).expect_err(name).to_string();
            assert!(error.contains("not a regular file"), "{error}");
        }
        drop(reader);
    }
    let error = whole.read(Path::new("/dev/zero")).expect_err("endless").to_string();
    assert!(error.contains("it is a device"), "{error}");
    assert!(whole.read(Path::new("/dev/null")).expect("what hides a file").is_empty());
    assert!(!whole.read(Path::new("/proc/self/status")).expect("virtual, of size 0").is_empty());
    assert!(whole.read_with(Path::new("/dev/null"), &Reading::any_kind()).expect("asked for").is_empty());
    let endless = Reading { limit: 1 << 16, ..Reading::any_kind() };
    assert!(whole.read_with(Path::new("/dev/zero"), &endless).is_err(), "bounded all the same");
}

/// A process that was killed between creating its temporary file and renaming it.
#[test]
fn what_a_killed_process_left_is_removed_by_the_next_write_to_the_directory() {
    let root = tempfile::tempdir().expect("a directory");
    let mut ended = std::process::Command::new("true").spawn().expect("it starts");
    let gone = ended.id();
    ended.wait().expect("it ends");
    let name = |file: &str, pid: u32| format!(".{file}.cloud-init.{pid}.tmp");
    let others = [".other.tmp", "notes.1.tmp", ".notes.99999999.tmp"].map(str::to_owned);
    let left = [name("hosts", gone), name("before-this-boot", 1)];
    for left in left.iter().chain(&others) {
        fs::write(root.path().join(left), "left").expect("written");
    }
    // Process 1 is running, and as far as anyone can tell it writes this one.
    let used = File::create(root.path().join(name("used", 1))).expect("created");
    used.lock().expect("nobody else's");
    let files = HostFiles::new(Some(root.path().to_owned()));
    files.write(Path::new("/hostname"), b"x", &Attributes::default()).expect("written");
    let mut expected: Vec<String> = others.into();
    expected.extend([name("used", 1), "hostname".into()]);
    expected.sort();
    assert_eq!(files.list(Path::new("/")).expect("there"), expected);
    // NAME_MAX of limits.h: the temporary name of the longest name is not longer.
    let longest = Path::new("/").join("n".repeat(255));
    files.write(&longest, b"x", &Attributes::default()).expect("written");
    assert_eq!(files.read(&longest).expect("there"), b"x");
}

/// The owner is set before the name: what is left may be another user's.
#[test]
#[ignore = "needs root"]
fn what_was_left_for_another_owner_is_removed_as_well() {
    let root = tempfile::tempdir().expect("a directory");
    let user = 1234;
    let leave = |directory: &str, owner: u32, name: &str| {
        let path = root.path().join(directory).join(name);
        fs::create_dir_all(path.parent().expect("a directory")).expect("created");
        fs::write(&path, "left").expect("written");
        std::os::unix::fs::chown(&path, Some(owner), Some(owner)).expect("changed");
    };
    leave("etc", user, ".unit.cloud-init.99999999.tmp");
    leave("home", user, ".keys.cloud-init.99999999.tmp");
    leave("home", user + 1, ".another.cloud-init.99999999.tmp");
    leave("home", user, ".draft.99999999.tmp");
    std::os::unix::fs::chown(root.path().join("home"), Some(user), Some(user)).expect("changed");
    let files = HostFiles::new(Some(root.path().to_owned()));
    for directory in ["/etc", "/home"] {
        files.write(&Path::new(directory).join("new"), b"x", &Attributes::default()).expect("written");
    }
    assert_eq!(files.list(Path::new("/etc")).expect("there"), ["new"]);
    let kept = [".another.cloud-init.99999999.tmp", ".draft.99999999.tmp", "new"];
    assert_eq!(files.list(Path::new("/home")).expect("there"), kept);
}

/// The directory given to `net-convert -d` need not exist.
#[test]
fn a_missing_root_is_created_by_a_write_only() {
    let above = tempfile::tempdir().expect("a directory");
    for (number, files) in both_ways(&above.path().join("a/root")).iter().enumerate() {
        let root = above.path().join("a");
        assert_eq!(files.stat(Path::new("/etc/file")).expect("no error"), None);
        files.remove(Path::new("/etc/file")).expect("nothing to remove");
        assert!(!root.exists(), "{number}");
        files.write(Path::new("/etc/file"), b"x", &Attributes::default()).expect("written");
        assert_eq!(fs::read(root.join("root/etc/file")).expect("there"), b"x");
        fs::remove_dir_all(&root).expect("removed");
    }
}

/// What /dev/stdout leads to has no name: it is written to, not replaced.
#[test]
fn open_descriptors_are_written_to() {
    let files = HostFiles::new(None);
    let file = tempfile::NamedTempFile::new().expect("a file");
    let path = replace::shown(file.as_file());
    files.write(&path, b"one", &Attributes::default()).expect("written");
    files.append(&path, b", two", &Attributes::default()).expect("appended");
    assert_eq!(fs::read(file.path()).expect("there"), b"one, two");
}

/// restorecon(8) is told what was created, where the kernel has SELinux (selinuxfs is mounted at /sys/fs/selinux).
#[test]
fn what_is_created_waits_for_its_label_if_there_is_a_policy() {
    let root = tempfile::tempdir().expect("a directory");
    let at = |path: &str| PathBuf::from(path);
    let create = |files: &HostFiles| {
        fs::create_dir_all(root.path().join("etc")).expect("made");
        fs::write(root.path().join("etc/old"), "x").expect("written");
        files.write(&at("/etc/old"), b"x", &Attributes::default()).expect("replaced, with its label");
        files.write(&at("/etc/new/directory/file"), b"x", &Attributes::default()).expect("written");
        files.append(&at("/etc/log"), b"x", &Attributes::default()).expect("appended");
        files.create_dir(&at("/etc/made"), None).expect("made");
        files.write(&at("/etc/gone"), b"x", &Attributes::default()).expect("written");
        files.remove(&at("/etc/gone")).expect("removed");
        files.symlink(&at("old"), &at("/etc/link")).expect("linked");
        let found = files.unlabelled();
        fs::remove_dir_all(root.path().join("etc")).expect("removed");
        assert!(files.unlabelled().is_empty(), "once");
        found
    };
    assert!(create(&HostFiles::new(Some(root.path().to_owned()))).is_empty(), "no policy");
    fs::create_dir_all(root.path().join("sys/fs/selinux")).expect("made");
    fs::write(root.path().join("sys/fs/selinux/enforce"), "1").expect("written");
    for files in both_ways(root.path()) {
        let expected = [
            "/etc/link",
            "/etc/log",
            "/etc/made",
            "/etc/new",
            "/etc/new/directory",
            "/etc/new/directory/file",
        ];
        assert_eq!(create(&files), expected.map(PathBuf::from));
    }
}
