use std::sync::Arc;
use std::time::{Duration, Instant};

use metadata_service::{Config, Fault, Server};
use model::Instance;
use model::datasource::{SourceError, SourceStage};

use super::OpenStack;
use crate::testing::{self, Machine};

#[test]
fn every_machine_of_testdata() {
    testing::run_cases("openstack", &OpenStack);
}

fn serve(faults: &[&str]) -> Server {
    let faults = faults.iter().map(|text| Fault::parse(text).expect("a fault")).collect();
    let service = metadata_service::OpenStack::new(r#"{"uuid": "iid-1", "hostname": "h"}"#);
    Server::start(Config { openstack: Some(service), faults, ..Config::default() }).expect("a free port")
}

fn ask(urls: &[String], extra: &str) -> Result<Option<Instance>, SourceError> {
    let machine = Machine::with_http(system::Scratch::new(), Arc::new(fetch::Fetch::new()))
        .on_time()
        .config(&format!("datasource: {{OpenStack: {{metadata_urls: {urls:?}, timeout: 5, {extra}}}}}"));
    machine.crawl(&OpenStack, SourceStage::Network)
}

#[test]
fn missing_documents_are_no_failure() {
    let server = serve(&[]);
    let instance = ask(&[server.url()], "").expect("readable").expect("found");
    assert_eq!((instance.instance_id.as_str(), instance.hostname.as_deref()), ("iid-1", Some("h")));
    assert_eq!((instance.user_data.map(|data| data.0), instance.vendor_data), (Some(Vec::new()), None));
    let paths: Vec<String> = server.requests().into_iter().map(|entry| entry.request.path).collect();
    assert_eq!(paths.iter().filter(|path| path.as_str() == "/openstack").count(), 1, "{paths:?}");
    // Nothing is queried twice.
    let mut unique = paths.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), paths.len(), "{paths:?}");
}

#[test]
#[allow(clippy::disallowed_methods, reason = "the test measures the program from outside")]
fn an_address_that_stalls_holds_nobody_up() {
    let (stalled, alive) = (serve(&["stall@1+"]), serve(&[]));
    let start = Instant::now();
    let instance = ask(&[stalled.url(), alive.url()], "").expect("readable").expect("found");
    assert_eq!(instance.subplatform, format!("metadata ({})", alive.url()));
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
}

#[test]
fn a_service_that_comes_up_late_is_waited_for() {
    // With a single query, it would be given up.
    let server = serve(&["503@1"]);
    assert!(matches!(ask(&[server.url()], ""), Err(SourceError::Http(_))));
    let server = serve(&["503@1"]);
    let instance = ask(&[server.url()], "max_wait: 20").expect("readable").expect("found");
    assert_eq!(instance.subplatform, format!("metadata ({})", server.url()));
}

#[test]
fn a_service_that_breaks_down_is_an_error_and_not_another_machine() {
    let server = serve(&["500@2+"]);
    let found = ask(&[server.url()], "retries: 0");
    assert!(matches!(found, Err(SourceError::Http(_))), "{found:?}");
}

/// The original's `util.is_false`.
#[test]
fn words_for_false() {
    for (text, expected) in [
        ("false", true),
        ("'off'", true),
        ("' NO '", true),
        ("'0'", true),
        ("0", true),
        ("'False'", true),
        ("true", false),
        ("'yes'", false),
        ("1", false),
        ("''", false),
        ("[]", false),
    ] {
        let node = model::Node::from_yaml("t", text.as_bytes()).expect("valid").expect("there");
        assert_eq!(super::is_false(&node), expected, "{text}");
    }
}
