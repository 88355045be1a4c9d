//! The instance metadata service.
//!
//! Source: "Azure Instance Metadata Service for virtual machines".

use std::time::Duration;

use metadata::{hyperv, race};
use model::System;
use model::effects::{HttpError, Request};
use serde_json::{Map, Value};

use super::report::Report;

const URL: &str = "http://169.254.169.254/metadata";
const EXTENDED: &str = "/instance?api-version=2021-08-01&extended=true";
/// For hosts that do not know the newer version.
const PLAIN: &str = "/instance?api-version=2019-06-01";
const REPROVISION: &str = "/reprovisiondata?api-version=2019-06-01";
const TIMEOUT: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_secs(1);
/// How long to wait for the metadata.
const DEADLINE: Duration = Duration::from_secs(300);
/// Azure Stack may have no such service: without a route to it, this many connections are tried.
const CONNECTIONS: u32 = 11;

/// Why there is no metadata.
pub(super) struct Unread {
    pub report: Report,
    /// Whether the service could not even be connected to.
    pub connection: bool,
}

/// How long to try.
#[derive(Clone, Copy)]
struct Patience {
    /// For ever if `None`.
    deadline: Option<Duration>,
    connections: Option<u32>,
}

/// Whether the service may have the document later: it is not there yet, too busy, or broken.
fn is_temporary(status: u16) -> bool {
    matches!(status, 404 | 410 | 429 | 500)
}

/// Reads a document; returns an error that will not go away, or the last one.
fn get(system: &System, path: &str, mut patience: Patience) -> Result<Vec<u8>, HttpError> {
    let start = system.clock.monotonic();
    let mut waited = Duration::ZERO;
    let mut last = String::new();
    loop {
        let request = Request::get(format!("{URL}{path}"))
            .timeout(TIMEOUT)
            .header("Metadata", "true")
            .header("x-ms-client-request-id", hyperv::random_uuid(system));
        let error = match system.http.send(&request) {
            Ok(response) => return Ok(response.body),
            Err(error) => error,
        };
        let shown = error.to_string();
        if shown != last {
            tracing::warn!("Polling IMDS failed: {shown}");
            last = shown;
        }
        let retry = match &error {
            HttpError::Status { status, .. } => is_temporary(*status),
            HttpError::Connection { .. } => match &mut patience.connections {
                Some(left) => {
                    *left = left.saturating_sub(1);
                    *left > 0
                }
                None => true,
            },
            HttpError::TimedOut { .. } => true,
            _ => false,
        };
        // In a plan no time passes.
        let elapsed = system.clock.monotonic().saturating_sub(start).max(waited);
        if !retry || patience.deadline.is_some_and(|deadline| elapsed >= deadline) {
            return Err(error);
        }
        let pause = race::pause(system, PAUSE, Some(&error));
        system.clock.sleep(pause);
        waited += pause;
    }
}

/// The instance's metadata; `routed` tells whether the lease has a route to the service.
pub(super) fn metadata(system: &System, routed: bool) -> Result<Map<String, Value>, Unread> {
    let start = system.clock.monotonic();
    let patience = Patience { deadline: Some(DEADLINE), connections: (!routed).then_some(CONNECTIONS) };
    let (mut path, mut outcome) = (EXTENDED, get(system, EXTENDED, patience));
    if let Err(HttpError::Status { status: 400, .. }) = outcome {
        tracing::warn!("Falling back to IMDS api-version: 2019-06-01");
        path = PLAIN;
        outcome = get(system, path, patience);
    }
    let bytes = outcome.map_err(|error| {
        let seconds = system.clock.monotonic().saturating_sub(start).as_secs_f64();
        Unread {
            report: Report::of_imds(&error, seconds, &format!("{URL}{path}")),
            connection: matches!(error, HttpError::Connection { .. }),
        }
    })?;
    let broken = |reason: String| Unread {
        report: Report::new("error parsing IMDS metadata").with("exception", reason),
        connection: false,
    };
    match model::config::bounded_json(&bytes) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(broken("expected a JSON object".to_owned())),
        Err(error) => Err(broken(model::config::json_reason(&error))),
    }
}

/// ovf-env.xml of a machine that was provisioned before it had an owner; the service has it when there is one. An error
/// means that the network has gone.
pub(super) fn reprovision_data(system: &System) -> Result<Vec<u8>, HttpError> {
    get(system, REPROVISION, Patience { deadline: None, connections: Some(1) })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use model::effects::{Http, Response, Url};
    use system::Scratch;

    use super::*;

    /// Answers each request with the next of these; 0 is a failed connection, 1 no answer in time.
    struct Answers(Vec<u16>, AtomicUsize);

    impl Http for Answers {
        fn send(&self, request: &Request) -> Result<Response, HttpError> {
            let number = self.1.fetch_add(1, Ordering::SeqCst);
            let url = Url::new(&request.url);
            match self.0.get(number).or(self.0.last()).copied().unwrap_or(0) {
                0 => Err(HttpError::Connection { url, reason: "refused".into() }),
                1 => Err(HttpError::TimedOut { url, limit: TIMEOUT }),
                200 => Ok(Response { status: 200, headers: Vec::new(), body: br#"{"compute": {}}"#.to_vec() }),
                status => Err(HttpError::Status { url, status, retry_after: None }),
            }
        }
    }

    /// The reason if it fails, and the number of requests.
    fn asked(answers: &[u16], routed: bool) -> (Option<String>, usize) {
        let http = Arc::new(Answers(answers.to_vec(), AtomicUsize::new(0)));
        let (system, _) = Scratch::new().system_with(http.clone());
        let reason = metadata(&system, routed).err().map(|unread| unread.report.reason);
        (reason, http.1.load(Ordering::SeqCst))
    }

    #[test]
    fn errors_that_pass_are_waited_for() {
        assert_eq!(asked(&[404, 410, 429, 500, 0, 200], true), (None, 6));
        assert_eq!(asked(&[400, 200], true), (None, 2));
        assert_eq!(asked(&[1, 1, 200], false), (None, 3));
        assert_eq!(asked(&[1], true), (Some("read timeout querying IMDS".into()), 301));
        assert_eq!(asked(&[503], true), (Some("http error 503 querying IMDS".into()), 1));
        assert_eq!(asked(&[0], false), (Some("connection error querying IMDS".into()), 11));
        assert_eq!(asked(&[0], true), (Some("connection error querying IMDS".into()), 301));
    }
}
