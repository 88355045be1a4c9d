//! cloud-init's settings on the kernel command line.

use std::path::{Path, PathBuf};
use std::time::Duration;

use model::System;
use model::effects::{Attributes, Request, Url};

/// The kernel command line; in a container, that of PID 1, as upstream does.
pub fn kernel_command_line(system: &System) -> String {
    let read = |path: &str| system.files.text(Path::new(path));
    if let Some(line) = system.environment.var("DEBUG_PROC_CMDLINE") {
        return line;
    }
    // Container managers write this file, regardless of the init system.
    let contained = Path::new("/run/systemd/container");
    let text = if system.files.exists(contained) {
        read("/proc/1/cmdline").map(|text| text.replace('\0', " "))
    } else {
        read("/proc/cmdline")
    };
    text.unwrap_or_default().trim_end().to_owned()
}

/// The YAML between `cc:` and `end_cc`, each on separate lines; an escaped `\n` is a line break.
pub(super) fn configuration(cmdline: &str) -> String {
    let line = format!(" {cmdline}");
    let mut rest = line.as_str();
    let mut pieces = Vec::new();
    while let Some((_, after)) = rest.split_once(" cc:") {
        let (piece, remainder) = after.split_once("end_cc").unwrap_or((after, ""));
        pieces.push(unquote(piece.trim_start()).replace("\\n", "\n"));
        rest = remainder;
    }
    pieces.join("\n")
}

/// Decodes percent encoding; invalid sequences are kept.
pub(crate) fn unquote(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = text.get(at + 1..at + 3).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (bytes[at], code) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 3;
            }
            (byte, _) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// `cloud-config-url=` (also `url=`): the name of the key, and the URL.
pub fn url_from_cmdline(cmdline: &str) -> Option<(&'static str, &str)> {
    ["cloud-config-url", "url"].into_iter().find_map(|key| {
        let value =
            cmdline.split_ascii_whitespace().find_map(|word| word.strip_prefix(key)?.strip_prefix('='))?;
        Some((key, value))
    })
}

/// Where configuration from the kernel command line is stored.
const KEPT: &str = "/etc/cloud/cloud.cfg.d/91_kernel_cmdline_url.cfg";

/// Configuration from the kernel command line that could not be obtained.
#[derive(Debug, thiserror::Error)]
pub enum UrlError {
    /// It could not be fetched or read.
    #[error(transparent)]
    Http(#[from] model::effects::HttpError),
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] model::effects::FileError),
    /// It is not a cloud-config.
    #[error("contents of '{0}' did not start with #cloud-config")]
    NoCloudConfig(Url),
}

/// Fetches the document of `cloud-config-url=` once, and stores it among the configuration files. Without a network,
/// only files are read. Returns the path if it was written.
pub fn fetch_cmdline_url(
    system: &System,
    key: &str,
    url: &str,
    network: bool,
) -> Result<Option<PathBuf>, UrlError> {
    let kept = PathBuf::from(KEPT);
    if system.files.exists(&kept) {
        tracing::debug!(
            "file '{KEPT}' existed. not re-downloading cloud-config from {key}='{}'",
            Url::new(url)
        );
        return Ok(None);
    }
    let content = match url.strip_prefix("file://").or_else(|| url.starts_with('/').then_some(url)) {
        Some(path) => system.files.read(Path::new(path))?,
        None if !network => return Ok(None),
        None => {
            system.http.send(&Request::get(url).timeout(Duration::from_secs(10)).retries(5).public())?.body
        }
    };
    let head = b"#cloud-config";
    if !content.starts_with(head) {
        // Other programs also use `url=`: other content is not an error.
        if key == "url" {
            return Ok(None);
        }
        return Err(UrlError::NoCloudConfig(Url::new(url)));
    }
    system.files.write(&kept, &content, &Attributes::secret())?;
    Ok(Some(kept))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configuration_between_its_marks() {
        for (line, expected) in [
            (
                "ro cc: ssh_import_id: [smoser]\\nruncmd: [ ls ] end_cc quiet",
                "ssh_import_id: [smoser]\nruncmd: [ ls ] ",
            ),
            ("cc:a: %5B1%5D end_cc cc:b: 2 end_cc", "a: [1] \nb: 2 "),
            ("cc: a: 1", "a: 1"),
            ("quiet acc: no", ""),
        ] {
            assert_eq!(configuration(line), expected, "{line}");
        }
    }

    #[test]
    fn an_address_of_more_configuration() {
        assert_eq!(
            url_from_cmdline("a cloud-config-url=http://x/ b"),
            Some(("cloud-config-url", "http://x/"))
        );
        assert_eq!(url_from_cmdline("url=http://y"), Some(("url", "http://y")));
        assert_eq!(url_from_cmdline("curl=http://y"), None);
    }

    const CLOUD_CONFIG: &str = "#cloud-config\nhostname: h\n";

    /// A machine with a server at `h` and two files.
    fn machine() -> System {
        let web = system::Scratch::new()
            .file("/web/h/config", CLOUD_CONFIG)
            .file("/web/h/preseed", "d-i debian-installer/locale string en_US\n");
        let http = system::TreeHttp::new(std::sync::Arc::new(web), Some("/web".into()));
        let root = system::Scratch::new().file("/seed", CLOUD_CONFIG).file("/preseed", "d-i\n");
        root.system_with(std::sync::Arc::new(http)).0
    }

    fn kept(system: &System) -> Option<String> {
        system.files.text(Path::new(KEPT))
    }

    /// Upstream's cmd/main.py, attempt_cmdline_url and its tests.
    #[test]
    fn a_document_of_the_command_line_is_kept() {
        for (url, network) in [("http://h/config", true), ("file:///seed", false), ("/seed", false)] {
            let system = machine();
            let written = fetch_cmdline_url(&system, "cloud-config-url", url, network).expect("fetched");
            assert_eq!(written.as_deref(), Some(Path::new(KEPT)), "{url}");
            assert_eq!(kept(&system).as_deref(), Some(CLOUD_CONFIG), "{url}");
            let mode = system.files.stat(Path::new(KEPT)).expect("readable").expect("there").mode;
            assert_eq!(mode & 0o777, 0o600, "it may contain secrets");
            // Once it is there, it is not fetched again.
            system.files.write(Path::new(KEPT), b"own", &Attributes::default()).expect("writable");
            assert_eq!(
                fetch_cmdline_url(&system, "cloud-config-url", "http://h/none", true).expect("kept"),
                None
            );
            assert_eq!(kept(&system).as_deref(), Some("own"));
        }
    }

    #[test]
    fn a_url_waits_for_the_network() {
        let system = machine();
        assert_eq!(
            fetch_cmdline_url(&system, "cloud-config-url", "http://h/config", false).expect("later"),
            None
        );
        assert_eq!(kept(&system), None);
    }

    /// `url=` also names an installer's file.
    #[test]
    fn other_content_is_an_error_where_a_cloud_config_is_named() {
        let system = machine();
        assert_eq!(fetch_cmdline_url(&system, "url", "http://h/preseed", true).expect("not ours"), None);
        let error =
            fetch_cmdline_url(&system, "cloud-config-url", "/preseed", true).expect_err("not a cloud-config");
        assert_eq!(error.to_string(), "contents of '/preseed' did not start with #cloud-config");
        assert!(fetch_cmdline_url(&system, "cloud-config-url", "http://h/none", true).is_err());
        assert!(fetch_cmdline_url(&system, "cloud-config-url", "file:///none", true).is_err());
        assert_eq!(kept(&system), None);
    }
}
