use std::sync::Arc;
use std::time::Duration;

use metadata_service::{Config, Fault, Server, Tokens};
use model::Instance;
use model::datasource::{SourceError, SourceStage};

use super::Ec2;
use crate::testing::{self, Machine};

#[test]
fn every_machine_of_testdata() {
    testing::run_cases("ec2", &Ec2);
}

/// Reads a service on the loopback address like a machine of Amazon's.
fn ask(tokens: Tokens, faults: &[&str], latency: u64) -> (Result<Option<Instance>, SourceError>, Server) {
    let server = serve(tokens, faults, latency);
    (crawl(&[server.url()], 1), server)
}

fn serve(tokens: Tokens, faults: &[&str], latency: u64) -> Server {
    let mut service = metadata_service::Ec2::example();
    service.tokens = tokens;
    let faults = faults.iter().map(|text| Fault::parse(text).expect("a fault")).collect();
    let config =
        Config { ec2: Some(service), faults, latency: Duration::from_millis(latency), ..Config::default() };
    Server::start(config).expect("a free port")
}

fn crawl(urls: &[String], max_wait: u32) -> Result<Option<Instance>, SourceError> {
    let scratch =
        system::Scratch::new().file("/sys/class/dmi/id/product_uuid", "ec2e1916-9099-7caf-fd21-012345abcdef");
    let machine = Machine::with_http(scratch, Arc::new(fetch::Fetch::new())).on_time().config(&format!(
        "datasource: {{Ec2: {{metadata_urls: {urls:?}, max_wait: {max_wait}, timeout: 2}}}}"
    ));
    machine.crawl(&Ec2, SourceStage::Network)
}

/// The ID in the service's example document.
const ID: &str = "i-0a1b2c3d4e5f60718";

#[test]
fn the_tree_is_read_with_one_token_over_few_connections() {
    let (found, server) = ask(Tokens::Required, &[], 0);
    let instance = found.expect("readable").expect("found");
    assert_eq!(instance.instance_id.as_str(), ID);
    let requests = server.requests();
    let puts = requests.iter().filter(|entry| entry.request.method == "PUT").count();
    assert_eq!(puts, 1, "one session");
    // Each worker, and the token's thread, may have its own connection; on a busy machine two may open one at once.
    assert!(server.connections() * 3 <= requests.len(), "{} connections", server.connections());
    assert!(requests.iter().all(|entry| entry.status == 200 || entry.status == 404));
    assert!(!requests.iter().any(|entry| entry.request.path.contains("security-credentials/")));
}

/// Not disabled, not of an older version, not without a document: it has too much to do at this moment.
#[test]
fn an_overloaded_service_is_waited_for() {
    let moments = ["too-many@1", "too-many@2", "too-many@3", "too-many@20"];
    let ask = |fault: &'static str| {
        let server = serve(Tokens::Required, &[fault], 0);
        let found = crawl(&[server.url()], 30);
        (found.expect("readable").expect("found"), server)
    };
    let runs = moments.map(|fault| std::thread::spawn(move || ask(fault)));
    for (run, fault) in runs.into_iter().zip(moments) {
        let (instance, server) = run.join().expect("no panic");
        assert_eq!(instance.instance_id.as_str(), ID, "{fault}");
        let requests = server.requests();
        assert_eq!(requests.iter().filter(|entry| entry.status == 429).count(), 1, "{fault}");
        let newest = requests.iter().filter(|entry| entry.request.path.starts_with("/2021-03-23/")).count();
        assert!(newest > 40 && newest + 3 >= requests.len(), "{fault}: {newest} of {}", requests.len());
    }
}

#[test]
fn a_token_that_runs_out_is_renewed_once() {
    let (found, server) = ask(Tokens::Required, &["expire-token@9"], 0);
    let instance = found.expect("readable").expect("found");
    assert_eq!(instance.instance_id.as_str(), ID);
    let puts = server.requests().iter().filter(|entry| entry.request.method == "PUT").count();
    assert_eq!(puts, 2, "all workers share the new token");
    let whole = ask(Tokens::Required, &[], 0).0.expect("readable").expect("found");
    assert_eq!(instance.metadata, whole.metadata);
}

#[test]
fn a_service_without_tokens_is_read_in_the_old_way() {
    let (found, _) = ask(Tokens::Absent, &[], 0);
    assert_eq!(found.expect("readable").expect("found").instance_id.as_str(), ID);
}

#[test]
fn a_service_that_is_switched_off_is_not_asked_again() {
    let (found, server) = ask(Tokens::Forbidden, &[], 0);
    assert!(matches!(found, Err(SourceError::Http(_))), "{found:?}");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn an_address_that_nobody_has_does_not_hide_a_refusal() {
    let server = serve(Tokens::Forbidden, &[], 0);
    let nobody = {
        let gone = serve(Tokens::Required, &[], 0);
        gone.url()
    };
    for urls in [[server.url(), nobody.clone()], [nobody, server.url()]] {
        // If it were queried again, this would take minutes.
        let found = crawl(&urls, 240);
        assert!(
            matches!(&found, Err(SourceError::Http(error)) if error.to_string().contains("403")),
            "{found:?}"
        );
    }
}

#[test]
fn a_leaf_that_is_gone_is_left_out_and_a_broken_connection_is_retried() {
    let gone = ["404@/2021-03-23/meta-data/ami-id", "drop@7"];
    let (found, _) = ask(Tokens::Required, &gone, 0);
    let instance = found.expect("readable").expect("found");
    assert_eq!(instance.instance_id.as_str(), ID);
    assert!(instance.metadata.get("ami-id").is_none());
    assert!(instance.metadata["hostname"].as_str().is_some_and(|name| !name.is_empty()), "{}", instance.metadata);
}

#[test]
fn a_slow_service_is_asked_side_by_side() {
    let (found, server) = ask(Tokens::Required, &[], 20);
    assert_eq!(found.expect("readable").expect("found").instance_id.as_str(), ID);
    let requests = server.requests();
    let at_once = requests.iter().map(|entry| {
        let is_open = |other: &&metadata_service::Entry| other.at <= entry.at && entry.at < other.at + other.took;
        requests.iter().filter(is_open).count()
    });
    let most = at_once.max().unwrap_or_default();
    // Eight workers for the metadata, and one for the user-data and the identity beside them.
    assert!((4..=9).contains(&most), "{most} requests at once");
}
