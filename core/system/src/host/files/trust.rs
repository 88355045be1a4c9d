//! Whom a directory's entries can be trusted to come from.
//!
//! Root follows links that users plant unless it looks: the kernel's `fs.protected_symlinks` covers sticky directories
//! that everyone can write, and not the home of the user for whom a file is written.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;

/// `S_ISVTX`: only its owner removes or renames an entry.
const STICKY: u32 = 0o1000;
/// Others may write.
const OTHERS: u32 = 0o002;
/// The group may write.
const GROUP: u32 = 0o020;

/// Whether this is root, or the user that this process runs as.
pub(super) fn is_own(uid: u32) -> bool {
    uid == 0 || uid == rustix::process::geteuid().as_raw()
}

/// Whether nobody else can create, replace or remove entries of the directory.
fn is_private(directory: &Metadata) -> bool {
    // Some images give root's group what root has.
    let is_shared = directory.mode() & GROUP != 0 && directory.gid() != 0;
    is_own(directory.uid()) && directory.mode() & OTHERS == 0 && !is_shared
}

/// Whether someone else could have put this entry into the directory.
pub(super) fn is_exposed(directory: &Metadata, entry: Option<&Metadata>) -> bool {
    if is_private(directory) {
        return false;
    }
    // Others cannot rename root's entries of a sticky directory, but they can add a hard link to root's file.
    let is_roots = |entry: &Metadata| is_own(entry.uid()) && (entry.is_dir() || entry.nlink() == 1);
    directory.mode() & STICKY == 0 || !entry.is_some_and(is_roots)
}

/// Whether the entry may be a hard link by which a user passes on another user's file.
pub(super) fn is_hard_linked(directory: &Metadata, entry: &Metadata, exposed: bool) -> bool {
    let is_users = entry.uid() == directory.uid() && !is_own(entry.uid());
    exposed && !entry.is_dir() && entry.nlink() > 1 && !is_users
}

/// Whether owner and mode of the entry may have been chosen by someone who only wants to be the owner of what replaces it.
pub(super) fn is_anyones(directory: &Metadata, entry: &Metadata, exposed: bool) -> bool {
    let is_public = directory.mode() & OTHERS != 0;
    is_hard_linked(directory, entry, exposed) || exposed && is_public && !is_own(entry.uid())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, lchown};
    use std::path::Path;

    use super::*;

    const ALICE: u32 = 61001;
    const BOB: u32 = 61002;

    /// A directory, and what it has with as many names: `None` is nothing, and no names are a directory.
    fn made(
        at: &Path,
        directory: (u32, u32, u32),
        entry: Option<(u32, u32)>,
    ) -> (Metadata, Option<Metadata>) {
        let (uid, gid, mode) = directory;
        fs::create_dir(at).expect("made");
        let path = at.join("entry");
        if let Some((owner, names)) = entry {
            match names {
                0 => fs::create_dir(&path).expect("made"),
                _ => fs::write(&path, "").expect("written"),
            }
            for number in 1..names {
                fs::hard_link(&path, at.join(number.to_string())).expect("linked");
            }
            lchown(&path, Some(owner), Some(owner)).expect("root may");
        }
        lchown(at, Some(uid), Some(gid)).expect("root may");
        fs::set_permissions(at, fs::Permissions::from_mode(mode)).expect("set");
        (fs::metadata(at).expect("there"), entry.map(|_| fs::metadata(&path).expect("there")))
    }

    /// inode(7) and proc_sys_fs(5), protected_symlinks and protected_hardlinks: who can create, rename and link what.
    #[test]
    #[ignore = "needs root"]
    fn what_others_could_have_put_somewhere_is_exposed() {
        let root = tempfile::tempdir().expect("a directory");
        for (number, (directory, entry, exposed, hard_linked, anyones)) in [
            // Only root writes there, or only its group; another group is not trusted.
            ((0, 0, 0o755), Some((ALICE, 1)), false, false, false),
            ((0, BOB, 0o755), Some((ALICE, 2)), false, false, false),
            ((0, 0, 0o775), None, false, false, false),
            ((0, BOB, 0o775), None, true, false, false),
            ((0, BOB, 0o775), Some((0, 1)), true, false, false),
            ((0, BOB, 0o775), Some((BOB, 1)), true, false, false),
            ((0, BOB, 0o775), Some((BOB, 2)), true, true, true),
            ((0, 0, 0o757), Some((0, 1)), true, false, false),
            ((0, 0, 0o757), Some((BOB, 1)), true, false, true),
            // A user's own directory: what is the user's is no other's.
            ((ALICE, ALICE, 0o700), None, true, false, false),
            ((ALICE, ALICE, 0o700), Some((ALICE, 1)), true, false, false),
            ((ALICE, ALICE, 0o700), Some((ALICE, 2)), true, false, false),
            ((ALICE, ALICE, 0o700), Some((0, 2)), true, true, true),
            ((ALICE, ALICE, 0o700), Some((BOB, 2)), true, true, true),
            ((ALICE, ALICE, 0o700), Some((BOB, 0)), true, false, false),
            // As /tmp: only what is root's and has no other name is root's work.
            ((0, 0, 0o1777), None, true, false, false),
            ((0, 0, 0o1777), Some((0, 1)), false, false, false),
            ((0, 0, 0o1777), Some((0, 0)), false, false, false),
            ((0, 0, 0o1777), Some((0, 2)), true, true, true),
            ((0, 0, 0o1777), Some((ALICE, 1)), true, false, true),
            ((0, 0, 0o1777), Some((ALICE, 0)), true, false, true),
            ((0, 0, 0o1777), Some((ALICE, 2)), true, true, true),
        ]
        .into_iter()
        .enumerate()
        {
            let (found, inside) = made(&root.path().join(number.to_string()), directory, entry);
            let case = format!("{directory:?} {entry:?}");
            assert_eq!(is_exposed(&found, inside.as_ref()), exposed, "{case}");
            let Some(inside) = inside else { continue };
            assert_eq!(is_hard_linked(&found, &inside, exposed), hard_linked, "{case}");
            assert_eq!(is_anyones(&found, &inside, exposed), anyones, "{case}");
        }
    }

    #[test]
    fn only_root_and_this_user_are_trusted() {
        let own = rustix::process::geteuid().as_raw();
        assert!(is_own(0) && is_own(own));
        assert!(!is_own(own + 1) && !is_own(own + 2));
    }
}
