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
    use super::is_own;

    #[test]
    fn only_root_and_this_user_are_trusted() {
        let own = rustix::process::geteuid().as_raw();
        assert!(is_own(0) && is_own(own));
        assert!(!is_own(own + 1) && !is_own(65_534));
    }
}
