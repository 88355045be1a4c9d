use std::sync::Arc;

use metadata_service::{Config, Fault, Node, Server};
use model::datasource::SourceStage;

use super::NoCloud;
use crate::testing::{self, Machine};

#[test]
fn every_machine_of_testdata() {
    testing::run_cases("nocloud", &NoCloud);
}

fn seeded(faults: &[&str]) -> (Machine, Server) {
    let mut tree = Node::directory();
    tree.insert("seed/meta-data", Node::text("instance-id: iid-http\n"));
    tree.insert("seed/user-data", Node::text("#cloud-config\n"));
    let faults = faults.iter().map(|text| Fault::parse(text).expect("a fault")).collect();
    let server =
        Server::start(Config { tree: Some(tree), faults, ..Config::default() }).expect("a free port");
    let scratch =
        system::Scratch::new().file("/proc/cmdline", format!("ro ds=nocloud;s={}/seed", server.url()));
    (Machine::with_http(scratch, Arc::new(fetch::Fetch::new())).on_time(), server)
}

#[test]
fn a_seed_at_an_address_needs_no_more_than_two_documents() {
    let (machine, server) = seeded(&[]);
    let instance = machine.crawl(&NoCloud, SourceStage::Network).expect("readable").expect("found");
    assert_eq!(instance.instance_id.as_str(), "iid-http");
    assert_eq!(server.requests().len(), 4);
}

#[test]
fn a_seed_without_user_data_is_an_error() {
    let (machine, _server) = seeded(&["404@/seed/user-data"]);
    let error = machine.crawl(&NoCloud, SourceStage::Network).expect_err("half a seed");
    assert!(error.to_string().contains("/seed/user-data"), "{error}");
}
