//! Finds the file with a user's public keys, and adds keys to it.
//!
//! sshd reads the files that `AuthorizedKeysFile` names; the keys are added to the first one that belongs to the user
//! alone and that sshd accepts with `StrictModes`.

mod add;

use std::path::{Path, PathBuf};

use etc_files::accounts::Groups;
use etc_files::sshd::SshdConfig;
use model::effects::{Attributes, FileKind, Files, Metadata, Owner};
use model::user::Account;
use model::{Context, DistroError, ModuleError};

pub(crate) use add::{REDIRECT_OPTIONS, add, redirect};

/// An account that must exist.
pub(crate) fn account(context: &Context<'_>, name: &str) -> Result<Account, ModuleError> {
    let missing = || DistroError::NoUser { name: name.to_owned() };
    Ok(context.distro.users().find(name)?.ok_or_else(missing)?)
}

/// The file with a user's keys; it and its directories are created if missing.
pub(crate) fn file(context: &Context<'_>, account: &Account) -> Result<PathBuf, ModuleError> {
    let text =
        context.system.files.text(&context.distro.ssh().directory().join("sshd_config")).unwrap_or_default();
    let config = SshdConfig::parse(text.as_bytes());
    let patterns = config.effective("AuthorizedKeysFile").filter(|patterns| !patterns.is_empty());
    let strict = config.effective("StrictModes").is_none_or(|words| words == ["yes"]);
    let home = account.home.to_string_lossy();
    for pattern in patterns.unwrap_or_else(|| vec!["%h/.ssh/authorized_keys".to_owned()]) {
        let path = pattern.replace("%h", &home).replace("%u", &account.name).replace("%%", "%");
        let path = account.home.join(path);
        let own = pattern.contains("%u") || pattern.contains("%h") || path.starts_with(&account.home);
        if own && usable(context, account, &path, strict)? {
            return Ok(path);
        }
    }
    Ok(account.home.join(".ssh/authorized_keys"))
}

/// Whether sshd would read keys from a file; creates the file and missing directories.
fn usable(context: &Context<'_>, account: &Account, path: &Path, strict: bool) -> Result<bool, ModuleError> {
    let files = &context.system.files;
    let owner = Owner::new(account.uid, account.gid);
    let above_home = account.home.parent().unwrap_or(Path::new("/"));
    let mut directories: Vec<&Path> = path.ancestors().skip(1).filter(|at| at.parent().is_some()).collect();
    directories.reverse();
    for directory in directories {
        match files.lstat(directory)?.map(|found| found.kind) {
            Some(kind @ (FileKind::Link | FileKind::File)) => {
                tracing::debug!("{} is a {kind:?}: ignoring its keys", directory.display());
                return Ok(false);
            }
            Some(_) if is_left_over(files.as_ref(), account, directory)? => {
                files.set_owner(directory, owner)?;
            }
            Some(_) => {}
            None if above_home.starts_with(directory) || directory == account.home => {}
            None => {
                let inside = directory.starts_with(&account.home);
                // A missing home, and what is above it, are root's.
                files.create_dir(directory.parent().unwrap_or(Path::new("/")), None)?;
                let (mode, owner) = if inside { (0o700, owner) } else { (0o755, Owner::ROOT) };
                files.create_dir_owned(directory, Some(mode), owner)?;
            }
        }
        if above_home.starts_with(directory) || directory == account.home {
            continue;
        }
        if let Some(found) = files.stat(directory)?
            && !permitted(context, account, directory, &found, 0o711, strict)
        {
            return Ok(false);
        }
    }
    match files.lstat(path)? {
        Some(Metadata { kind: FileKind::Link | FileKind::Directory, .. }) => return Ok(false),
        Some(_) => {}
        None => files.write(path, b"", &Attributes::mode(0o600).owned_by(owner))?,
    }
    Ok(files.stat(path)?.is_some_and(|found| permitted(context, account, path, &found, 0o644, strict)))
}

/// Whether a power cut left this directory in the home before its owner was changed: it belongs to root, is
/// inaccessible to others, and is empty.
fn is_left_over(files: &dyn Files, account: &Account, directory: &Path) -> Result<bool, ModuleError> {
    let inside = directory.starts_with(&account.home) && directory != account.home && account.uid != 0;
    let Some(found) = files.lstat(directory)?.filter(|_| inside) else { return Ok(false) };
    let closed = found.kind == FileKind::Directory && found.mode == 0o700 && (found.uid, found.gid) == (0, 0);
    Ok(closed && files.list(directory)?.is_empty())
}

/// sshd's check: the user can reach the file and, under `StrictModes`, nobody else can write it.
fn permitted(
    context: &Context<'_>,
    account: &Account,
    path: &Path,
    found: &Metadata,
    needed: u32,
    strict: bool,
) -> bool {
    let refuse = |why: &str| {
        tracing::debug!("{} {why}: sshd would not read keys of {} from it", path.display(), account.name);
        false
    };
    if strict && found.uid != account.uid && found.uid != 0 {
        return refuse("belongs to another user");
    }
    let share = if found.uid == account.uid {
        0o700
    } else if groups_of(context, account).contains(&found.gid) {
        0o070
    } else {
        0o007
    };
    if found.mode & needed & share == 0 {
        return refuse("is not accessible");
    }
    if strict && found.mode & 0o022 != 0 {
        return refuse("is writable by others");
    }
    true
}

fn groups_of(context: &Context<'_>, account: &Account) -> Vec<u32> {
    let text = context.system.files.text(Path::new("/etc/group")).unwrap_or_default();
    let groups = Groups::parse(text.as_bytes());
    let member =
        groups.records().filter(|group| group.members.contains(&account.name)).map(|group| group.gid);
    std::iter::once(account.gid).chain(member).collect()
}
