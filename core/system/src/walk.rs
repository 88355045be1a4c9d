//! Resolves a path below a root component by component, so that no link leads out of it.

use std::ffi::OsString;
use std::io;
use std::path::{Component, Path, PathBuf};

/// Linux's limit of links in one path.
pub(crate) const MAX_LINKS: usize = 40;

/// The kernel's ELOOP.
pub(crate) fn too_many_links() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "too many levels of symbolic links")
}

/// Resolves an absolute path to one without links, `..` or `.`; the root itself is `/`.
///
/// `read_link` returns the target of a link at a resolved path, or `None` if it is not a link. The last component is
/// followed only with `follow_last`. Missing components are kept unchanged.
pub(crate) fn resolve(
    path: &Path,
    follow_last: bool,
    mut read_link: impl FnMut(&Path) -> io::Result<Option<PathBuf>>,
) -> io::Result<PathBuf> {
    let mut waiting: Vec<OsString> = components(path);
    let mut done = PathBuf::from("/");
    let mut links = 0;
    while let Some(name) = waiting.pop() {
        if name == ".." {
            done.pop();
            continue;
        }
        let next = done.join(&name);
        let last = waiting.is_empty();
        if last && !follow_last {
            return Ok(next);
        }
        match read_link(&next)? {
            None => done = next,
            Some(target) => {
                links += 1;
                if links > MAX_LINKS {
                    return Err(too_many_links());
                }
                if target.is_absolute() {
                    done = PathBuf::from("/");
                }
                waiting.extend(components(&target));
            }
        }
    }
    Ok(done)
}

/// The components in reverse order, for popping.
pub(crate) fn components(path: &Path) -> Vec<OsString> {
    let mut names: Vec<OsString> = path
        .components()
        .filter_map(|component| match component {
            Component::Normal(name) => Some(name.to_owned()),
            Component::ParentDir => Some(OsString::from("..")),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
        })
        .collect();
    names.reverse();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn follow(path: &str, last: bool) -> io::Result<PathBuf> {
        resolve(Path::new(path), last, |at| {
            Ok(match at.to_str() {
                Some("/abs") => Some("/etc".into()),
                Some("/var/up") => Some("../../../etc".into()),
                Some("/etc/rel") => Some("hosts".into()),
                Some("/loop") => Some("loop".into()),
                _ => None,
            })
        })
    }

    #[test]
    fn links_and_dots_stay_below_the_root() {
        for (path, expected) in [
            ("/etc/hosts", "/etc/hosts"),
            ("/abs/hosts", "/etc/hosts"),
            ("/var/up/hosts", "/etc/hosts"),
            ("/../../etc/rel", "/etc/hosts"),
            ("/missing/./x", "/missing/x"),
        ] {
            assert_eq!(follow(path, true).expect("no loop"), PathBuf::from(expected), "{path}");
        }
        assert_eq!(follow("/etc/rel", false).expect("no loop"), PathBuf::from("/etc/rel"));
        assert!(follow("/loop/x", true).is_err());
    }
}
