//! The WireServer: the goal state, the report of readiness or failure, and certificates with the user's keys.
//!
//! Source: "What is IP address 168.63.129.16?"; the protocol is that of Azure's Linux agent.

use std::time::Duration;

use metadata::{race, xml};
use model::System;
use model::datasource::SourceError;
use model::effects::{Body, HttpError, Method, Request};

use super::certificates::Transport;
use super::ovf::{PublicKey, escaped};

/// The address if the lease has none.
pub(super) const DEFAULT: &str = "168.63.129.16";
const AGENT: (&str, &str) = ("x-ms-agent-name", "WALinuxAgent");
const VERSION: (&str, &str) = ("x-ms-version", "2012-11-30");
const PAUSE: Duration = Duration::from_secs(1);
const TIMEOUT: Duration = Duration::from_secs(60);
const DEADLINE: Duration = Duration::from_secs(20 * 60);
/// The longest description that the portal shows.
const MAX_DESCRIPTION: usize = 512;

/// What this machine is to the server.
struct GoalState {
    container: String,
    instance: String,
    incarnation: String,
    certificates: Option<String>,
}

fn broken(place: &str, reason: impl Into<String>) -> SourceError {
    SourceError::Broken { place: place.to_owned(), reason: reason.into() }
}

/// Sends until there is an answer; an unreachable network will not come back.
fn send(system: &System, request: Request) -> Result<Vec<u8>, SourceError> {
    let request = request.header(AGENT.0, AGENT.1).header(VERSION.0, VERSION.1).timeout(TIMEOUT);
    let start = system.clock.monotonic();
    let mut waited = Duration::ZERO;
    loop {
        let error = match system.http.send(&request) {
            Ok(response) => return Ok(response.body),
            Err(error) => error,
        };
        tracing::debug!("Failed HTTP request with Azure endpoint: {error}");
        let hopeless = match &error {
            HttpError::Connection { reason, .. } => reason.contains("Network is unreachable"),
            HttpError::Refused { .. } | HttpError::NotAsked { .. } => true,
            _ => false,
        };
        // In a plan no time passes.
        let elapsed = system.clock.monotonic().saturating_sub(start).max(waited);
        if hopeless || elapsed + PAUSE >= DEADLINE {
            return Err(error.into());
        }
        let pause = race::pause(system, PAUSE, Some(&error));
        system.clock.sleep(pause);
        waited += pause;
    }
}

impl GoalState {
    fn read(system: &System, endpoint: &str) -> Result<Self, SourceError> {
        tracing::info!("Registering with Azure...");
        let url = format!("http://{endpoint}/machine/?comp=goalstate");
        let bytes = send(system, Request::get(&url))?;
        let text = String::from_utf8_lossy(&bytes);
        Self::parse(&url, text.trim_start_matches('\u{feff}'))
    }

    fn parse(url: &str, text: &str) -> Result<Self, SourceError> {
        let document = xml::parse(url, text)?;
        let at = |path: &[&str]| {
            let mut node = document.root_element();
            for name in path {
                node = xml::child(node, name)?;
            }
            node.text().filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let needed = |path: &[&str]| {
            at(path).ok_or_else(|| broken(url, format!("Missing {} in GoalState XML", path.join("/"))))
        };
        let role = ["Container", "RoleInstanceList", "RoleInstance"];
        Ok(Self {
            container: needed(&["Container", "ContainerId"])?,
            instance: needed(&[role.as_slice(), &["InstanceId"]].concat())?,
            incarnation: needed(&["Incarnation"])?,
            certificates: at(&[role.as_slice(), &["Configuration", "Certificates"]].concat()),
        })
    }

    /// The report, with the reason if it is a failure.
    fn health(&self, failure: Option<&str>) -> String {
        let details = failure.map_or_else(String::new, |description| {
            let description: String = description.chars().take(MAX_DESCRIPTION).collect();
            format!(
                "<Details><SubStatus>ProvisioningFailed</SubStatus><Description>{}</Description></Details>",
                escaped(&description)
            )
        });
        let state = if failure.is_some() { "NotReady" } else { "Ready" };
        format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<Health>\
             <GoalStateIncarnation>{}</GoalStateIncarnation><Container><ContainerId>{}</ContainerId>\
             <RoleInstanceList><Role><InstanceId>{}</InstanceId><Health><State>{state}</State>{details}</Health></Role>\
             </RoleInstanceList></Container></Health>\n",
            escaped(&self.incarnation),
            escaped(&self.container),
            escaped(&self.instance)
        )
    }

    fn report(&self, system: &System, endpoint: &str, failure: Option<&str>) -> Result<(), SourceError> {
        let mut request = Request::get(format!("http://{endpoint}/machine?comp=health")).method(Method::Post);
        request.body = Body::Bytes(self.health(failure).into_bytes(), "text/xml; charset=utf-8");
        send(system, request).map(drop)
    }
}

/// Reports that the machine is ready; returns the keys of those that are wanted. `eject` is called before the report.
pub(super) fn report_ready(
    system: &System,
    endpoint: &str,
    wanted: Option<&[PublicKey]>,
    directory: &std::path::Path,
    eject: impl FnOnce(),
) -> Result<Vec<String>, SourceError> {
    let keys = match wanted {
        None => {
            let goal = GoalState::read(system, endpoint)?;
            eject();
            goal.report(system, endpoint, None)?;
            Vec::new()
        }
        Some(wanted) => {
            let transport = Transport::create(system, directory)?;
            let goal = GoalState::read(system, endpoint)?;
            let keys = match &goal.certificates {
                Some(url) => {
                    let request = Request::get(url)
                        .header("x-ms-cipher-name", "DES_EDE3_CBC")
                        .header("x-ms-guest-agent-public-x509-cert", transport.certificate());
                    transport.keys(url, &send(system, request)?, wanted)?
                }
                None => Vec::new(),
            };
            eject();
            goal.report(system, endpoint, None)?;
            keys
        }
    };
    tracing::info!("Reported ready to Azure fabric.");
    Ok(keys)
}

/// Reports that provisioning has failed.
pub(super) fn report_failure(system: &System, endpoint: &str, description: &str) -> Result<(), SourceError> {
    GoalState::read(system, endpoint)?.report(system, endpoint, Some(description))?;
    tracing::warn!("Reported failure to Azure fabric.");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOAL: &str = "<?xml version=\"1.0\"?><GoalState><Incarnation>7</Incarnation><Container><ContainerId>c-1\
        </ContainerId><RoleInstanceList><RoleInstance><InstanceId>i&amp;1</InstanceId><Configuration><Certificates>\
        http://h/certs</Certificates></Configuration></RoleInstance></RoleInstanceList></Container></GoalState>";

    #[test]
    fn a_goal_state_gives_the_report() {
        let goal = GoalState::parse("http://h/", GOAL).expect("valid");
        assert_eq!(goal.certificates.as_deref(), Some("http://h/certs"));
        let ready = goal.health(None);
        assert!(ready.contains("<State>Ready</State></Health>") && ready.contains("i&amp;1"), "{ready}");
        let failed = goal.health(Some(&"<".repeat(600)));
        assert!(failed.contains("<State>NotReady</State><Details><SubStatus>ProvisioningFailed</SubStatus>"));
        assert_eq!(failed.matches("&lt;").count(), 512);
        xml::parse("t", &failed).expect("well-formed");
        let error = GoalState::parse("http://h/", "<GoalState/>").err().expect("incomplete").to_string();
        assert_eq!(error, "http://h/: Missing Container/ContainerId in GoalState XML");
    }

    type Cause = fn(model::effects::Url) -> HttpError;

    /// Answers after some failures, and counts the requests.
    struct Late {
        failures: u32,
        error: Cause,
        asked: std::sync::atomic::AtomicU32,
    }

    impl model::effects::Http for Late {
        fn send(&self, request: &Request) -> Result<model::effects::Response, HttpError> {
            let asked = self.asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            if asked < self.failures {
                return Err((self.error)(request.shown()));
            }
            Ok(model::effects::Response { status: 200, headers: Vec::new(), body: b"ok".to_vec() })
        }
    }

    /// The original's `http_with_retries`: a second between attempts, twenty minutes, and none where the network is
    /// unreachable.
    #[test]
    fn a_request_is_repeated_for_twenty_minutes() {
        let refused = |url| HttpError::Connection { url, reason: "Connection refused".into() };
        let unreachable = |url| HttpError::Connection { url, reason: "Network is unreachable (os error 101)".into() };
        let cases: [(u32, Cause, bool, u32); 8] = [
            (0, refused, true, 1),
            (3, refused, true, 4),
            (1199, refused, true, 1200),
            (1200, refused, false, 1200),
            (1, unreachable, false, 1),
            (1, |url| HttpError::NotAsked { url }, false, 1),
            (1, |url| HttpError::Refused { url, reason: "no TLS".into() }, false, 1),
            (1, |url| HttpError::Status { url, status: 410, retry_after: None }, true, 2),
        ];
        for (failures, error, works, attempts) in cases {
            let http = std::sync::Arc::new(Late { failures, error, asked: 0.into() });
            let (system, _) = system::Scratch::new().system_with(http.clone());
            let answer = send(&system, Request::get("http://168.63.129.16/machine/?comp=goalstate"));
            let shown = error(model::effects::Url::new("http://h/"));
            assert_eq!(answer.is_ok(), works, "{failures} {shown}");
            assert_eq!(http.asked.load(std::sync::atomic::Ordering::Relaxed), attempts, "{failures} {shown}");
        }
    }
}
