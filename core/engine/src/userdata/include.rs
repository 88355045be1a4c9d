//! `#include` and `#include-once`: fetched parts.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use md5::{Digest, Md5};
use model::effects::{Attributes, FileKind, HttpError, Request, Url};

use super::{MAX_DOCUMENT, Processor, UserDataError};

/// An included document.
pub(super) struct Part {
    pub(super) url: String,
    pub(super) content: Vec<u8>,
}

impl Processor<'_> {
    /// Fetches all URLs of an include; lines that start with `#` are comments, except for the two keywords.
    pub(super) fn fetch_includes(&self, text: &str) -> Result<Vec<Part>, UserDataError> {
        let mut once = false;
        let mut found = Vec::new();
        for line in python_lines(text) {
            let word = |prefix: &str| {
                line.get(..prefix.len())
                    .is_some_and(|head| head.eq_ignore_ascii_case(prefix))
                    .then(|| line[prefix.len()..].trim_start())
            };
            let rest = if let Some(rest) = word("#include-once") {
                once = true;
                rest
            } else if let Some(rest) = word("#include") {
                once = false;
                rest
            } else {
                line
            };
            let url = rest.trim();
            if rest.starts_with('#') || url.is_empty() {
                continue;
            }
            let content = if once { self.once(url)? } else { self.fetch_in_run(url)? };
            found.push(Part { url: url.to_owned(), content });
        }
        Ok(found)
    }

    /// Uses the instance's cache if it was fetched before.
    fn once(&self, url: &str) -> Result<Vec<u8>, UserDataError> {
        let name = Md5::digest(url.as_bytes()).iter().fold(String::new(), |mut name, byte| {
            let _ = write!(name, "{byte:02x}");
            name
        });
        let cache = self.paths.instance("data/urlcache").join(name);
        if self.system.files.is_file(&cache) {
            return Ok(self.system.files.read(&cache)?);
        }
        let content = self.fetch_in_run(url)?;
        self.system.files.write(&cache, &content, &Attributes::secret())?;
        Ok(content)
    }

    /// Fetches once per run.
    fn fetch_in_run(&self, url: &str) -> Result<Vec<u8>, UserDataError> {
        if let Some(content) = self.included.contents.borrow().get(url) {
            return Ok(content.clone());
        }
        let content = self.fetch(url)?;
        self.included.contents.borrow_mut().insert(url.to_owned(), content.clone());
        Ok(content)
    }

    fn fetch(&self, url: &str) -> Result<Vec<u8>, UserDataError> {
        let failed = |reason: String| UserDataError::Include { url: Url::new(url), reason };
        let left = self.included.requests.spend(self.system, url)?;
        if let Some(path) = path_of(url) {
            return self.fetch_file(Path::new(path)).map_err(failed);
        }
        let mut request = Request::get(url).timeout(left.min(Duration::from_secs(5))).retries(10).public();
        request.max_bytes = MAX_DOCUMENT as u64;
        match self.system.http.send(&request) {
            Ok(response) => Ok(response.body),
            // The rest of the user-data can still be planned.
            Err(error @ HttpError::NotAsked { .. }) => {
                tracing::warn!("{error}; skipping its content");
                Ok(Vec::new())
            }
            Err(error) => Err(failed(error.to_string())),
        }
    }

    /// Reads a file. Only what has an end is read: no device, no FIFO, nothing of the kernel's.
    fn fetch_file(&self, path: &Path) -> Result<Vec<u8>, String> {
        let found = self.system.files.stat(path).map_err(|error| error.to_string())?;
        let of_kernel = ["/proc", "/sys", "/dev"].iter().any(|directory| path.starts_with(directory));
        match found {
            Some(found) if found.kind != FileKind::File || of_kernel => Err("not a regular file".to_owned()),
            Some(found) if found.len > MAX_DOCUMENT as u64 => {
                Err(format!("larger than {} MiB", MAX_DOCUMENT >> 20))
            }
            _ => self.system.files.read(path).map_err(|error| error.to_string()),
        }
    }
}

/// The path of a file URL: `file:` in any case, or an absolute path.
fn path_of(url: &str) -> Option<&str> {
    let scheme = url.get(..5).filter(|scheme| scheme.eq_ignore_ascii_case("file:"));
    let rest = match scheme {
        Some(_) => match url[5..].strip_prefix("//") {
            // A host may precede the path.
            Some(rest) => rest.find('/').map_or("", |at| &rest[at..]),
            None => &url[5..],
        },
        None => url.starts_with('/').then_some(url)?,
    };
    Some(rest.split(['#', '?']).next().unwrap_or_default())
}

/// Splits lines like Python's `splitlines`.
fn python_lines(text: &str) -> impl Iterator<Item = &str> {
    const ENDS: &[char] =
        &['\n', '\r', '\x0b', '\x0c', '\x1c', '\x1d', '\x1e', '\u{85}', '\u{2028}', '\u{2029}'];
    // An extra empty line between CR and LF does not matter.
    text.split(ENDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_by_their_address() {
        for (url, path) in [
            ("file:///etc/x", Some("/etc/x")),
            ("FILE:///etc/x#part", Some("/etc/x")),
            ("file://host/etc/x?y", Some("/etc/x")),
            ("file:/etc/x", Some("/etc/x")),
            ("/etc/x", Some("/etc/x")),
            ("http://host/x", None),
            ("etc/x", None),
        ] {
            assert_eq!(path_of(url), path, "{url}");
        }
    }

    /// The addresses and texts of what was included.
    type Fetched = Result<Vec<(String, String)>, String>;

    /// What is fetched from a server and the files of a machine, and the requests for it.
    fn fetched(text: &str) -> (Fetched, Vec<String>) {
        let web = system::Scratch::new()
            .file("/web/h/one", "1")
            .file("/web/h/two", "2")
            .file("/web/h/large", vec![b'x'; MAX_DOCUMENT + 1]);
        let http = system::TreeHttp::new(std::sync::Arc::new(web), Some("/web".into()));
        let root = system::Scratch::new()
            .file("/local", "l")
            .file("/big", vec![b'x'; MAX_DOCUMENT + 1])
            .file("/proc/secret", "p")
            .node("/dev/zero")
            .directory("/directory");
        let (system, recording) = root.system_with(std::sync::Arc::new(http));
        let (paths, included) = (model::Paths::default(), super::super::Included::default());
        let processor = Processor { system: &system, paths: &paths, included: &included };
        let parts = processor.fetch_includes(text).map_err(|error| error.to_string());
        let text = |part: Part| (part.url, String::from_utf8(part.content).expect("text"));
        let parts = parts.map(|parts| parts.into_iter().map(text).collect());
        let requests = recording.effects().into_iter().filter_map(|effect| match effect.kind {
            system::EffectKind::Request { url, .. } => Some(url),
            _ => None,
        });
        (parts, requests.collect())
    }

    /// Upstream's `_do_include`: the keywords may precede a URL, in any case; comments and empty lines are skipped.
    #[test]
    fn each_line_is_an_address() {
        let named = |names: &[(&str, &str)]| -> Vec<(String, String)> {
            names.iter().map(|(url, text)| ((*url).to_owned(), (*text).to_owned())).collect()
        };
        for (text, expected) in [
            (
                "#include\nhttp://h/one\nhttp://h/two\n",
                named(&[("http://h/one", "1"), ("http://h/two", "2")]),
            ),
            (
                "#Include http://h/one\n# a comment\n\n  /local  \n",
                named(&[("http://h/one", "1"), ("/local", "l")]),
            ),
            (
                "#include-once http://h/one\r\n#include file:///local",
                named(&[("http://h/one", "1"), ("file:///local", "l")]),
            ),
            ("#include\n#include-once\n", vec![]),
        ] {
            assert_eq!(fetched(text).0.as_ref(), Ok(&expected), "{text}");
        }
        // Once in a run, whatever the form.
        let (parts, requests) =
            fetched("#include\nhttp://h/one\nhttp://h/one\n#include-once\nhttp://h/one\n");
        assert_eq!((parts.map(|parts| parts.len()), requests.len()), (Ok(3), 1));
    }

    #[test]
    fn what_cannot_be_included_says_why() {
        for (address, reason) in [
            ("http://h/none", "404"),
            ("/none", "not found"),
            ("/directory", "not a regular file"),
            ("/dev/zero", "not a regular file"),
            ("/proc/secret", "not a regular file"),
            ("/big", "larger than 3 MiB"),
        ] {
            let error = fetched(&format!("#include\n{address}\n")).0.expect_err(address);
            assert!(error.starts_with(&format!("cannot include {address}")), "{error}");
            assert!(error.contains(reason), "{address}: {error}");
        }
        let addresses = |count: usize| {
            let lines: Vec<String> = (0..count).map(|number| format!("/local?{number}")).collect();
            fetched(&format!("#include\n{}", lines.join("\n"))).0
        };
        let most = super::super::budget::MAX_INCLUDES;
        assert_eq!(addresses(most).map(|found| found.len()), Ok(most));
        let error = addresses(most + 1).expect_err("one more than the limit");
        assert!(error.contains("more than 100 documents are included"), "{error}");
    }

    #[test]
    fn includes_have_sixteen_levels() {
        let process = |levels: usize| {
            let names = 1..=levels;
            let root = names.fold(system::Scratch::new(), |root, level| {
                let text = if level == levels {
                    "#!/bin/sh\n".to_owned()
                } else {
                    format!("#include\n/{}\n", level + 1)
                };
                root.file(&format!("/{level}"), text)
            });
            let (system, _) = root.system();
            let (paths, included) = (model::Paths::default(), super::super::Included::default());
            let processor = Processor { system: &system, paths: &paths, included: &included };
            let outcome = processor.process("user-data", &[b"#include\n/1\n".as_slice()]);
            outcome.map(|message| message.write()).map_err(|error| error.to_string())
        };
        let most = process(16).expect("the deepest that is allowed");
        assert!(String::from_utf8_lossy(&most).contains("text/x-shellscript"));
        let error = process(17).expect_err("one more");
        assert!(error.contains("includes are nested more than 16 levels deep"), "{error}");
    }

    /// A document of `#include-once` is kept with the instance, by the MD5 sum of its address: RFC 1321 in hexadecimal.
    #[test]
    fn what_is_included_once_is_kept() {
        let (system, _) = system::Scratch::new().file("/local", "first").system();
        let paths = model::Paths::default();
        let once = || {
            let included = super::super::Included::default();
            let processor = Processor { system: &system, paths: &paths, included: &included };
            processor.fetch_includes("#include-once\n/local\n").expect("there")[0].content.clone()
        };
        assert_eq!(once(), b"first");
        // printf /local | md5sum
        let kept = Path::new("/var/lib/cloud/instance/data/urlcache/96efa5edeedcf3ab5312f968efb2fb5a");
        assert_eq!(system.files.stat(kept).expect("no error").expect("kept").mode, 0o600);
        system.files.write(Path::new("/local"), b"second", &Attributes::default()).expect("written");
        assert_eq!(once(), b"first", "of the first time");
    }
}
