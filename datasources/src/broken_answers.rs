//! Every source gets answers that its service should not give: whatever they are, it returns.

use std::sync::Arc;

use model::datasource::SourceStage;
use model::effects::{Http, HttpError, Request, Response};
use system::Scratch;

use crate::testing::Machine;

/// A service that answers every request with the same document.
struct Always(Vec<u8>);

impl Http for Always {
    fn send(&self, _request: &Request) -> Result<Response, HttpError> {
        Ok(Response { status: 200, headers: Vec::new(), body: self.0.clone() })
    }
}

/// Documents of other kinds, cut off, or with other types than expected below each key of some service.
fn documents() -> Vec<Vec<u8>> {
    let mut documents: Vec<Vec<u8>> = [
        "",
        "\n",
        "null",
        "[]",
        "{}",
        "7",
        "\"text\"",
        "{",
        "[{}]",
        "<x/>",
        "<GoalState><Incarnation>",
        "a/\nb=c\n0=k",
        "=\n/\n..",
        "\u{feff}{}",
        "ü: [",
        "&a [*a]",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect();
    documents.push(vec![0xff, 0xfe, 0x00, 0x80]);
    documents.push(vec![b'['; 5000]);
    let keys = [
        "instance-id",
        "instance_id",
        "id",
        "hostname",
        "displayName",
        "ociAdName",
        "metadata",
        "user-data",
        "user_data",
        "public-keys",
        "ssh-keys",
        "network",
        "interfaces",
        "interface",
        "compute",
        "extended",
        "osProfile",
        "publicKeys",
        "vnics",
        "macAddr",
        "config",
        "region",
        "dns",
        "vendor-data",
        "vendor_data",
        "droplet_id",
        "user-data-encoding",
        "instance-v2-id",
    ];
    for value in ["null", "7", "true", "\"\"", "\"x\"", "[]", "[null]", "[{}]", "{}", "{\"interface\": [7]}"]
    {
        let pairs: Vec<String> = keys.iter().map(|key| format!("\"{key}\": {value}")).collect();
        let object = format!("{{{}}}", pairs.join(", "));
        documents.push(format!("[{object}]").into_bytes());
        documents.push(object.into_bytes());
    }
    documents
}

#[test]
fn no_answer_makes_a_source_panic() {
    for source in crate::all() {
        for document in documents() {
            let net = "/sys/class/net/eth0";
            let mut scratch = Scratch::new()
                .file(&format!("{net}/address"), "52:54:00:12:34:56\n")
                .file(&format!("{net}/type"), "1\n")
                .file(&format!("{net}/carrier"), "1\n")
                .file(&format!("{net}/operstate"), "up\n")
                .file(&format!("{net}/device/vendor"), "");
            for (field, value) in source.about().evidence.dmi {
                scratch = scratch.file(&format!("/sys/class/dmi/id/{field}"), format!("{value}\n"));
            }
            let machine = Machine::with_http(scratch, Arc::new(Always(document)));
            for stage in [SourceStage::Local, SourceStage::Network] {
                if source.about().is_asked_in(stage) {
                    let found = machine.crawl(source.as_ref(), stage);
                    assert!(found.map_or(true, |found| found.is_none_or(|found| !found.source.is_empty())));
                }
            }
        }
    }
}
