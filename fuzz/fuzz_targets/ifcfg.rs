#![no_main]
//! A file that can be read is written back byte for byte, and takes any value.

use ifcfg::{Document, Quoting, parse_routes};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = parse_routes(data);
    if let Ok(mut document) = Document::parse(data) {
        assert_eq!(document.write(), data);
        let value = String::from_utf8_lossy(data).replace('\0', "");
        if document.set("FUZZ", &value, Quoting::Shell).is_ok() {
            let again = Document::parse(&document.write());
            assert_eq!(again.ok().and_then(|document| document.get("FUZZ")), Some(value));
        }
    }
});
