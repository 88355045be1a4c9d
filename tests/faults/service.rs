//! A metadata service whose documents can change and that can fall silent.

use std::sync::{Arc, Mutex};

use model::effects::{Http, HttpError, Request, Response};
use system::{Scratch, TreeHttp};

/// The service; `None` is one that does not answer.
#[derive(Clone, Default)]
pub struct Service(Arc<Mutex<Option<Scratch>>>);

impl Service {
    /// Serves these documents from now on.
    pub fn serve(&self, documents: Option<Scratch>) {
        *self.0.lock().expect("nothing panics while it is held") = documents;
    }
}

impl Http for Service {
    fn send(&self, request: &Request) -> Result<Response, HttpError> {
        let documents = self.0.lock().expect("nothing panics while it is held").clone();
        match documents {
            Some(documents) => TreeHttp::new(Arc::new(documents), Some("/".into())).send(request),
            None => {
                Err(HttpError::Connection { url: request.url.clone(), reason: "no route to host".into() })
            }
        }
    }
}

/// What Nova serves for an instance.
pub fn openstack(id: &str, user_data: &str) -> Scratch {
    Scratch::new()
        .file("/openstack/latest/meta_data.json", format!(r#"{{"uuid": "{id}", "hostname": "{id}-host"}}"#))
        .file("/openstack/latest/user_data", user_data)
}

/// What EC2 serves for an instance.
pub fn ec2(id: &str, user_data: &str) -> Scratch {
    Scratch::new()
        .file("/latest/api/token", "TOKEN-MARKER")
        .file("/2021-03-23/meta-data/instance-id", id)
        .file("/2021-03-23/meta-data/local-hostname", format!("{id}-host"))
        .file("/2021-03-23/meta-data/mac", "fa:16:3e:00:00:01")
        .file("/2021-03-23/meta-data/placement/availability-zone", "eu-west-1a")
        .file("/2021-03-23/user-data", user_data)
        .file("/2021-03-23/dynamic/instance-identity/document", format!(r#"{{"instanceId": "{id}"}}"#))
        .file("/2009-04-04/meta-data/instance-id", id)
        .file("/latest/meta-data/instance-id", id)
}
