#![no_main]
//! A file that can be read is written back byte for byte, and its stanzas mean the same in a file of their own.

use interfaces::{Interfaces, Stanza, resolve};
use libfuzzer_sys::fuzz_target;

/// What the stanzas say, without the lines they stand on.
fn meaning(file: &Interfaces) -> Vec<Stanza> {
    file.stanzas().into_iter().map(|stanza| Stanza { line: 0, ..stanza }).collect()
}

fuzz_target!(|data: &[u8]| {
    if let Ok(file) = Interfaces::parse(data) {
        assert_eq!(file.write().as_bytes(), data);
        let mut copy = Interfaces::default();
        for stanza in file.stanzas() {
            copy.push(&stanza).expect("a stanza that was read can be written");
        }
        assert_eq!(meaning(&copy), meaning(&file));
        let again = Interfaces::parse(copy.write().as_bytes()).expect("a file of such stanzas can be read");
        assert_eq!(meaning(&again), meaning(&file));
    }
    let _ = resolve("f", data, &mut |reference| match reference.pattern.len() % 3 {
        0 => vec![("f".to_owned(), data.to_vec())],
        _ => Vec::new(),
    });
});
