//! Programs in PATH.

use std::ffi::{OsStr, OsString};
use std::fs::{DirEntry, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use model::effects::{FileKind, ReadFiles};
use which::WhichConfig;
use which::sys::{RealSys, Sys};

use crate::host::{HostFiles, SYSTEM_PATH};

/// Finds a program in PATH within a root.
pub(crate) fn find(root: Option<&Path>, program: &str) -> Option<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default();
    let search = format!("{path}:{SYSTEM_PATH}");
    match root {
        None => WhichConfig::new_with_sys(Homeless(RealSys))
            .binary_name(program.into())
            .custom_path_list(search.into())
            .custom_cwd("/".into())
            .first_result()
            .ok(),
        Some(root) => {
            let files = HostFiles::new(Some(root.to_owned()));
            find_in(&files, program, &search)
        }
    }
}

/// The first executable with a name in a search path.
pub(crate) fn find_in(files: &dyn ReadFiles, program: &str, search: &str) -> Option<PathBuf> {
    search.split(':').filter(|directory| directory.starts_with('/')).map(|directory| Path::new(directory).join(program)).find(
        |path| {
            matches!(files.stat(path), Ok(Some(found)) if found.kind == FileKind::File && found.mode & 0o111 != 0)
        },
    )
}

/// This machine without `~` in PATH: for a home directory, the C library's account databases would be part of every static
/// program, with the means to load their modules.
struct Homeless(RealSys);

impl Sys for Homeless {
    type ReadDirEntry = DirEntry;
    type Metadata = Metadata;

    fn is_windows(&self) -> bool {
        self.0.is_windows()
    }

    fn current_dir(&self) -> io::Result<PathBuf> {
        self.0.current_dir()
    }

    fn home_dir(&self) -> Option<PathBuf> {
        None
    }

    fn env_split_paths(&self, paths: &OsStr) -> Vec<PathBuf> {
        self.0.env_split_paths(paths)
    }

    fn env_path(&self) -> Option<OsString> {
        self.0.env_path()
    }

    fn env_path_ext(&self) -> Option<OsString> {
        self.0.env_path_ext()
    }

    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        self.0.metadata(path)
    }

    fn symlink_metadata(&self, path: &Path) -> io::Result<Metadata> {
        self.0.symlink_metadata(path)
    }

    fn read_dir(&self, path: &Path) -> io::Result<Box<dyn Iterator<Item = io::Result<DirEntry>>>> {
        self.0.read_dir(path)
    }

    fn is_valid_executable(&self, path: &Path) -> io::Result<bool> {
        self.0.is_valid_executable(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Scratch;

    /// execvp(3): the first executable regular file of the search path; relative directories are none of a root's.
    #[test]
    fn a_program_is_the_first_executable_file_of_the_path() {
        let root = Scratch::new()
            .directory("/a/tool")
            .file("/b/tool", "not executable")
            .program("/c/tool")
            .program("/d/tool")
            .program("/d/other")
            .link("/e/linked", "/c/tool");
        let found =
            |name: &str, search: &str| find_in(&root, name, search).map(|path| path.display().to_string());
        assert_eq!(found("tool", "/none:/a:/b:/c:/d").as_deref(), Some("/c/tool"));
        assert_eq!(found("tool", "/d:/c").as_deref(), Some("/d/tool"));
        assert_eq!(found("linked", "/e").as_deref(), Some("/e/linked"));
        assert_eq!(found("tool", "/a:/b"), None);
        assert_eq!(found("tool", "c::./c"), None);
        assert_eq!(found("other", "/a:/b:/c"), None);
    }
}
