//! Reasons why a path is not used, although the system would allow it.

use std::io;
use std::path::PathBuf;

/// The largest unit in which a limit is shown.
const MIB: u64 = 1 << 20;

/// A refused path.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error(
        "the symbolic link {} belongs to UID {owner} and lies in a directory that others can write: not following it; \
         use the path of its target instead",
        link.display()
    )]
    Link { link: PathBuf, owner: u32 },
    #[error(
        "the symbolic link {} belongs to UID {owner} and leads to {}, which does not: not following it; use the path of \
         its target instead",
        link.display(),
        target.display()
    )]
    Foreign { link: PathBuf, owner: u32, target: PathBuf },
    #[error(
        "not creating directories through the symbolic link {}, which belongs to UID {owner}: create {} first, or use \
         the path of the link's target instead",
        link.display(),
        missing.display()
    )]
    Parents { link: PathBuf, owner: u32, missing: PathBuf },
    #[error(
        "it belongs to UID {owner} and has {count} hard links, in a directory that others can write: remove it or copy it \
         first"
    )]
    HardLink { owner: u32, count: u64 },
    #[error("it is {0}, not a regular file")]
    Kind(&'static str),
    #[error("it is larger than {} MiB", limit / MIB)]
    TooLarge { limit: u64 },
    #[error("it was replaced meanwhile")]
    Changed,
}

impl Refusal {
    fn kind(&self) -> io::ErrorKind {
        match self {
            Self::Kind(_) => io::ErrorKind::InvalidInput,
            Self::TooLarge { .. } => io::ErrorKind::FileTooLarge,
            Self::Changed => io::ErrorKind::Interrupted,
            _ => io::ErrorKind::PermissionDenied,
        }
    }
}

impl From<Refusal> for io::Error {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.kind(), refusal)
    }
}
