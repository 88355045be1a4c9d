//! Any bytes are read or refused; what is read can be written and then reads the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use yaml::{Limits, parse, write};

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { max_bytes: 1 << 16, max_nodes: 1 << 14, ..Limits::default() };
    match parse("fuzz", bytes, &limits) {
        Ok(Some(node)) => {
            let style = write::Style { sort_keys: false, ..Default::default() };
            let written = write::dump(&node.value, &style);
            match parse("written", written.as_bytes(), &Limits::default()) {
                Ok(Some(again)) => assert!(again.value.same(&node.value), "{written}"),
                other => panic!("{other:?}\n{written}"),
            }
        }
        Ok(None) => {}
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
