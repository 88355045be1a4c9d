//! Requests of an overlay: answered from a directory laid out as URLs, and recorded.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::effects::{Http, HttpError, Method, Outbox, ReadFiles, Request, Response, Via};

use super::{EffectKind, Recording};

/// The port of the password servers of CloudStack and Exoscale.
const PASSWORDS: &str = "8080";

/// A directory that stands for the network: `http://HOST/PATH` is `HOST/PATH` below it, or `PATH` if there is no
/// directory for the host. A directory is answered with its file `index` or `_`, or with its names, where directories
/// end in `/`. PUT is answered with the file, or with `token` if it does not exist, like EC2's token service.
pub struct TreeHttp {
    files: Arc<dyn ReadFiles>,
    root: Option<PathBuf>,
}

impl TreeHttp {
    /// Answers from a directory in `files`; with `None`, there are no answers.
    pub fn new(files: Arc<dyn ReadFiles>, root: Option<PathBuf>) -> Self {
        Self { files, root }
    }

    fn body(&self, root: &Path, request: &Request) -> Option<Vec<u8>> {
        let (_, rest) = request.url.split_once("://")?;
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let with_port = root.join(host);
        let (host, port) = match host.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, port),
            _ => (host, ""),
        };
        let path = path.split(['?', '#']).next().unwrap_or_default();
        if path.split('/').any(|part| part == "..") {
            return None;
        }
        let own = if self.files.is_dir(&with_port) { with_port } else { root.join(host) };
        // A link-local service (fe80::…%eth0) must be named in the tree: most trees are written for 169.254.169.254. So
        // must the password servers beside some of them.
        let base =
            match self.files.is_dir(&own) && (port != PASSWORDS || own.ends_with(format!("{host}:{port}"))) {
                true => own,
                false if host.contains('%') || port == PASSWORDS => return None,
                false => root.to_owned(),
            };
        let target = base.join(path.trim_matches('/'));
        if self.files.is_dir(&target) {
            let own = ["index", "_"].into_iter().find_map(|name| self.files.read(&target.join(name)).ok());
            if own.is_some() {
                return own;
            }
            let names = self.files.list(&target).ok()?;
            let lines: Vec<String> = names
                .into_iter()
                .map(|name| if self.files.is_dir(&target.join(&name)) { name + "/" } else { name })
                .collect();
            return Some(lines.join("\n").into_bytes());
        }
        match self.files.read(&target) {
            Ok(bytes) => Some(bytes),
            Err(_) if request.method == Method::Put => Some(b"token".to_vec()),
            Err(_) => None,
        }
    }
}

impl Http for TreeHttp {
    fn send(&self, request: &Request) -> Result<Response, HttpError> {
        let url = request.shown();
        let Some(root) = &self.root else {
            return Err(HttpError::NotAsked { url });
        };
        match self.body(root, request) {
            Some(body) => Ok(Response { status: 200, headers: Vec::new(), body }),
            None if request.accept.contains(&404) => {
                Ok(Response { status: 404, headers: Vec::new(), body: Vec::new() })
            }
            None => Err(HttpError::Status { url, status: 404, retry_after: None }),
        }
    }
}

/// Wraps an HTTP implementation and records each request.
pub(super) struct Recorded {
    inner: Arc<dyn Http>,
    recording: Recording,
}

impl Recorded {
    pub(super) fn new(inner: Arc<dyn Http>, recording: Recording) -> Self {
        Self { inner, recording }
    }
}

impl Http for Recorded {
    fn send(&self, request: &Request) -> Result<Response, HttpError> {
        let outcome = self.inner.send(request);
        let status = match &outcome {
            Ok(response) => Some(response.status),
            Err(HttpError::Status { status, .. }) => Some(*status),
            Err(_) => None,
        };
        let way = match &request.via {
            Via::Network => String::new(),
            Via::UnixSocket(path) => format!(" over {}", path.display()),
            Via::SourcePort(first, last) => format!(" from a source port of {first} to {last}"),
        };
        self.recording.push(EffectKind::Request {
            method: request.method.name(),
            url: format!("{}{way}", request.shown()),
            status,
        });
        match outcome {
            // Reports are assumed to succeed, like a plan's commands.
            Err(HttpError::NotAsked { .. })
                if request.method == Method::Post && !request.metadata_service =>
            {
                Ok(Response { status: 200, headers: Vec::new(), body: Vec::new() })
            }
            outcome => outcome,
        }
    }
}

impl Outbox for Recorded {
    /// Sent immediately, so that a plan shows it in order.
    fn post(&self, request: Request) {
        if let Err(error) = self.send(&request) {
            tracing::warn!("cannot send a report: {error}");
        }
    }

    fn flush(&self) {}
}
