//! Finds the files of the log and of the stages' output.

use std::path::{Path, PathBuf};

use model::Order as _;
use model::{Node, System};

/// The configured files (`def_log_file`, and files that `output:` appends or tees to), and their rotated versions.
pub fn of(system: &System, config: &Node) -> Vec<PathBuf> {
    let mut found = named(config);
    for log in found.clone() {
        let (Some(directory), Some(name)) = (log.parent(), log.file_name()) else { continue };
        let name = name.to_string_lossy();
        let beside = system.files.list(directory).unwrap_or_default();
        found.extend(
            beside
                .iter()
                .filter(|other| other.len() > name.len() && other.starts_with(&*name))
                .map(|other| directory.join(other))
                .filter(|path| system.files.is_file(path)),
        );
    }
    found.order();
    found.dedup();
    found
}

fn named(config: &Node) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> =
        config.get("def_log_file").and_then(Node::as_str).map(PathBuf::from).into_iter().collect();
    for output in config.get("output").and_then(Node::as_map).into_iter().flat_map(|map| map.values()) {
        let inner = output
            .as_list()
            .unwrap_or_default()
            .iter()
            .chain(output.as_map().into_iter().flat_map(|map| map.values()));
        for text in inner.chain(std::iter::once(output)).filter_map(Node::as_str) {
            let word = text.split_whitespace().next_back().unwrap_or_default();
            let path = Path::new(word.trim_start_matches(['>', '|']));
            if path.is_absolute() {
                found.push(path.to_owned());
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_and_what_was_rotated() {
        let (system, _) = system::Scratch::new()
            .file("/var/log/cloud-init.log", "")
            .file("/var/log/cloud-init.log.1", "")
            .file("/var/log/cloud-init-output.log.2.gz", "")
            .file("/var/log/other.log", "")
            .directory("/var/log/cloud-init.log.d")
            .system();
        let config = Node::from_yaml(
            "t",
            b"{def_log_file: /var/log/cloud-init.log, output: {all: '| tee -a /var/log/cloud-init-output.log',
               init: ['>> /var/log/init.log', '&1'], config: {output: '>/var/log/c.log', error: ''}}}",
        );
        let names: Vec<String> = of(&system, &config.expect("valid").expect("there"))
            .iter()
            .map(|path| path.display().to_string().replace("/var/log/", ""))
            .collect();
        assert_eq!(
            names,
            [
                "c.log",
                "cloud-init-output.log",
                "cloud-init-output.log.2.gz",
                "cloud-init.log",
                "cloud-init.log.1",
                "init.log"
            ]
        );
    }
}
