//! CloudStack's password server, which Exoscale has too: it gives a password once, until it is acknowledged.

use std::time::Duration;

use model::datasource::SourceError;
use model::effects::{Request, Url};
use model::{Secret, System};
use serde_json::{Value, json};

/// The header with what is asked.
const FIELD: &str = "DomU_Request";
/// Also the answer where the password has been retrieved before.
const SAVED: &str = "saved_password";

/// A password server.
#[derive(Clone, Debug)]
pub struct PasswordServer {
    /// Its URL.
    pub url: String,
    /// The time limit of each attempt.
    pub timeout: Duration,
    /// The number of retries.
    pub retries: u32,
}

impl PasswordServer {
    fn ask(&self, system: &System, what: &str) -> Result<String, SourceError> {
        let request = Request::get(&self.url).timeout(self.timeout).retries(self.retries).header(FIELD, what);
        Ok(system.http.send(&request)?.text())
    }

    /// The password, which the server then forgets; `None` if there is none, or it has been retrieved before.
    pub fn password(&self, system: &System) -> Result<Option<Secret<String>>, SourceError> {
        let answer = self.ask(system, "send_my_password")?;
        let answer = answer.trim();
        if answer.is_empty() || answer == SAVED {
            return Ok(None);
        }
        if answer == "bad_request" {
            return Err(SourceError::Broken {
                place: Url::new(&self.url).to_string(),
                reason: "the password server answered bad_request".to_owned(),
            });
        }
        if let Err(error) = self.ask(system, SAVED) {
            tracing::warn!("cannot tell the password server that the password was retrieved: {error}");
        }
        Ok(Some(Secret::new(answer.to_owned())))
    }

    /// The configuration that sets the password, and allows its use; a failure is a warning.
    pub fn config(&self, system: &System) -> Option<Value> {
        match self.password(system) {
            Ok(Some(password)) => {
                let password = password.expose();
                Some(json!({"ssh_pwauth": true, "password": password, "chpasswd": {"expire": false}}))
            }
            Ok(None) => None,
            Err(error) => {
                tracing::warn!("Failed to fetch the password: {error}");
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use model::effects::{Http, HttpError, Response};
    use system::Scratch;

    use super::*;

    /// Answers with a password, and records what is asked; fails to accept the acknowledgment if told so.
    struct Router(&'static str, bool, Mutex<Vec<String>>);

    impl Http for Router {
        fn send(&self, request: &Request) -> Result<Response, HttpError> {
            let what = request.headers[0].1.expose().clone();
            self.2.lock().expect("no panic").push(what.clone());
            if what == SAVED && self.1 {
                return Err(HttpError::Status { url: request.shown(), status: 500, retry_after: None });
            }
            Ok(Response { status: 200, headers: Vec::new(), body: self.0.into() })
        }
    }

    #[track_caller]
    fn check(answer: &'static str, deaf: bool, password: Option<&str>, requests: usize) {
        let router = Arc::new(Router(answer, deaf, Mutex::default()));
        let (system, _) = Scratch::new().system_with(router.clone());
        let server =
            PasswordServer { url: "http://h:8080".into(), timeout: Duration::from_secs(1), retries: 0 };
        let config = server.config(&system);
        assert_eq!(config.as_ref().and_then(|config| config["password"].as_str()), password);
        assert_eq!(router.2.lock().expect("no panic").len(), requests);
    }

    #[test]
    fn each_answer_of_the_protocol() {
        // CloudStack's administration guide, "Adding password management to your templates".
        check("hunter2\n", false, Some("hunter2"), 2);
        check("", false, None, 1);
        check("saved_password", false, None, 1);
        check("bad_request\n", false, None, 1);
        check("hunter2", true, Some("hunter2"), 2);
    }
}
