//! The metadata service: version 2 requires a header, version 1 is that of old images. Both addresses of a version are
//! queried in parallel.

use std::time::Duration;

use metadata::{Patience, race, service};
use model::System;
use model::config::json_reason;
use model::datasource::SourceError;
use model::effects::{HttpError, Request, Response, Url};
use serde_json::{Map, Value};

const ROOTS: &[&str] = &["http://[fd00:c1::a9fe:a9fe]", "http://169.254.169.254"];
const HEADER: (&str, &str) = ("Authorization", "Bearer Oracle");
/// Best first.
const VERSIONS: &[u8] = &[2, 1];
/// The delay between attempts; it doubles up to the longest.
const PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// All data of the service.
pub(super) struct Contents {
    /// `instance/`.
    pub document: Map<String, Value>,
    /// `vnics/`, if it was asked for and answered.
    pub vnics: Option<Value>,
    /// The address with the version that answered.
    pub address: String,
}

fn request(base: &str, version: u8, path: &str, timeout: Duration) -> Request {
    let request = Request::get(format!("{base}{path}/")).timeout(timeout);
    if version == 2 { request.header(HEADER.0, HEADER.1) } else { request }
}

/// A URL with its version.
fn bases(version: u8) -> Vec<String> {
    ROOTS.iter().map(|root| format!("{root}/opc/v{version}/")).collect()
}

/// Queries all addresses until one responds or the time is over.
fn find(
    system: &System,
    patience: Patience,
) -> Result<(u8, String, Response), SourceError> {
    let limit = Duration::from_secs(u64::try_from(patience.max_wait).unwrap_or(0));
    let start = system.clock.monotonic();
    let mut pause = PAUSE;
    loop {
        let mut last: Option<HttpError> = None;
        for version in VERSIONS {
            let bases = bases(*version);
            let elapsed = system.clock.monotonic().saturating_sub(start);
            let left = if limit.is_zero() { patience.timeout } else { limit.saturating_sub(elapsed) };
            let timeout = patience.timeout.min(left).max(PAUSE);
            let requests: Vec<Request> =
                bases.iter().map(|base| request(base, *version, "instance", timeout)).collect();
            match race::first_answer(system, &requests) {
                Ok((number, response)) => return Ok((*version, bases[number].clone(), response)),
                Err(error) => last = error.or(last),
            }
        }
        let elapsed = system.clock.monotonic().saturating_sub(start);
        let hopeless =
            last.as_ref().is_none_or(|error| matches!(error, HttpError::Refused { .. } | HttpError::NotAsked { .. }));
        if hopeless || elapsed + pause > limit {
            let urls: Vec<String> = VERSIONS.iter().flat_map(|version| bases(*version)).collect();
            return Err(service::nobody(&urls, last));
        }
        system.clock.sleep(race::pause(system, pause, last.as_ref()));
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Reads the instance, and its network devices if `with_vnics`.
pub(super) fn crawl(
    system: &System,
    patience: Patience,
    with_vnics: bool,
) -> Result<Contents, SourceError> {
    let (version, address, response) = find(system, patience)?;
    let place = format!("{address}instance/");
    let broken = |reason: String| SourceError::Broken { place: Url::new(&place).to_string(), reason };
    let document = match model::config::bounded_json(&response.body) {
        Ok(Value::Object(document)) => document,
        Ok(_) => return Err(broken("expected a JSON object".to_owned())),
        Err(error) => return Err(broken(json_reason(&error))),
    };
    let vnics = if with_vnics { vnics(system, version, &address, patience) } else { None };
    Ok(Contents { document, vnics, address })
}

/// The network devices; without them the machine still has its instance.
fn vnics(system: &System, version: u8, address: &str, patience: Patience) -> Option<Value> {
    let asked = vec![request(address, version, "vnics", patience.timeout)];
    let answer = race::wait_for(system, asked, patience.max_wait, |_| false);
    let failed = match answer {
        Ok((_, response)) => match model::config::bounded_json(&response.body) {
            Ok(vnics) => return Some(vnics),
            Err(error) => format!("{address}vnics/: {}", json_reason(&error)),
        },
        Err(Some(error)) => error.to_string(),
        Err(None) => format!("{address}vnics/: no answer"),
    };
    tracing::warn!("Failed to fetch IMDS network configuration! {failed}");
    None
}
