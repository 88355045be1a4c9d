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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Scratch;

    fn tree() -> Scratch {
        Scratch::new()
            .file("/web/latest/meta-data/instance-id", "i-any")
            .file("/web/169.254.169.254/latest/meta-data/instance-id", "i-one")
            .file("/web/169.254.169.254/latest/meta-data/network/interfaces", "eth0")
            .file("/web/169.254.169.254:81/port", "81")
            .file("/web/10.0.0.1/8080", "not the service of port 8080")
            .file("/web/10.0.0.2:8080/index", "password")
            .file("/web/[fd00:ec2::254]/latest/api", "six")
            .file("/web/host/with-index/index", "index")
            .file("/web/host/with-underscore/_", "underscore")
            .file("/web/secret", "above")
    }

    fn get(url: &str) -> Result<String, u16> {
        let http = TreeHttp::new(Arc::new(tree()), Some("/web".into()));
        match http.send(&Request::get(url)) {
            Ok(response) => Ok(response.text()),
            Err(HttpError::Status { status, .. }) => Err(status),
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn a_url_is_a_path_of_the_tree() {
        for (url, expected) in [
            ("http://169.254.169.254/latest/meta-data/instance-id", Ok("i-one")),
            ("http://169.254.169.254:80/latest/meta-data/instance-id", Ok("i-one")),
            ("http://user:word@169.254.169.254/latest/meta-data/instance-id?x=y#z", Ok("i-one")),
            ("http://169.254.169.254/latest/meta-data/", Ok("instance-id\nnetwork/")),
            ("http://169.254.169.254/latest/none", Err(404)),
            ("http://169.254.169.254:81/port", Ok("81")),
            // Without a directory of its own, a host has everything.
            ("http://10.9.9.9/latest/meta-data/instance-id", Ok("i-any")),
            ("https://metadata.google.internal/secret", Ok("above")),
            // A link-local service, and a password server, must be named.
            ("http://[fe80::a9fe:a9fe%25eth0]/latest/meta-data/instance-id", Err(404)),
            ("http://10.9.9.9:8080/latest/meta-data/instance-id", Err(404)),
            ("http://10.0.0.1:8080/8080", Err(404)),
            ("http://10.0.0.2:8080/", Ok("password")),
            ("http://[fd00:ec2::254]/latest/api", Ok("six")),
            ("http://[fd00:ec2::254]:80/latest/api", Ok("six")),
            ("http://host/with-index", Ok("index")),
            ("http://host/with-underscore/", Ok("underscore")),
            ("http://host/../secret", Err(404)),
            ("no-url", Err(404)),
        ] {
            assert_eq!(get(url).as_deref(), expected.as_ref().map(|text| *text), "{url}");
        }
    }

    #[test]
    fn a_token_is_put_and_a_missing_file_may_be_accepted() {
        let http = TreeHttp::new(Arc::new(tree()), Some("/web".into()));
        let put =
            |url: &str| http.send(&Request::get(url).method(Method::Put)).map(|response| response.text());
        assert_eq!(put("http://host/latest/api/token").expect("a token"), "token");
        assert_eq!(put("http://[fd00:ec2::254]/latest/api").expect("the file"), "six");
        let missing = http.send(&Request::get("http://host/none").accept(&[200, 404])).expect("accepted");
        assert_eq!((missing.status, missing.body), (404, Vec::new()));
        let none = TreeHttp::new(Arc::new(tree()), None).send(&Request::get("http://host/with-index"));
        assert!(matches!(none, Err(HttpError::NotAsked { .. })));
    }

    /// The requests of a machine in memory, as its plan shows them.
    fn recorded(http: TreeHttp, requests: &[Request]) -> (Vec<bool>, Vec<String>) {
        let (system, recording) = Scratch::new().system_with(Arc::new(http));
        let done = requests.iter().map(|request| system.http.send(request).is_ok()).collect();
        let kinds = recording.effects().into_iter().map(|effect| match effect.kind {
            EffectKind::Request { method, url, status } => format!("{method} {url} {status:?}"),
            kind => panic!("{kind:?}"),
        });
        (done, kinds.collect())
    }

    #[test]
    fn requests_are_recorded_with_their_way_and_status() {
        let url = "http://host/with-index";
        let requests = [
            Request::get(url),
            Request::get("http://host/none"),
            Request::get(url).via(Via::UnixSocket("/run/socket".into())),
            Request::get(url).via(Via::SourcePort(1, 1023)).method(Method::Head),
        ];
        let (done, lines) = recorded(TreeHttp::new(Arc::new(tree()), Some("/web".into())), &requests);
        assert_eq!(done, [true, false, true, true]);
        assert_eq!(
            lines,
            [
                "GET http://host/with-index Some(200)",
                "GET http://host/none Some(404)",
                "GET http://host/with-index over /run/socket Some(200)",
                "HEAD http://host/with-index from a source port of 1 to 1023 Some(200)",
            ]
        );
    }

    #[test]
    fn reports_succeed_where_nobody_answers() {
        let post = |url: &str| Request::get(url).method(Method::Post).public();
        // The metadata service of a plan is a tree, or it does not answer.
        let service = Request::get("http://service/report").method(Method::Post);
        let requests = [post("http://host/report"), service, Request::get("http://host/report")];
        let (done, lines) = recorded(TreeHttp::new(Arc::new(tree()), None), &requests);
        assert_eq!(done, [true, false, false]);
        assert_eq!(lines.len(), 3);
        // A report to a tree that has no such file fails.
        let (done, _) =
            recorded(TreeHttp::new(Arc::new(tree()), Some("/web".into())), &[post("http://host/none")]);
        assert_eq!(done, [false]);
        let (system, recording) = Scratch::new().system();
        system.outbox.post(post("http://host/report"));
        system.outbox.flush();
        assert_eq!(recording.effects().len(), 1, "it is sent at once");
    }
}
