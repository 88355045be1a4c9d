//! Part handlers in Python, of every version and with every mistake, and parts for them. Each tells what it is called
//! with in a file.

use oracle::dice::Dice;

use super::message::Input;

/// Where handlers tell what they are called with.
pub const LOG: &str = "/out/log";

fn handler(dice: &mut Dice, number: u64) -> String {
    let mut code = vec!["#part-handler".to_owned()];
    if dice.chance(4) {
        code.push(
            dice.one(&["def list_types(:", "import nosuchmodule", "raise ValueError('at import')"])
                .to_owned(),
        );
    }
    match dice.below(8) {
        0 => {}
        1 => code.push("handler_version = 1".into()),
        2..5 => code.push("handler_version = 2".into()),
        5 => code.push("handler_version = '3'".into()),
        6 => code.push("handler_version = 3".into()),
        _ => code.push(
            dice.one(&["handler_version = 4", "handler_version = 'x'", "handler_version = None"]).to_owned(),
        ),
    }
    match dice.below(8) {
        0..4 => {}
        4 => code.push("frequency = 'always'".into()),
        5 | 6 => code.push("frequency = 'once-per-instance'".into()),
        _ => code.push(
            dice.one(&["frequency = 'once'", "frequency = 'sometimes'", "frequency = None"]).to_owned(),
        ),
    }
    let types = dice.one(&[
        "['text/plain-one']",
        "['text/plain-one', 'application/two']",
        "['application/two']",
        "['text/x-shellscript']",
        "('text/cloud-config',)",
        "['text/plain-one', 'text/plain-one']",
        "None",
    ]);
    code.push(format!("calls = 0\ndef list_types():\n    tell('types')\n    return {types}"));
    code.push(format!(
        "def tell(*words):\n    with open('{LOG}', 'a') as log:\n        log.write('{number} ' + repr(words) + '\\n')"
    ));
    let fails = dice.one(&[
        "",
        "",
        "",
        "    if ctype == '__begin__': raise ValueError('no')\n",
        "    if ctype == '__end__': raise OSError('end')\n",
        "    if calls == 2: raise KeyError('second')\n",
    ]);
    let more = dice.one(&[
        "",
        "    tell(data.get_instance_id(), data.launch_index, sorted(data.datasource.metadata))\n",
        "    tell(sorted(rest[1].items()) if len(rest) > 1 else rest)\n",
    ]);
    let signature = dice.one(&[
        "data, ctype, filename, payload, *rest",
        "data, ctype, filename, payload, *rest",
        "data, ctype, filename, payload",
        "data, ctype, filename, payload, frequency",
        "data, ctype, filename, payload, frequency, headers",
    ]);
    let rest = if signature.contains("*rest") { "*rest[:1]" } else { "'-'" };
    let more = if signature.contains("*rest") || !more.contains("rest") { more } else { "" };
    if !dice.chance(4) {
        code.push(format!(
            "def handle_part({signature}):\n    global calls\n    calls += 1\n    print('called')\n    tell(calls, ctype, filename, type(payload).__name__, payload, {rest})\n{fails}{more}"
        ));
    }
    code.join("\n") + "\n"
}

/// A user-data with handlers and parts for them.
pub fn input(seed: u64, case: u64) -> Input {
    let mut dice = Dice::new(seed, case);
    let dice = &mut dice;
    let mut user = "Content-Type: multipart/mixed; boundary=\"BB\"\nMIME-Version: 1.0\n\n".to_owned();
    for number in 0..3 + dice.below(5) {
        let (kind, content) = match dice.below(if number == 0 { 1 } else { 7 }) {
            0 | 1 => (dice.one(&["text/part-handler", "text/plain"]), handler(dice, number)),
            2 => ("text/plain-one", "one\nline\n".to_owned()),
            3 => ("application/two", "two".to_owned()),
            4 => ("text/x-shellscript", "#!/bin/sh\n".to_owned()),
            5 => ("text/cloud-config", "#cloud-config\na: 1\n".to_owned()),
            _ => ("text/plain-one", String::new()),
        };
        user.push_str(&format!("--BB\nContent-Type: {kind}\n"));
        if dice.chance(40) {
            user.push_str("Content-Disposition: attachment; filename=\"named.txt\"\n");
        }
        if dice.chance(20) {
            user.push_str("X-Other: o\n");
        }
        user.push_str(&format!("\n{content}\n"));
    }
    user.push_str("--BB--\n");
    Input { user: user.into_bytes(), ..Input::default() }
}
