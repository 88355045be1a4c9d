//! A metadata service whose documents can change and that can fall silent.

use std::sync::{Arc, Mutex};

use model::effects::{Http, HttpError, Request, Response};
use system::{Scratch, TreeHttp};

use crate::machine::{Machine, image};

/// The service.
#[derive(Clone, Default)]
pub struct Service(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// `None` is a service that does not answer.
    documents: Option<Scratch>,
    asked: Vec<String>,
}

impl Service {
    /// Serves these documents from now on.
    pub fn serve(&self, documents: Option<Scratch>) {
        self.0.lock().expect("nothing panics while it is held").documents = documents;
    }

    /// The addresses that were asked, whether it answered or not.
    pub fn asked(&self) -> Vec<String> {
        self.0.lock().expect("nothing panics while it is held").asked.clone()
    }
}

impl Http for Service {
    fn send(&self, request: &Request) -> Result<Response, HttpError> {
        let documents = {
            let mut state = self.0.lock().expect("nothing panics while it is held");
            state.asked.push(request.url.clone());
            state.documents.clone()
        };
        match documents {
            Some(documents) => TreeHttp::new(Arc::new(documents), Some("/".into())).send(request),
            None => Err(HttpError::Connection { url: request.shown(), reason: "no route to host".into() }),
        }
    }
}

/// A machine that finds such a service: by this list of sources and these DMI fields.
pub fn cloud(list: &'static str, dmi: &[(&str, &str)], documents: Scratch) -> (Machine, Service) {
    let service = Service::default();
    service.serve(Some(documents));
    let root = dmi.iter().fold(image(), |root, (name, value)| {
        root.file(&format!("/sys/class/dmi/id/{name}"), format!("{value}\n"))
    });
    let mut machine = Machine::with_http(root, Arc::new(service.clone()));
    machine.datasource_list = list;
    (machine, service)
}

/// What Nova serves for an instance.
pub fn openstack(id: &str, user_data: &str) -> Scratch {
    Scratch::new()
        .file("/openstack/latest/meta_data.json", format!(r#"{{"uuid": "{id}", "hostname": "{id}-host"}}"#))
        .file("/openstack/latest/user_data", user_data)
}

/// What EC2 serves for an instance.
pub fn ec2(id: &str, user_data: &str) -> Scratch {
    // With a VPC: the network of a classic instance is configured anew at every boot.
    let link = "/2021-03-23/meta-data/network/interfaces/macs/fa:16:3e:00:00:01";
    Scratch::new()
        .file(&format!("{link}/device-number"), "0")
        .file(&format!("{link}/mac"), "fa:16:3e:00:00:01")
        .file(&format!("{link}/local-ipv4s"), "198.51.100.10")
        .file(&format!("{link}/subnet-ipv4-cidr-block"), "198.51.100.0/24")
        .file(&format!("{link}/vpc-id"), "vpc-1")
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
