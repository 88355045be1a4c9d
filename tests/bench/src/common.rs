//! The modules that both programs have, so that both are given the same to do.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_yaml::Value;

use crate::{Error, file};

/// The lists of cloud.cfg, one for each stage that runs modules.
const LISTS: [&str; 3] = ["cloud_init_modules", "cloud_config_modules", "cloud_final_modules"];

/// What the two programs have in common.
#[derive(Debug)]
pub struct Common {
    /// A file of the configuration with the lists of the modules that both have.
    pub file: PathBuf,
    /// Modules that the original's cloud.cfg runs and ours has not: nobody runs them here.
    pub left_out: Vec<String>,
}

impl Common {
    /// Compares the lists of the root's cloud.cfg with what our program says that it holds, and writes the file.
    pub fn write(root: &Path, ours: &Path, cache: &Path) -> Result<Self, Error> {
        let path = root.join("etc/cloud/cloud.cfg");
        let text = fs::read_to_string(&path).map_err(file(path.display().to_string()))?;
        let features = Command::new(ours).args(["features", "--all"]).output();
        let features = features.map_err(file(ours.display().to_string()))?;
        let (common, left_out) = common(&text, &String::from_utf8_lossy(&features.stdout))?;
        fs::create_dir_all(cache).map_err(file(cache.display().to_string()))?;
        let file_of_lists = cache.join("modules.cfg");
        fs::write(&file_of_lists, common).map_err(file(file_of_lists.display().to_string()))?;
        Ok(Self { file: file_of_lists, left_out })
    }
}

/// The lists without what is not among the features, as YAML, and what was left out.
fn common(configuration: &str, features: &str) -> Result<(String, Vec<String>), Error> {
    let unreadable = |error: serde_yaml::Error| Error::Usage(format!("the root's cloud.cfg: {error}"));
    let configuration: Value = serde_yaml::from_str(configuration).map_err(unreadable)?;
    let ours: Vec<&str> = features.lines().filter_map(|line| line.strip_prefix("module ")).collect();
    let (mut text, mut left_out) = (String::new(), Vec::new());
    for list in LISTS {
        text += &format!("{list}:\n");
        for entry in configuration[list].as_sequence().into_iter().flatten() {
            // A module with its frequency is a list.
            let name = entry.as_str().or_else(|| entry[0].as_str()).unwrap_or_default().replace('-', "_");
            if ours.contains(&name.as_str()) {
                text += &format!("- {name}\n");
            } else {
                left_out.push(name);
            }
        }
    }
    Ok((text, left_out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_both_have_runs() {
        let configuration = "cloud_init_modules: [seed_random, ca-certs]\ncloud_config_modules: [[write-files, always]]\n\
                             cloud_final_modules: []\n";
        let (text, left_out) =
            common(configuration, "renderer eni\nmodule seed_random\nmodule write_files\n").expect("read");
        assert_eq!(
            text,
            "cloud_init_modules:\n- seed_random\ncloud_config_modules:\n- write_files\ncloud_final_modules:\n"
        );
        assert_eq!(left_out, ["ca_certs"]);
    }
}
