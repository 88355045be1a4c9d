//! Any template is rendered or refused, in bounded time and memory.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::json;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let variables = json!({"v1": {"cloud_name": "aws", "keys": ["a", "b"]}, "n": 3, "d": {"a-b": 1.5}});
    for head in ["## template: jinja\n", "## template: basic\n"] {
        if let Err(error) = engine::template::render("fuzz", &format!("{head}{text}"), &variables) {
            assert!(!error.to_string().is_empty());
        }
    }
});
