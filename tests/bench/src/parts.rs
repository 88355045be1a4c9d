//! A user-data of many parts, each merged into the ones before it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::{Error, file};

/// How many.
const PARTS: usize = 500;

/// Writes the seed and gives its directory.
pub fn seed(cache: &Path) -> Result<PathBuf, Error> {
    let directory = cache.join("parts");
    let named = || file(directory.display().to_string());
    fs::create_dir_all(&directory).map_err(named())?;
    fs::write(directory.join("meta-data"), "instance-id: many-parts\n").map_err(named())?;
    fs::write(directory.join("user-data"), user_data()).map_err(named())?;
    Ok(directory)
}

fn user_data() -> String {
    let mut text = "Content-Type: multipart/mixed; boundary=\"parts\"\nMIME-Version: 1.0\n\n".to_owned();
    for part in 0..PARTS {
        let _ = write!(
            text,
            "--parts\nContent-Type: text/cloud-config\n\n#cloud-config\n\
             merge_how: dict(recurse_list,recurse_str)+list(append)+str()\n\
             packages: [package-{part}]\nruncmd:\n  - [echo, part {part}]\n\
             write_files:\n  - path: /etc/part-{part}\n    content: |\n      of part {part}\n    permissions: '0644'\n\
             some:\n  nested:\n    key-{part}: {{number: {part}, words: [a, b, c]}}\n"
        );
    }
    // What is measured is merging.
    text += "--parts\nContent-Type: text/cloud-config\n\n#cloud-config\ncloud_init_modules: []\n--parts--\n";
    text
}
