//! Values and their files. PyYAML wrote the expected texts.

use proptest::prelude::*;
use yaml::write::{Style, dump};
use yaml::{Limits, Node, Value, parse};

fn read(document: &str) -> Value {
    parse("test", document.as_bytes(), &Limits::default()).expect("valid").expect("a document").value
}

/// The options for netplan's file.
const BARE: Style =
    Style { indent: 4, width: 80, sort_keys: true, explicit_start: false, explicit_end: false };

#[test]
fn a_network_as_netplan_reads_it() {
    let value = read(
        "network: {version: 2, ethernets: {eth0: {dhcp4: yes, match: {macaddress: '52:54:00:12:34:56'},\n\
         addresses: [10.0.0.1/24, 'fe80::1/64'], nameservers: {search: []}, routes: [{to: default, via: 10.0.0.254}]}}}",
    );
    let expected = "\
network:
    ethernets:
        eth0:
            addresses:
            - 10.0.0.1/24
            - fe80::1/64
            dhcp4: true
            match:
                macaddress: '52:54:00:12:34:56'
            nameservers:
                search: []
            routes:
            -   to: default
                via: 10.0.0.254
    version: 2
";
    assert_eq!(dump(&value, &BARE), expected);
    assert_eq!(dump(&value, &Style::default()), format!("---\n{expected}...\n"));
}

#[test]
fn quotes_where_a_text_needs_them() {
    let table = [
        ("plain", "plain\n...\n"),
        ("", "''\n"),
        ("on", "'on'\n"),
        ("y", "y\n...\n"),
        ("0644", "'0644'\n"),
        ("1:30", "'1:30'\n"),
        ("a: b", "'a: b'\n"),
        ("it's", "it's\n...\n"),
        ("'", "''''\n"),
        (" x", "' x'\n"),
        ("a\nb", "'a\n\n    b'\n"),
        ("a\n b", "\"a\\n b\"\n"),
        ("tab\t", "\"tab\\t\"\n"),
        ("é", "\"\\xE9\"\n"),
        ("\u{1f600}", "\"\\U0001F600\"\n"),
    ];
    for (text, expected) in table {
        assert_eq!(dump(&Value::Str(text.to_owned()), &BARE), expected, "{text:?}");
    }
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i128>().prop_map(Value::Int),
        any::<f64>().prop_map(Value::Float),
        "[ -~]{0,12}".prop_map(Value::Str),
        "[a-c \n'\"#:\\-é\u{85}\u{2028}]{0,150}".prop_map(Value::Str),
        any::<String>().prop_map(Value::Str),
        proptest::collection::vec(any::<u8>(), 0..80).prop_map(Value::Binary),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6)
                .prop_map(|items| Value::Seq(items.into_iter().map(Node::from).collect())),
            proptest::collection::btree_map("[a-z0-9é: ]{0,140}", inner, 0..6).prop_map(|entries| {
                let key = |text| Value::Str(text).into();
                Value::Map(entries.into_iter().map(|(text, value)| (key(text), value.into())).collect())
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn what_is_written_reads_back(value in value(), indent in 0..12usize, width in 0..100usize, sort in any::<bool>(), ends in any::<bool>()) {
        let style = Style { indent, width, sort_keys: sort, explicit_start: ends, explicit_end: ends };
        let text = dump(&value, &style);
        let back = parse("written", text.as_bytes(), &Limits::default());
        let back = back.map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        let back = back.map_or(Value::Null, |node| node.value);
        prop_assert!(back.same(&value), "{text}\n{back:?}");
    }

    #[test]
    fn any_bytes_give_a_value_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse("bytes", &bytes, &Limits::default()).map_err(|error| error.to_string());
    }

    #[test]
    fn any_text_gives_a_value_or_an_error(text in "[-a1:?,\\[\\]{}#&*!|>'\"%@` \n\t\r=<~.\\\\é\u{85}\u{2028}\u{feff}]{0,60}") {
        match parse("text", text.as_bytes(), &Limits::default()) {
            Ok(Some(node)) => {
                // Written values are read back unchanged.
                let written = dump(&node.value, &Style { sort_keys: false, ..BARE });
                let again = parse("again", written.as_bytes(), &Limits::default());
                let again = again.map_err(|error| TestCaseError::fail(format!("{error}\n{written}")))?;
                prop_assert!(again.is_some_and(|again| again.value.same(&node.value)), "{written}");
            }
            Ok(None) => {}
            Err(error) => prop_assert!(error.position.offset <= text.len(), "{error}"),
        }
    }
}
