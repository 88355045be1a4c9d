use std::path::Path;

use model::System;

use super::*;
use crate::Scratch;

fn root() -> Scratch {
    Scratch::new()
        .file("/etc/one", "1")
        .file("/etc/deep/a", "a")
        .file("/etc/deep/b/c", "c")
        .directory("/empty")
        .link("/etc/link", "one")
        .link("/gone", "/nowhere")
        .node("/dev/console")
}

fn at(path: &str) -> &Path {
    Path::new(path)
}

fn text(system: &System, path: &str) -> Option<String> {
    system.files.text(at(path))
}

fn found(system: &System, path: &str) -> Option<Metadata> {
    system.files.lstat(at(path)).expect("no error")
}

/// rename(2): a directory takes its entries with it, and what was changed before.
#[test]
fn a_renamed_directory_keeps_its_content() {
    let (system, _) = root().system();
    let files = &system.files;
    files.write(at("/etc/deep/a"), b"changed", &Attributes::default()).expect("written");
    files.remove(at("/etc/deep/b/c")).expect("removed");
    files.write(at("/etc/deep/b/d"), b"d", &Attributes::mode(0o600)).expect("written");
    files.rename(at("/etc/deep"), at("/new/place/moved")).expect("renamed");
    assert!(found(&system, "/etc/deep").is_none() && found(&system, "/etc/deep/a").is_none());
    assert_eq!(text(&system, "/new/place/moved/a").as_deref(), Some("changed"));
    assert_eq!(files.list(at("/new/place/moved/b")).expect("a directory"), ["d"]);
    assert_eq!(files.list(at("/etc")).expect("a directory"), ["link", "one"]);
    files.rename(at("/etc/link"), at("/etc/moved")).expect("the link itself");
    assert_eq!(files.read_link(at("/etc/moved")).expect("a link"), at("one"));
    assert!(files.rename(at("/etc/none"), at("/etc/x")).is_err_and(|error| error.is_not_found()));
    files.remove(at("/etc/one")).expect("removed");
    assert!(files.rename(at("/etc/one"), at("/etc/x")).is_err_and(|error| error.is_not_found()));
}

/// What replaces a removed directory, or takes its name, hides what the root has below it.
#[test]
fn what_is_removed_does_not_show_through() {
    let (system, recording) = root().system();
    let files = &system.files;
    files.remove(at("/etc/deep")).expect("removed");
    files.remove(at("/etc/deep")).expect("it is gone already");
    files.remove(at("/none")).expect("nothing to do");
    assert_eq!(recording.effects().len(), 1);
    assert!(files.list(at("/etc/deep")).is_err_and(|error| error.is_not_found()));
    assert!(files.read(at("/etc/deep/a")).is_err_and(|error| error.is_not_found()));
    files.create_dir(at("/etc/deep"), None).expect("made");
    assert!(found(&system, "/etc/deep/a").is_none() && text(&system, "/etc/deep/b/c").is_none());
    assert_eq!(files.list(at("/etc/deep")).expect("a directory"), [] as [String; 0]);
    files.remove(at("/etc/deep")).expect("removed");
    files.write(at("/etc/deep"), b"a file now", &Attributes::default()).expect("written");
    assert!(found(&system, "/etc/deep/a").is_none());
    // A directory that was never removed shows what the root has beside what is new.
    files.write(at("/empty/new"), b"", &Attributes::default()).expect("written");
    files.write(at("/etc/new"), b"", &Attributes::default()).expect("written");
    assert_eq!(files.list(at("/etc")).expect("a directory"), ["deep", "link", "new", "one"]);
    assert_eq!(files.list(at("/")).expect("a directory"), ["dev", "empty", "etc", "gone"]);
}

#[test]
fn what_is_written_has_the_attributes_of_what_it_replaces() {
    let (system, recording) = root().system();
    let files = &system.files;
    files.set_mode(at("/etc/one"), 0o600).expect("set");
    files.set_owner(at("/etc/one"), Owner { uid: Some(5), gid: None }).expect("set");
    files.set_owner(at("/etc/one"), Owner { uid: None, gid: Some(6) }).expect("set");
    files.write(at("/etc/one"), b"2", &Attributes::default()).expect("written");
    let now = found(&system, "/etc/one").expect("there");
    assert_eq!((now.mode, now.uid, now.gid, now.len, now.kind), (0o600, 5, 6, 1, FileKind::File));
    files
        .write(at("/etc/link"), b"three", &Attributes::mode(0o640).owned_by(Owner::new(7, 8)))
        .expect("written");
    let now = found(&system, "/etc/one").expect("there");
    assert_eq!((now.mode, now.uid, now.gid, now.len), (0o640, 7, 8, 5), "through the link");
    files.write(at("/etc/secret"), b"x", &Attributes::secret()).expect("written");
    let new = found(&system, "/etc/secret").expect("there");
    assert_eq!((new.uid, new.gid), (0, 0));
    let kinds: Vec<EffectKind> = recording.effects().into_iter().map(|effect| effect.kind).collect();
    assert!(matches!(&kinds[1], EffectKind::Attributes { mode: 0o600, owner: (5, 0), .. }), "{kinds:?}");
    let EffectKind::Write { before, secret, .. } = kinds.last().expect("written") else {
        panic!("{kinds:?}")
    };
    assert!(before.is_none() && *secret);
    // The link's own owner: lchown(2).
    files.set_owner(at("/etc/link"), Owner::new(1, 2)).expect("set");
    assert_eq!(found(&system, "/etc/link").map(|link| (link.kind, link.uid)), Some((FileKind::Link, 1)));
    assert!(files.set_mode(at("/none"), 0o600).is_err_and(|error| error.is_not_found()));
}

#[test]
fn appending_adds_and_a_device_is_not_read() {
    let (system, recording) = root().system();
    let files = &system.files;
    files.append(at("/etc/one"), b"2", &Attributes::default()).expect("appended");
    files.append(at("/etc/link"), b"3", &Attributes::default()).expect("appended");
    files.append(at("/etc/new"), b"x", &Attributes::mode(0o600)).expect("made");
    assert_eq!(text(&system, "/etc/one").as_deref(), Some("123"));
    assert_eq!(found(&system, "/etc/new").map(|new| new.mode), Some(0o600));
    files.append(at("/dev/console"), b"message", &Attributes::default()).expect("written");
    let last = recording.effects().pop().expect("recorded");
    let EffectKind::Write { before, after, .. } = last.kind else { panic!("{last:?}") };
    assert!(before.is_none() && after == *b"message".as_slice());
}

#[test]
fn directories_are_made_once_and_with_their_parents() {
    let (system, recording) = root().system();
    let files = &system.files;
    files.create_dir(at("/a/b/c"), Some(0o700)).expect("made");
    files.create_dir(at("/a/b/c"), None).expect("it exists");
    files.create_dir(at("/a/b/c"), Some(0o700)).expect("it exists");
    files.create_dir(at("/empty"), Some(0o755)).expect("it exists");
    files.create_dir(at("/a/b"), Some(0o711)).expect("another mode");
    let kinds: Vec<EffectKind> = recording.effects().into_iter().map(|effect| effect.kind).collect();
    let made = |path: &str, mode| EffectKind::Directory { path: path.into(), mode };
    assert_eq!(
        kinds,
        [
            made("/a", 0o755),
            made("/a/b", 0o755),
            made("/a/b/c", 0o700),
            EffectKind::Attributes { path: "/a/b".into(), mode: 0o711, owner: (0, 0) },
        ]
    );
    assert!(files.create_dir(at("/etc/one"), None).is_err(), "a file");
    assert!(files.write(at("/etc"), b"x", &Attributes::default()).is_err(), "a directory");
    assert!(files.list(at("/etc/one")).is_err() && files.read(at("/etc")).is_err());
    files.write(at("/x/y"), b"", &Attributes::default()).expect("with its parent");
    assert_eq!(found(&system, "/x").map(|x| (x.kind, x.mode)), Some((FileKind::Directory, 0o755)));
}

/// stat(2) follows links and lstat(2) does not; readlink(2) is for links only.
#[test]
fn links_are_followed_or_not() {
    let (system, _) = root().system();
    let files = &system.files;
    let kind =
        |outcome: Result<Option<Metadata>, FileError>| outcome.expect("no error").map(|found| found.kind);
    assert_eq!(kind(files.stat(at("/etc/link"))), Some(FileKind::File));
    assert_eq!(kind(files.lstat(at("/etc/link"))), Some(FileKind::Link));
    assert_eq!(kind(files.stat(at("/gone"))), None);
    files.symlink(at("deep"), at("/etc/to-deep")).expect("linked");
    assert_eq!(text(&system, "/etc/to-deep/a").as_deref(), Some("a"));
    assert_eq!(kind(files.stat(at("/etc/to-deep"))), Some(FileKind::Directory));
    assert_eq!(found(&system, "/etc/to-deep").map(|link| link.len), Some(4));
    assert_eq!(files.list(at("/etc/to-deep")).expect("a directory"), ["a", "b"]);
    assert!(files.read_link(at("/etc/one")).is_err());
    files.remove(at("/etc/to-deep")).expect("the link itself");
    assert!(found(&system, "/etc/deep").is_some());
    files.symlink(at("/nowhere"), at("/etc/one")).expect("in place of a file");
    assert!(files.read(at("/etc/one")).is_err_and(|error| error.is_not_found()));
}
