#![no_main]
//! Any bytes are a message or beyond a limit; what is written can be read again.

use libfuzzer_sys::fuzz_target;
use mime::{Limits, Message};

fuzz_target!(|data: &[u8]| {
    if let Ok(message) = Message::parse(data, &Limits::default()) {
        for part in message.walk() {
            let _ = (part.decoded(), part.filename(), part.charset(), part.boundary());
        }
        let written = message.write();
        let _ = Message::parse(&written, &Limits::default());
    }
});
