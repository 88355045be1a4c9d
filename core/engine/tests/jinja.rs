//! Expressions in templates, with what jinja2 3.1.6 prints for them in an environment like the original's (trim_blocks,
//! jinja2.ext.do).

use serde_json::Value;

#[test]
fn expressions_print_what_jinja2_prints() {
    let data: Value = serde_json::from_str(include_str!("../testdata/jinja.json")).expect("JSON");
    let cases = data["cases"].as_array().expect("a list");
    let mut wrong = Vec::new();
    for case in cases {
        let (expression, expected) = (case[0].as_str().expect("text"), case[1].as_str().expect("text"));
        let template = format!("## template: jinja\n{{{{ {expression} }}}}");
        let found = match engine::template::render("t", &template, &data["variables"]) {
            Ok(text) => text,
            Err(error) => format!("error: {error}"),
        };
        if found != expected {
            wrong.push(format!("{expression}\n  expected {expected:?}\n  found    {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    assert!(cases.len() > 200);
}
