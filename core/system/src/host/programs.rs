//! Programs in PATH.

use std::ffi::{OsStr, OsString};
use std::fs::{DirEntry, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use which::WhichConfig;
use which::sys::{RealSys, Sys};

use super::commands::SYSTEM_PATH;

/// Finds a program in PATH within a root.
pub(super) fn find(root: Option<&Path>, program: &str) -> Option<PathBuf> {
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
            let files = super::HostFiles::new(Some(root.to_owned()));
            crate::links::find_program(&files, program, &search)
        }
    }
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
