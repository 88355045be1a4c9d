//! Shell-variable files and route files: values as a shell sees them, edits that touch nothing else.
#![allow(clippy::disallowed_methods, reason = "bash is the oracle")]

use ifcfg::{Document, Error, Quoting, Route, indexed_routes, ip_routes, parse_routes};
use proptest::prelude::*;

fn read(text: &str) -> Document {
    let document = Document::parse(text.as_bytes()).expect("well formed");
    assert_eq!(String::from_utf8_lossy(&document.write()), text);
    document
}

/// Words with their meaning according to POSIX shell 2.2 and bash's manual («Quoting»).
const WORDS: &[(&str, &str)] = &[
    ("", ""),
    ("eth0", "eth0"),
    ("'a b'", "a b"),
    ("\"a b\"", "a b"),
    (r#""a\"b""#, "a\"b"),
    (r#""a\nb""#, r"a\nb"),
    (r#""a\$b\\c\`d""#, r"a$b\c`d"),
    (r"a\ b", "a b"),
    ("'it'\\''s'", "it's"),
    ("\"a\"'b'c", "abc"),
    (r"$'a\tb\n\'\x41\101\u00e9\e'", "a\tb\n'AA\u{e9}\u{1b}"),
    (r"$'\z\x'", r"\z\x"),
    ("a#b", "a#b"),
    ("\"a # b\"", "a # b"),
    ("'two\nlines'", "two\nlines"),
    ("a\\\nb", "ab"),
    ("\"a\\\nb\"", "ab"),
    ("a=b", "a=b"),
    ("\"\"\"x y\"\"\"", "x y"),
];

#[test]
fn values_are_what_a_shell_sees() {
    for (word, expected) in WORDS {
        let document = read(&format!("A={word}\nB=2\n"));
        assert_eq!(document.get("A").as_deref(), Some(*expected), "{word}");
        assert_eq!(document.get("B").as_deref(), Some("2"), "after {word}");
    }
}

#[test]
#[ignore = "needs bash"]
fn bash_sees_the_same_values() {
    let script: Vec<String> =
        WORDS.iter().map(|(word, _)| format!("A={word}\nprintf '%s\\0' \"$A\"\n")).collect();
    let script = script.concat();
    let output = std::process::Command::new("bash").args(["-c", &script]).env("LC_ALL", "C.UTF-8").output();
    let text = String::from_utf8_lossy(&output.expect("bash runs").stdout).into_owned();
    let seen: Vec<&str> = text.split_terminator('\0').collect();
    let expected: Vec<&str> = WORDS.iter().map(|(_, value)| *value).collect();
    assert_eq!(seen, expected, "bash disagrees with the table");
}

#[test]
fn expansions_are_kept_and_told() {
    for (raw, value, expands) in [
        ("$HOME/x", "$HOME/x", true),
        ("\"$(cat \"/etc/x y\")\"", "$(cat \"/etc/x y\")", true),
        ("${A:-\"b c\"}", "${A:-\"b c\"}", true),
        ("`id -u`", "`id -u`", true),
        ("'$HOME'", "$HOME", false),
        ("\\$HOME", "$HOME", false),
        ("5$", "5$", false),
    ] {
        let document = read(&format!("A={raw}\n"));
        let entry = document.entries().next().expect("an assignment");
        assert_eq!((entry.value().as_str(), entry.expands()), (value, expands), "{raw}");
    }
}

#[test]
fn lines_that_assign_nothing_are_kept() {
    let text = "# comment A=0\n\n  export A=1 B='x y' # why\nif true; then\nC=3 command\nD=(1 2)\nE=5; F=6\n2G=7\nH =8\nexport I\nJ=9";
    let document = read(text);
    let seen: Vec<(String, String, bool, usize)> =
        document.entries().map(|e| (e.name().into(), e.value(), e.is_exported(), e.line())).collect();
    let expected = [
        ("A", "1", true, 3),
        ("B", "x y", true, 3),
        ("E", "5", false, 7),
        ("F", "6", false, 7),
        ("J", "9", false, 11),
    ];
    let expected: Vec<_> = expected.iter().map(|(n, v, e, l)| ((*n).into(), (*v).into(), *e, *l)).collect();
    assert_eq!(seen, expected);
}

fn edited(text: &str, edit: impl FnOnce(&mut Document)) -> String {
    let mut document = read(text);
    edit(&mut document);
    String::from_utf8(document.write()).expect("UTF-8")
}

#[test]
fn setting_keeps_the_place() {
    let set = |text: &str, value: &str| edited(text, |d| d.set("A", value, Quoting::Ifcfg).expect("valid"));
    assert_eq!(set("# x\nA=1 # why\nB=2\n", "3 4"), "# x\nA=\"3 4\" # why\nB=2\n");
    assert_eq!(set("A=1\nA=2\n", "3"), "A=1\nA=3\n");
    assert_eq!(set("B=2", "3"), "B=2\nA=3\n");
    assert_eq!(set("", "3"), "A=3\n");
    assert_eq!(set("export A='x\ny'\r\n", "3"), "export A=3\r\n");
    let refused = Document::default().set("A B", "x", Quoting::Shell);
    assert_eq!(refused, Err(Error::InvalidName("A B".into())));
}

#[test]
fn removing_takes_the_line_only_when_it_is_empty() {
    let remove = |text: &str| edited(text, |d| assert!(d.remove("A")));
    assert_eq!(remove("# x\nA=1 # why\nB=2\n"), "# x\nB=2\n");
    assert_eq!(remove("export A=1 B=2\n"), "export B=2\n");
    assert_eq!(remove("export A=1; B=2\n"), "B=2\n");
    assert_eq!(remove("B=2 A=1 C=3\n"), "B=2 C=3\n");
    assert_eq!(remove("B=2; export A=1 C=3\n"), "B=2; export C=3\n");
    assert_eq!(remove("A=1\nB=2\nA=3\n"), "B=2\n");
    assert!(!Document::default().remove("A"));
}

#[test]
fn open_quotes_are_errors_with_a_place() {
    for (text, line, column, what) in [
        ("A=1\nB='x\ny", 2, 3, "single quote"),
        ("A=\"x", 1, 3, "double quote"),
        ("A=x$(y", 1, 4, "$( or ("),
        ("A=x`y", 1, 4, "back quote"),
        ("A=${y", 1, 3, "${"),
        ("A=$'y", 1, 3, "$' quote"),
    ] {
        assert_eq!(
            Document::parse(text.as_bytes()),
            Err(Error::Unterminated { line, column, what }),
            "{text}"
        );
    }
    let large = vec![b'\n'; ifcfg::MAX_BYTES + 1];
    assert_eq!(Document::parse(&large), Err(Error::TooLarge(large.len())));
    assert_eq!(parse_routes(&large), Err(Error::TooLarge(large.len())));
    let deep = format!("A={}", "$(".repeat(100));
    assert_eq!(Document::parse(deep.as_bytes()), Err(Error::TooDeep { line: 1, column: 131 }));
}

/// The output of upstream's two writers for these values.
#[test]
fn quoting_is_the_originals() {
    for (value, sysconf, ifcfg) in [
        ("", "", ""),
        ("plain", "plain", "plain"),
        ("a b", "'a b'", "\"a b\""),
        ("it's a", "'it'\"'\"'s a'", "\"it's a\""),
        ("$HOME x", "\"$HOME x\"", "\"$HOME x\""),
        ("${A} x", "\"${A} x\"", "\"${A} x\""),
        ("$ x", "'$ x'", "\"$ x\""),
        ("a $HOME 'x' b", "'''a $HOME 'x' b'''", "\"a $HOME 'x' b\""),
        ("$(cmd a)", "$(cmd a)", "\"$(cmd a)\""),
        ("\"a b\"", "\"a b\"", "\"a b\""),
        ("'a b'", "'a b'", "\"'a b'\""),
        ("\"", "'\"'", "\""),
        ("'", "\"'\"", "'"),
        ("a;b", "a;b", "a;b"),
    ] {
        assert_eq!(Quoting::Sysconf.apply("A", value).as_deref(), Ok(sysconf), "{value}");
        assert_eq!(Quoting::Ifcfg.apply("A", value).as_deref(), Ok(ifcfg), "{value}");
    }
}

fn route(
    destination: &str,
    netmask: Option<&str>,
    gateway: &str,
    metric: Option<u32>,
    device: Option<&str>,
) -> Route {
    Route {
        destination: destination.into(),
        netmask: netmask.map(Into::into),
        gateway: Some(gateway.into()),
        metric,
        device: device.map(Into::into),
        options: Vec::new(),
    }
}

#[test]
fn routes_are_read_in_both_forms() {
    let numbered = "# made\nADDRESS1=10.1.0.0\nNETMASK1=255.255.0.0\nGATEWAY1=10.0.0.2\nADDRESS0=10.2.0.0\nGATEWAY0=\"10.0.0.1\"\nNETMASK0=255.255.0.0\nMETRIC0=5\nGATEWAY7=1.1.1.1\n";
    let expected = [
        route("10.2.0.0", Some("255.255.0.0"), "10.0.0.1", Some(5), None),
        route("10.1.0.0", Some("255.255.0.0"), "10.0.0.2", None, None),
    ];
    assert_eq!(parse_routes(numbered.as_bytes()).as_deref(), Ok(&expected[..]));
    let lines =
        "# made\n10.2.0.0/16 via 10.0.0.1 metric 5 dev eth0\n\ndefault via fe80::1  dev eth0 onlink # why\n";
    let mut second = route("default", None, "fe80::1", None, Some("eth0"));
    second.options = vec!["onlink".into()];
    let expected = [route("10.2.0.0/16", None, "10.0.0.1", Some(5), Some("eth0")), second];
    assert_eq!(parse_routes(lines.as_bytes()).as_deref(), Ok(&expected[..]));
}

#[test]
fn routes_are_written_in_both_forms() {
    let routes = [route("10.2.0.0", Some("255.255.0.0"), "10.0.0.1", Some(5), None)];
    let expected = "ADDRESS0=10.2.0.0\nGATEWAY0=10.0.0.1\nNETMASK0=255.255.0.0\nMETRIC0=5\n";
    assert_eq!(indexed_routes(&routes).as_deref(), Ok(expected));
    let routes = [
        route("2001:db8::/32", None, "fe80::1", Some(9), Some("eth0")),
        route("::/0", None, "fe80::1", None, Some("eth0")),
    ];
    assert_eq!(
        ip_routes(&routes),
        "2001:db8::/32 via fe80::1 metric 9 dev eth0\n::/0 via fe80::1  dev eth0\n"
    );
}

#[test]
fn broken_routes_say_where() {
    let place = |text: &str| match parse_routes(text.as_bytes()) {
        Err(Error::Route { line, column, .. }) => (line, column),
        other => panic!("{text}: {other:?}"),
    };
    assert_eq!(place("\n  via\n"), (2, 3));
    assert_eq!(place("10.0.0.0/8 metric many\n"), (1, 1));
    assert_eq!(place("FOO=1\n"), (1, 1));
    assert_eq!(place("ADDRESS0=10.0.0.0\nMETRIC0=x\n"), (2, 1));
    assert_eq!(place("dev eth0\n"), (1, 1));
}

fn shellish() -> impl Strategy<Value = Vec<u8>> {
    let pieces = vec![
        "A=",
        "B=",
        "export ",
        "\n",
        "\r\n",
        " ",
        "\t",
        "'",
        "\"",
        "\\",
        "$",
        "$(",
        ")",
        "${",
        "}",
        "`",
        "$'",
        "#",
        ";",
        "x",
        "\\x4",
        "\\u00e9",
        "ADDRESS0=",
        "via",
        "1.2.3.4",
    ];
    let piece = prop_oneof![
        9 => prop::sample::select(pieces).prop_map(|s: &str| s.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..3),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn what_is_read_is_written_back(text in shellish()) {
        if let Ok(document) = Document::parse(&text) {
            prop_assert_eq!(document.write(), text.clone());
            for entry in document.entries() {
                let _ = (entry.value(), entry.expands());
            }
        }
        let _ = parse_routes(&text);
    }

    #[test]
    fn any_value_survives_in_any_file(text in shellish(), value in "[^\0]{0,20}") {
        if let Ok(mut document) = Document::parse(&text) {
            document.set("B", &value, Quoting::Shell).expect("valid");
            let again = Document::parse(&document.write()).expect("still well formed");
            prop_assert_eq!(again.get("B"), Some(value));
        }
    }

    #[test]
    fn nothing_is_left_after_removing(text in shellish()) {
        if let Ok(mut document) = Document::parse(&text) {
            let others: Vec<_> =
                document.entries().filter(|e| e.name() != "A").map(|e| (e.name().to_owned(), e.value(), e.is_exported())).collect();
            document.remove("A");
            if let Ok(again) = Document::parse(&document.write()) {
                let seen: Vec<_> = again.entries().map(|e| (e.name().to_owned(), e.value(), e.is_exported())).collect();
                prop_assert_eq!(seen, others);
            }
        }
    }
}

#[test]
fn what_a_shell_would_only_assign_is_literal() {
    for (text, literal) in [
        ("", true),
        ("# a comment\n\nA='x y'\nexport B=\"1\" # and more\nC=a;D=b\n", true),
        ("A=$B\n", false),
        ("A=`date`\n", false),
        ("A='$B'\n", true),
        ("A=1\necho $A\n", false),
        ("A=1 program\n", false),
        ("export A\n", false),
    ] {
        let document = Document::parse(text.as_bytes()).expect("quotes are closed");
        assert_eq!(document.is_literal(), literal, "{text}");
    }
}
