//! The log settings in `log_cfgs` and `def_log_file`, as far as they apply without Python's logging.
//!
//! `log_cfgs` contains configurations for Python's logging.config.fileConfig. Of each, this program applies the file
//! and level of FileHandlers and the level of the StreamHandler.

use model::Node;
use tracing::Level;

/// The log destinations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    /// Files to try, with their levels.
    pub(super) files: Vec<(String, Level)>,
    /// The level from which lines also go to standard error.
    pub(super) console: Option<Level>,
}

fn level(word: &str) -> Level {
    match word.trim() {
        "INFO" => Level::INFO,
        "WARNING" | "WARN" => Level::WARN,
        "ERROR" | "CRITICAL" => Level::ERROR,
        _ => Level::DEBUG,
    }
}

/// A handler section of a configuration: class, level and first argument.
fn handlers(text: &str) -> Vec<(String, Level, String)> {
    let mut found = Vec::new();
    for section in text.split("[handler_").skip(1) {
        let value = |key: &str| {
            section
                .lines()
                .skip(1)
                .take_while(|line| !line.trim_start().starts_with('['))
                .find_map(|line| line.trim().strip_prefix(key)?.trim_start().strip_prefix('='))
                .unwrap_or_default()
                .trim()
                .to_owned()
        };
        let arguments = value("args");
        let first = arguments.split(['\'', '"']).nth(1).unwrap_or_default().to_owned();
        found.push((value("class"), level(&value("level")), first));
    }
    found
}

pub(super) fn read(config: &Node) -> Settings {
    let default_file = config.get("def_log_file").and_then(Node::as_str).unwrap_or("/var/log/cloud-init.log");
    let mut settings = Settings { files: Vec::new(), console: None };
    for entry in config.get("log_cfgs").and_then(Node::as_list).unwrap_or_default() {
        let text = match (entry.as_str(), entry.as_list()) {
            (Some(text), _) => text.to_owned(),
            (None, Some(pieces)) => pieces
                .iter()
                .filter_map(|piece| piece.as_str().map(str::to_owned))
                .collect::<Vec<_>>()
                .join("\n"),
            (None, None) => continue,
        };
        for (class, level, argument) in handlers(&text) {
            if class.ends_with("FileHandler") && argument.starts_with('/') {
                settings.files.push((argument, level));
            } else if class.ends_with("StreamHandler") {
                settings.console = Some(level);
            } else if class.ends_with("SysLogHandler") {
                tracing::warn!(
                    "{}: log_cfgs: SysLogHandler is not supported; logging to {default_file}",
                    entry.origin
                );
            }
        }
    }
    if settings.files.is_empty() {
        settings.files.push((default_file.to_owned(), Level::DEBUG));
    }
    settings.console.get_or_insert(Level::WARN);
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_configuration_is_understood() {
        let text = r"
_log:
 - &base |
   [handlers]
   keys=consoleHandler,cloudLogHandler
   [handler_consoleHandler]
   class=StreamHandler
   level=ERROR
   args=(sys.stderr,)
 - &file |
   [handler_cloudLogHandler]
   class=FileHandler
   level=INFO
   args=('/var/log/other.log', 'a', 'UTF-8')
log_cfgs:
 - [ *base, *file ]
";
        let config = Node::from_yaml("t", text.as_bytes()).expect("valid").expect("there");
        let expected =
            Settings { files: vec![("/var/log/other.log".into(), Level::INFO)], console: Some(Level::ERROR) };
        assert_eq!(read(&config), expected);
        let plain = read(&Node::default());
        assert_eq!(plain.files, [("/var/log/cloud-init.log".to_owned(), Level::DEBUG)]);
    }
}
