//! Any template is rendered or refused, in bounded time and memory.
//!
//! A boot renders in a process with a limited stack, whose death is the template's error. Here the template is rendered
//! directly, so that the fuzzer sees which code runs, with a stack for values as deep as the limit of steps lets them get.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::json;

/// In bytes; only what is used of it takes memory.
const STACK: usize = 2 << 30;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let render = || {
        let variables = json!({"v1": {"cloud_name": "aws", "keys": ["a", "b"]}, "n": 3, "d": {"a-b": 1.5}});
        for head in ["## template: jinja\n", "## template: basic\n"] {
            if let Err(error) = engine::template::render("fuzz", &format!("{head}{text}"), &variables) {
                assert!(!error.to_string().is_empty());
            }
        }
    };
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, render);
        thread.expect("a thread with its stack").join().expect("a render without a panic");
    });
});
