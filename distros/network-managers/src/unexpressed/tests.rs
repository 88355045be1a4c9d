use super::*;

fn node(text: &str) -> Node {
    Node::from_yaml("t", text.as_bytes()).expect("valid").expect("there")
}

fn repeated(count: usize, item: &str, more: &str) -> String {
    let items: Vec<String> = std::iter::repeat_n(item.to_owned(), count).collect();
    format!("[{}{more}]", items.join(", "))
}

fn section(count: usize, entry: &str) -> String {
    let entries: Vec<String> = (0..count).map(|number| format!("e{number}: {entry}")).collect();
    format!("{{{}}}", entries.join(", "))
}

fn length(node: &Node) -> usize {
    node.as_list().map_or_else(|| node.as_map().map_or(0, model::Map::len), <[Node]>::len)
}

#[test]
fn long_lists_and_sections_are_reduced() {
    for (text, left) in [
        (repeated(16, "1", ""), 16),
        (repeated(17, "1", ""), 16),
        (repeated(40, "{a: 1}", ""), 16),
        (repeated(40, "{a: 1}", ", {a: 2, b: 3}"), 17),
        (repeated(40, "{a: 1}", ", {a: {c: 1}}, {a: {c: 2}}"), 17),
        (repeated(40, "{type: x}", ", {type: y}, {type: y}"), 17),
        (repeated(40, "{name: x}", ", {name: y}"), 16),
        (repeated(40, "[{a: 1}]", ", [{b: 1}]"), 17),
        (section(40, "{a: 1}"), 16),
        (section(16, "{a: 1}"), 16),
        (section(40, "1"), 40),
    ] {
        assert_eq!(length(&reduced(&node(&text))), left, "{text}");
        let below = reduced(&node(&format!("{{list: {text}}}")));
        assert_eq!(length(below.get("list").expect("there")), left, "below: {text}");
        let in_list = reduced(&node(&format!("[{text}]")));
        assert_eq!(length(&in_list.as_list().expect("a list")[0]), left, "in a list: {text}");
    }
}

#[test]
fn keys_have_paths() {
    let mut keys = BTreeSet::new();
    collect_keys(
        &node("{a: {b: 1}, c: [{d: 2}, [{e: 3}]], type: x, n: {type: {f: 1}}}"),
        String::new(),
        &mut keys,
    );
    let expected = ["/a", "/a/b", "/c", "/c/*/*/e", "/c/*/d", "/n", "/n/type", "/n/type/f", "/typex"];
    assert_eq!(keys.into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn values_are_removed_and_replaced() {
    let key = |name: &str| Step::Key(Key::Str(name.to_owned()));
    let before = "{a: 1, b: [1, {c: 2}], d: {e: 3}}";
    for (path, removed, replaced) in [
        (vec![key("a")], "{b: [1, {c: 2}], d: {e: 3}}", "{a: x, b: [1, {c: 2}], d: {e: 3}}"),
        (
            vec![key("b"), Step::Item(0)],
            "{a: 1, b: [{c: 2}], d: {e: 3}}",
            "{a: 1, b: [x, {c: 2}], d: {e: 3}}",
        ),
        (
            vec![key("b"), Step::Item(1), key("c")],
            "{a: 1, b: [1, {}], d: {e: 3}}",
            "{a: 1, b: [1, {c: x}], d: {e: 3}}",
        ),
        (vec![key("d"), key("e")], "{a: 1, b: [1, {c: 2}], d: {}}", "{a: 1, b: [1, {c: 2}], d: {e: x}}"),
        (vec![key("none"), key("e")], before, before),
        (vec![key("a"), key("e")], before, before),
    ] {
        for (value, expected) in [(None, removed), (Some(node("x")), replaced)] {
            let mut found = node(before);
            change(&mut found, &path, value);
            assert_eq!(found.to_json(), node(expected).to_json(), "{path:?}");
        }
    }
}

#[test]
fn replacements_differ() {
    for (value, name, expected) in [
        ("true", "x", "[false]"),
        ("false", "x", "[true]"),
        ("5", "x", "[6, 4, 0]"),
        ("{a: 1}", "x", "[[ipv4]]"),
        ("[1]", "x", "[[ipv4]]"),
        ("'yes'", "x", "['no', 'off', yesx]"),
        ("'off'", "x", "['yes', 'on', offx]"),
        ("auto", "control", "[autox, manual, hotplug, auto]"),
        ("auto", "x", "[autox]"),
        ("255.0.0.0", "netmask", "[255.0.0.0x, 255.255.0.0, 255.255.255.0, 255.0.0.2]"),
        ("10.0.0.1/24", "x", "[10.0.0.1/24x, 10.0.0.3/24]"),
        ("'fe80::3'", "x", "['fe80::3x', 'fe80::1']"),
        ("eth0", "x", "[eth0x]"),
    ] {
        let found = Node::new(
            Value::List(
                others(&node(value), name)
                    .into_iter()
                    .map(|value| Node::new(value, Origin::whole("t")))
                    .collect(),
            ),
            Origin::whole("t"),
        );
        assert_eq!(found.to_json(), node(expected).to_json(), "{value} {name}");
    }
}

#[test]
fn items_have_the_names_of_their_lists_or_types() {
    assert_eq!(item_name("config", &node("{type: vlan}")), "vlan");
    assert_eq!(item_name("config", &node("{name: x}")), "config");
    assert_eq!(item_name("subnets", &node("{type: static}")), "subnets");
    for (text, empty) in [
        ("{}", true),
        ("[]", true),
        ("~", true),
        ("{a: }", false),
        ("[~]", false),
        ("''", false),
        ("0", false),
    ] {
        assert_eq!(is_empty(&node(text)), empty, "{text}");
    }
}

/// A renderer that writes some keys, needs one, and has a default for another.
fn written(config: &NetworkConfig) -> Option<Vec<RenderedFile>> {
    let root = config.node();
    let at = |path: &[&str]| root.at(path).map(Node::to_json);
    at(&["needed"])?;
    let flag = root.get("flag").and_then(Node::as_bool).unwrap_or(true);
    let entries: Vec<_> = root
        .get("entries")
        .and_then(Node::as_list)
        .into_iter()
        .flatten()
        .map(|entry| entry.get("kept").map(Node::to_json))
        .collect();
    let text = format!("{:?} {:?} {flag} {entries:?}", at(&["kept"]), at(&["mixed", "kept"]));
    Some(vec![RenderedFile::new("/x", text, 0o644)])
}

#[track_caller]
fn check(config: &str, expected: &[(&str, &str, usize)]) {
    let config = NetworkConfig::new(node(config));
    let files = written(&config).expect("valid");
    let found = find(&config, "net-plan", &written, &files);
    let found: Vec<(String, String, usize)> =
        found.into_iter().map(|lost| (lost.key, lost.origin.to_string(), lost.others)).collect();
    let expected: Vec<(String, String, usize)> = expected
        .iter()
        .map(|(key, place, others)| ((*key).to_owned(), (*place).to_owned(), *others))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn what_changes_no_file_is_reported() {
    check("{needed: 1, kept: 2, flag: true}", &[]);
    check("{needed: 1, lost: 3}", &[("lost", "t:1:19", 0)]);
    check("{needed: 1, flag: false, other: false}", &[("other", "t:1:33", 0)]);
    // What is about the configuration itself, this program's own, and nothing.
    check(
        "{needed: 1, version: 2, config_id: x, ipv4: y, ipv6: z, _own: 1, empty: {}, none: [], null: }",
        &[],
    );
    check("{needed: 1, version: [2]}", &[("version", "t:1:22", 0)]);
    // A container of which everything is lost is reported as a whole.
    check("{needed: 1, group: {x: 1, y: 2}, list: [1, 2]}", &[("group", "t:1:20", 0), ("list", "t:1:40", 0)]);
    check("{needed: 1, mixed: {kept: 5, lost: 6}, lost: 7}", &[("lost", "t:1:36", 1)]);
    check("{needed: 1, entries: [{kept: 1, lost: 2}, {kept: 3, lost: 4}]}", &[("lost", "t:1:39", 1)]);
}

#[test]
fn the_own_renderer_need_not_be_written() {
    check("{needed: 1, renderer: NetPlan}", &[]);
    check("{needed: 1, renderer: networkd}", &[("renderer", "t:1:23", 0)]);
    check("{needed: 1, mixed: {kept: 1, renderer: netplan}}", &[("renderer", "t:1:40", 0)]);
}

#[test]
fn of_many_values_some_are_checked() {
    let entries = repeated(40, "{kept: 1, lost: 2}", "");
    check(&format!("{{needed: 1, entries: {entries}}}"), &[("lost", "t:1:39", 15)]);
}

#[test]
fn messages_count_other_places() {
    let lost =
        |others| Unexpressed { origin: Origin::whole("t"), renderer: "eni", key: "k".to_owned(), others };
    assert_eq!(lost(0).message(), "eni cannot express 'k'");
    assert_eq!(lost(1).message(), "eni cannot express 'k' (also in another place)");
    assert_eq!(lost(2).message(), "eni cannot express 'k' (also in 2 other places)");
}
