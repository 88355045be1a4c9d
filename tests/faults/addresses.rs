//! What messages show of user-data that may be secret: URLs without user, password, query and fragment, and nothing of
//! a part whose type is unknown.

use std::sync::Arc;

use system::Scratch;

use crate::machine::{Machine, SEED, image, seeded};
use crate::secrets::check;
use crate::service::Service;

/// A machine of this user-data, whose network answers with `documents`, or not at all.
fn machine(user_data: &str, documents: Option<Scratch>) -> Machine {
    let service = Service::default();
    service.serve(documents);
    Machine::with_http(seeded(image(), "i-one", user_data), Arc::new(service))
}

#[test]
fn the_first_line_of_an_unknown_part_is_not_shown() {
    for user_data in ["PASSWORD=hunter2secret\n", "\n\n  hunter2secret\n", "hunter2secret"] {
        let machine = machine(user_data, None);
        let booted = machine.boot();
        booted.warned("Unhandled non-multipart (text/x-not-multipart) userdata: ");
        booted.warned("the first line is not a known header");
        booted.warned(&format!("{} bytes", user_data.len()));
        check(&machine, &booted, &["hunter2", "PASSWORD"]);
    }
}

#[test]
fn an_address_is_shown_without_its_secrets() {
    let address = "http://bob:hunter2@files.example/dir/x?X-Amz-Signature=SIGNATURE#FRAGMENT";
    for (user_data, shown) in [
        (format!("#cloud-config\nwrite_files: [{{path: /a, source: {{uri: '{address}'}}}}]\n"), true),
        (format!("#include {address}\n"), true),
        (format!("#include-once\n{address}\n"), true),
        (format!("#cloud-config\nphone_home: {{url: '{address}', tries: 1}}\n"), true),
        (format!("#cloud-config\nreporting: {{hook: {{type: webhook, endpoint: '{address}'}}}}\n"), false),
        (format!("#cloud-config\nbootcmd: [[curl, '{address}']]\n"), false),
        // Addresses where none belongs.
        (format!("#cloud-config\ntimezone: '{address}'\n"), false),
    ] {
        let machine = machine(&user_data, None);
        let booted = machine.boot();
        check(&machine, &booted, &["hunter2", "SIGNATURE", "FRAGMENT"]);
        if shown {
            let messages = [booted.warnings(), booted.all_errors()].concat().join("\n");
            assert!(messages.contains("http://files.example/dir/x?REDACTED"), "{user_data}: {messages}");
        }
    }
}

/// The name of an included document is its URL.
#[test]
fn a_broken_included_document_is_named_without_its_secrets() {
    let address = "http://files.example/x?sig=SIGNATURE";
    for content in [
        "#cloud-config\na: [hunter2\n",
        "#cloud-config-archive\na: hunter2\n",
        "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: application/gzip\n\nhunter2\n--x--\n",
        "hunter2\n",
    ] {
        let documents = Scratch::new().file("/x", content).file("/x?sig=SIGNATURE", content);
        let machine = machine(&format!("#include\n{address}\n"), Some(documents));
        let booted = machine.boot();
        assert!(!booted.warnings().is_empty(), "{content}");
        check(&machine, &booted, &["SIGNATURE", "hunter2"]);
    }
}

#[test]
fn the_address_of_a_seed_is_shown_without_its_secrets() {
    let root = image().file(
        "/proc/cmdline",
        "root=LABEL=root ds=nocloud;s=http://bob:hunter2@files.example/seed?sig=SIGNATURE&f=\n",
    );
    let service = Service::default();
    service.serve(Some(Scratch::new()));
    let machine = Machine::with_http(root, Arc::new(service));
    let booted = machine.boot();
    check(&machine, &booted, &["hunter2", "SIGNATURE"]);
    assert!(!machine.has(&format!("{SEED}/user-data")), "the seed is remote");
}
