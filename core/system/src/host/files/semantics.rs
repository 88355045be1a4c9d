//! What each operation does, by the kernel's manual pages: in a root of its own and in the machine's, by the kernel's walk and
//! step by step.

use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _, symlink};

use super::*;

/// Files of a way to walk, and the directory that is `/` to the test.
struct Way {
    files: HostFiles,
    top: PathBuf,
    real: tempfile::TempDir,
}

impl Way {
    fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for (prefixed, by_steps) in [(true, false), (true, true), (false, false), (false, true)] {
            let real = tempfile::tempdir().expect("a directory");
            let files = HostFiles::new(prefixed.then(|| real.path().to_owned()));
            if by_steps {
                files.root.forget_openat2();
            }
            let top = if prefixed { PathBuf::from("/") } else { real.path().to_owned() };
            all.push(Self { files, top, real });
        }
        all
    }

    /// A path as the files know it.
    fn at(&self, path: &str) -> PathBuf {
        self.top.join(path)
    }

    /// A path of this machine.
    fn real(&self, path: &str) -> PathBuf {
        self.real.path().join(path)
    }

    fn put(&self, path: &str, text: &str) {
        let path = self.real(path);
        fs::create_dir_all(path.parent().expect("below")).expect("made");
        fs::write(path, text).expect("written");
    }

    fn text(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.real(path)).ok()
    }

    fn mode(&self, path: &str) -> u32 {
        fs::symlink_metadata(self.real(path)).expect("there").mode() & 0o7777
    }

    fn kind(&self, path: &str, follow: bool) -> Option<FileKind> {
        let path = self.at(path);
        let found = if follow { self.files.stat(&path) } else { self.files.lstat(&path) };
        found.expect("no error").map(|found| found.kind)
    }
}

fn os_kind(error: &FileError) -> io::ErrorKind {
    error.source.kind()
}

/// stat(2), readlink(2): a missing file, and one below what is no directory, are no error.
#[test]
fn entries_have_their_kinds() {
    for way in Way::all() {
        way.put("d/file", "12345");
        fs::set_permissions(way.real("d/file"), fs::Permissions::from_mode(0o4751)).expect("set");
        symlink("file", way.real("d/link")).expect("linked");
        symlink("none", way.real("d/dangling")).expect("linked");
        rustix::fs::mkfifoat(rustix::fs::CWD, way.real("d/fifo"), Mode::RWXU).expect("made");
        let found = way.files.stat(&way.at("d/file")).expect("no error").expect("there");
        let real = fs::metadata(way.real("d/file")).expect("there");
        assert_eq!((found.kind, found.mode, found.len), (FileKind::File, 0o4751, 5));
        assert_eq!((found.uid, found.gid, found.modified), (real.uid(), real.gid(), real.mtime()));
        for (path, followed, itself) in [
            ("d", Some(FileKind::Directory), Some(FileKind::Directory)),
            ("d/link", Some(FileKind::File), Some(FileKind::Link)),
            ("d/dangling", None, Some(FileKind::Link)),
            ("d/fifo", Some(FileKind::Special), Some(FileKind::Special)),
            ("d/none", None, None),
            ("d/file/below", None, None),
            ("none/below", None, None),
        ] {
            assert_eq!(way.kind(path, true), followed, "{path}");
            assert_eq!(way.kind(path, false), itself, "{path}");
        }
        assert_eq!(way.files.read_link(&way.at("d/link")).expect("a link"), Path::new("file"));
        let error = way.files.read_link(&way.at("d/file")).expect_err("a file");
        assert_eq!(os_kind(&error), io::ErrorKind::InvalidInput);
        assert!(way.files.read_link(&way.at("d/none")).is_err_and(|error| error.is_not_found()));
        assert_eq!(way.files.list(&way.at("d")).expect("a directory"), ["dangling", "fifo", "file", "link"]);
        assert!(way.files.list(&way.at("none")).is_err_and(|error| error.is_not_found()));
        assert_eq!(
            os_kind(&way.files.list(&way.at("d/file")).expect_err("a file")),
            io::ErrorKind::NotADirectory
        );
        assert!(way.files.read(&way.at("d/none")).is_err_and(|error| error.is_not_found()));
        assert_eq!(
            os_kind(&way.files.read(&way.at("d")).expect_err("a directory")),
            io::ErrorKind::IsADirectory
        );
    }
}

/// path_resolution(7): at most 40 links are followed.
#[test]
fn as_many_links_are_followed_as_by_the_kernel() {
    for way in Way::all() {
        way.put("0", "the end");
        for number in 1..=41 {
            symlink(format!("{}", number - 1), way.real(&number.to_string())).expect("linked");
        }
        assert_eq!(way.files.read(&way.at("40")).expect("followed"), b"the end");
        assert!(way.files.read(&way.at("41")).is_err_and(|error| !error.is_not_found()));
        way.files.append(&way.at("40"), b"!", &Attributes::default()).expect("followed");
        assert_eq!(way.text("0").as_deref(), Some("the end!"));
        assert!(way.files.append(&way.at("41"), b"!", &Attributes::default()).is_err());
        symlink("loop", way.real("loop")).expect("linked");
        assert!(way.files.stat(&way.at("loop")).is_err());
        assert_eq!(way.kind("loop", false), Some(FileKind::Link));
        // `..` is the parent of where a link leads to.
        way.put("deep/a/file", "deep");
        way.put("deep/beside", "beside");
        symlink("deep/a", way.real("short")).expect("linked");
        assert_eq!(way.files.read(&way.at("short/../beside")).expect("there"), b"beside");
        way.files.write(&way.at("short/../new"), b"x", &Attributes::default()).expect("written");
        assert_eq!(way.text("deep/new").as_deref(), Some("x"));
    }
}

/// mkdir(2), chmod(2).
#[test]
fn directories_are_made_with_their_modes() {
    for way in Way::all() {
        let make = |path: &str, mode| way.files.create_dir(&way.at(path), mode);
        make("a/b/c", None).expect("made with its parents");
        assert_eq!([way.mode("a"), way.mode("a/b/c")], [0o755; 2]);
        make("a/b/c", None).expect("it exists");
        for mode in [0o700, 0o711, 0o777, 0o1777, 0o750] {
            let name = format!("m{mode:o}");
            make(&name, Some(mode)).expect("made");
            assert_eq!(way.mode(&name), mode, "whatever the umask");
            make("a/b/c", Some(mode)).expect("its mode changes");
            assert_eq!(way.mode("a/b/c"), mode);
        }
        make("a/b/c", None).expect("it exists");
        assert_eq!(way.mode("a/b/c"), 0o750, "it keeps its mode");
        way.put("file", "");
        assert_eq!(os_kind(&make("file", None).expect_err("a file")), io::ErrorKind::AlreadyExists);
        assert_eq!(os_kind(&make("file/below", None).expect_err("a file")), io::ErrorKind::NotADirectory);
        let own = Owner::new(rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
        let owned = |path: &str| way.files.create_dir_owned(&way.at(path), Some(0o710), own);
        owned("owned/inner").expect("made");
        assert_eq!(way.mode("owned/inner"), 0o710);
        make("owned/inner", Some(0o700)).expect("changed");
        owned("owned/inner").expect("it exists");
        assert_eq!(way.mode("owned/inner"), 0o700, "it keeps its mode");
        assert!(owned("file").is_err());
        assert_eq!(way.files.list(&way.at("owned")).expect("a directory"), ["inner"], "nothing is left");
        // mkdir(2): in a set-group-ID directory, the bit is inherited, but not where a mode is asked for.
        way.files.set_mode(&way.at("owned"), 0o2755).expect("set");
        make("owned/usual", None).expect("made");
        make("owned/exact", Some(0o700)).expect("made");
        assert_eq!([way.mode("owned/usual"), way.mode("owned/exact")], [0o2755, 0o700]);
    }
}

/// symlink(2), rename(2): what had the name is replaced, also a directory with its content.
#[test]
fn a_link_takes_the_place_of_anything() {
    for way in Way::all() {
        way.put("file", "x");
        way.put("directory/inner/file", "x");
        symlink("elsewhere", way.real("old")).expect("linked");
        for name in ["file", "directory", "old", "new/parents/link"] {
            way.files.symlink(Path::new("target"), &way.at(name)).expect("linked");
            assert_eq!(fs::read_link(way.real(name)).expect("a link"), Path::new("target"), "{name}");
        }
        assert_eq!(way.files.list(&way.top).expect("a directory"), ["directory", "file", "new", "old"]);
    }
}

#[test]
fn what_is_removed_is_gone_with_its_content() {
    for way in Way::all() {
        for number in 0..400 {
            way.put(&format!("many/{number}-with-a-name-that-takes-some-room"), "");
        }
        way.put("many/deep/er/file", "");
        way.put("kept", "kept");
        symlink("../kept", way.real("many/link")).expect("linked");
        symlink("many", way.real("to-many")).expect("linked");
        way.files.remove(&way.at("to-many")).expect("the link itself");
        assert_eq!(way.kind("many", true), Some(FileKind::Directory));
        way.files.remove(&way.at("many")).expect("removed");
        assert_eq!(way.kind("many", false), None);
        assert_eq!(way.text("kept").as_deref(), Some("kept"));
        for missing in ["many", "none/below", "kept/below"] {
            let outcome = way.files.remove(&way.at(missing));
            assert!(outcome.is_ok() || missing == "kept/below", "{missing}: {outcome:?}");
        }
        way.files.remove(&way.at("kept")).expect("removed");
        assert_eq!(way.files.list(&way.top).expect("a directory"), [] as [String; 0]);
    }
    let root = tempfile::tempdir().expect("a directory");
    let files = HostFiles::new(Some(root.path().to_owned()));
    for top in ["/", "/."] {
        assert_eq!(
            os_kind(&files.remove(Path::new(top)).expect_err("the root")),
            io::ErrorKind::InvalidInput
        );
    }
}

#[test]
fn names_modes_and_owners_are_changed() {
    for way in Way::all() {
        way.put("one", "1");
        way.put("two", "2");
        way.files.rename(&way.at("one"), &way.at("two")).expect("renamed");
        assert_eq!((way.text("one"), way.text("two").as_deref()), (None, Some("1")));
        let missing = way.files.rename(&way.at("one"), &way.at("three")).expect_err("missing");
        assert!(missing.is_not_found());
        rustix::fs::mkfifoat(rustix::fs::CWD, way.real("fifo"), Mode::RWXU).expect("made");
        fs::create_dir(way.real("directory")).expect("made");
        symlink("two", way.real("link")).expect("linked");
        for (path, real) in [("two", "two"), ("fifo", "fifo"), ("directory", "directory"), ("link", "two")] {
            for mode in [0o640, 0o4711, 0o000, 0o755] {
                way.files.set_mode(&way.at(path), mode).expect("set");
                assert_eq!(way.mode(real), mode, "{path}");
            }
        }
        assert!(fs::metadata(way.real("fifo")).expect("there").file_type().is_fifo());
        assert!(way.files.set_mode(&way.at("none"), 0o600).is_err_and(|error| error.is_not_found()));
        let own = Owner::new(rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
        way.files.set_owner(&way.at("two"), own).expect("it is ours already");
        way.files.set_owner(&way.at("link"), own).expect("the link itself");
        assert!(way.files.set_owner(&way.at("none"), own).is_err_and(|error| error.is_not_found()));
        way.files.set_owner(&way.at("none"), Owner::default()).expect("nothing to do");
    }
}

/// Attributes are those of a new file; one that is replaced keeps what is not given.
#[test]
fn files_are_written_with_their_attributes() {
    for way in Way::all() {
        let write = |path: &str, text: &str, attributes: &Attributes| {
            way.files.write(&way.at(path), text.as_bytes(), attributes)
        };
        write("new/file", "1", &Attributes::default()).expect("written");
        assert_eq!((way.text("new/file").as_deref(), way.mode("new/file")), (Some("1"), 0o644));
        for mode in [0o600, 0o666, 0o4755, 0o400, 0o444] {
            write("new/file", "2", &Attributes::mode(mode)).expect("written");
            assert_eq!(way.mode("new/file"), mode, "whatever the umask");
            write("new/file", "3", &Attributes::default()).expect("written");
            assert_eq!(way.mode("new/file"), mode, "it keeps its mode");
        }
        write("secret", "s", &Attributes::secret()).expect("written");
        assert_eq!(way.mode("secret"), 0o600);
        assert_eq!(
            os_kind(&write("new", "x", &Attributes::default()).expect_err("a directory")),
            io::ErrorKind::IsADirectory
        );
        assert_eq!(
            os_kind(&write("new/file/x", "x", &Attributes::default()).expect_err("a file")),
            io::ErrorKind::NotADirectory
        );
        way.put("log", "a");
        way.files.append(&way.at("log"), b"b", &Attributes::mode(0o600)).expect("appended");
        assert_eq!((way.text("log").as_deref(), way.mode("log")), (Some("ab"), 0o644));
        way.files.append_with(&way.at("log"), b"c", &Attributes::mode(0o600)).expect("appended");
        assert_eq!((way.text("log").as_deref(), way.mode("log")), (Some("abc"), 0o600));
        way.files.append_with(&way.at("new/log"), b"d", &Attributes::mode(0o640)).expect("made");
        assert_eq!((way.text("new/log").as_deref(), way.mode("new/log")), (Some("d"), 0o640));
        // The same content and mode is not written again; a link to the file is no other file.
        let inode = |path: &str| fs::metadata(way.real(path)).expect("there").ino();
        let before = inode("log");
        way.files.ensure(&way.at("log"), b"abc", &Attributes::mode(0o600)).expect("as wanted");
        way.files.ensure(&way.at("log"), b"abc", &Attributes::default()).expect("as wanted");
        assert_eq!(inode("log"), before);
        for (text, mode) in [("xyz", 0o600), ("abc ", 0o600), ("abc", 0o640)] {
            let before = inode("log");
            way.files.ensure(&way.at("log"), text.as_bytes(), &Attributes::mode(mode)).expect("written");
            assert_ne!(inode("log"), before, "{text} {mode:o}");
            assert_eq!((way.text("log").as_deref(), way.mode("log")), (Some(text), mode));
        }
        fs::hard_link(way.real("log"), way.real("other")).expect("linked");
        way.files.ensure(&way.at("log"), b"abc", &Attributes::mode(0o640)).expect("written");
        assert_ne!(inode("log"), inode("other"), "what has another name could be changed by it");
        assert_eq!(way.files.list(&way.at("new")).expect("a directory"), ["file", "log"], "nothing is left");
    }
}

/// What is left of a name that a killed process of the same ID used is in nobody's way.
#[test]
fn a_temporary_name_that_is_taken_is_used_again() {
    for way in Way::all() {
        let taken = model::effects::temporary::name(std::ffi::OsStr::new("file"), std::process::id());
        let taken = taken.to_str().expect("text");
        way.put("before", "");
        way.files.write(&way.at("swept"), b"", &Attributes::default()).expect("the directory is swept");
        way.put(taken, "left");
        way.files.write(&way.at("file"), b"x", &Attributes::default()).expect("written");
        way.put(taken, "left");
        way.files.symlink(Path::new("file"), &way.at("file")).expect("linked");
        assert_eq!(way.files.list(&way.top).expect("a directory"), ["before", "file", "swept"]);
    }
}

#[test]
fn changes_of_directories_are_seen() {
    for way in Way::all() {
        way.put("d/file", "1");
        symlink("d", way.real("link")).expect("linked");
        let mut changes = way.files.watch(&[&way.at("link")]).expect("watched");
        assert!(!changes.wait(std::time::Duration::from_millis(1)).expect("no error"));
        way.files.write(&way.at("d/file"), b"2", &Attributes::default()).expect("written");
        assert!(changes.wait(std::time::Duration::from_secs(20)).expect("no error"));
        // What does not exist yet may come, also in the place of a file.
        for path in ["none/below", "d/file/below"] {
            let mut changes = way.files.watch(&[&way.at(path)]).expect(path);
            assert!(!changes.wait(std::time::Duration::from_millis(1)).expect("no error"), "{path}");
        }
    }
}
