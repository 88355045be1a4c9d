//! interfaces(5) by the examples of its man page, by its rules, and by ifquery.
#![allow(clippy::disallowed_methods, reason = "ifquery is the oracle")]

use std::io::Write as _;
use std::process::Command;

use interfaces::{Error, Interfaces, Kind, Located, MAX_DEPTH, Stanza, resolve};
use proptest::prelude::*;

fn read(text: &str) -> Interfaces {
    let file = Interfaces::parse(text.as_bytes()).expect("well formed");
    assert_eq!(file.write(), text);
    file
}

fn allow(class: &str, names: &[&str]) -> Kind {
    Kind::Allow { class: class.into(), interfaces: strings(names) }
}

fn strings(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn kinds(text: &str) -> Vec<Kind> {
    read(text).stanzas().into_iter().map(|stanza| stanza.kind).collect()
}

#[test]
fn reads_the_man_pages_example() {
    let text = "auto eth0\nallow-hotplug eth1\n\niface eth0 inet dhcp\n\niface eth0 inet6 auto\n\niface eth1 inet static\n\taddress 192.168.1.2/24\n\tgateway 192.168.1.1\n";
    let stanzas = read(text).stanzas();
    let kinds: Vec<&Kind> = stanzas.iter().map(|stanza| &stanza.kind).collect();
    let iface = |name, family, method| Stanza::iface(name, family, method).kind;
    let expected = [
        allow("auto", &["eth0"]),
        allow("hotplug", &["eth1"]),
        iface("eth0", "inet", "dhcp"),
        iface("eth0", "inet6", "auto"),
        iface("eth1", "inet", "static"),
    ];
    assert_eq!(kinds, expected.iter().collect::<Vec<_>>());
    assert_eq!(stanzas[4].option("address"), Some("192.168.1.2/24"));
    assert_eq!(stanzas[4].option("gateway"), Some("192.168.1.1"));
    assert_eq!(stanzas.iter().map(|stanza| stanza.line).collect::<Vec<_>>(), [1, 2, 4, 6, 8]);
}

#[test]
fn every_stanza_of_the_man_page() {
    let inherits = Kind::Iface {
        name: "eth0".into(),
        family: Some("inet".into()),
        method: Some("static".into()),
        inherits: Some("ethernet".into()),
    };
    for (text, expected) in [
        ("no-auto-down eth0 eth1\n", Kind::NoAutoDown(strings(&["eth0", "eth1"]))),
        ("no-scripts eth0\n", Kind::NoScripts(strings(&["eth0"]))),
        (
            "rename foo=bar mac/52:54:00:0:0:1=lan\n",
            Kind::Rename(vec![("foo".into(), "bar".into()), ("mac/52:54:00:0:0:1".into(), "lan".into())]),
        ),
        ("source interfaces.d/*.cfg\n", Kind::Source(strings(&["interfaces.d/*.cfg"]))),
        (
            "source-directory /etc/network/interfaces.d\n",
            Kind::SourceDirectory(strings(&["/etc/network/interfaces.d"])),
        ),
        ("mapping eth*\n  script /x\n  map a b\n", Kind::Mapping(strings(&["eth*"]))),
        ("iface eth0 inet static inherits ethernet\n", inherits),
        ("auto /eth*=eth\n", allow("auto", &["/eth*=eth"])),
        ("template x inherits y\n", Kind::Template { name: "x".into(), inherits: Some("y".into()) }),
        ("auto", allow("auto", &[])),
    ] {
        assert_eq!(kinds(text), [expected], "{text}");
    }
    assert!(Interfaces::parse(b"autobahn").is_err(), "a word that only starts like a keyword");
    let mapping = &read("mapping eth*\n  script /x\n  map a b\n").stanzas()[0];
    assert_eq!((mapping.option("script"), mapping.option("map")), (Some("/x"), Some("a b")));
}

#[test]
fn lines_are_joined_by_a_last_backslash() {
    let text =
        "au\\\nto eth0 \\\r\n   eth1\n# no \\\nifa\\\nce eth0 inet manual\n  up echo a \\\n     b # c\n";
    let stanzas = read(text).stanzas();
    assert_eq!(stanzas.len(), 2, "{stanzas:?}");
    assert_eq!(stanzas[0].kind, allow("auto", &["eth0", "eth1"]));
    assert_eq!(stanzas[1].option("up"), Some("echo a      b # c"));
}

#[test]
fn options_keep_their_order_and_repeat() {
    let stanza = &read("iface lo inet loopback\nup a\n\n# between\n  up b\n post-up\n").stanzas()[0];
    assert_eq!(stanza.all("up").collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(stanza.option("post-up"), Some(""));
}

#[test]
fn refusals_say_where() {
    for (text, line, column) in [
        ("address 1.2.3.4\n", 1, 1),
        ("auto eth0\n  address 1.2.3.4\n", 2, 3),
        ("\niface\n", 2, 1),
        ("iface eth0 inet\n", 1, 1),
        ("iface eth0 inet static inherits\n", 1, 1),
        ("iface eth0 inet static more words\n", 1, 1),
        ("rename a\n", 1, 1),
    ] {
        match Interfaces::parse(text.as_bytes()) {
            Err(Error::Syntax { line: l, column: c, .. }) => assert_eq!((l, c), (line, column), "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }
    assert_eq!(Interfaces::parse(b"# a\n# \xff\n"), Err(Error::NotUtf8 { line: 2, column: 3 }));
}

#[test]
fn stanzas_are_added_and_removed() {
    let mut file = read(
        "# top\nauto lo\niface lo inet loopback\n\n# eth0\nauto eth0\niface eth0 inet dhcp\n  # odd\n  mtu 1400\n\n# end",
    );
    let removed = file.remove(|stanza| matches!(&stanza.kind, Kind::Iface { name, .. } if name == "eth0"));
    assert_eq!(removed, 1);
    file.push(&Stanza::iface("eth1", "inet", "static").with("address", "10.0.0.2/8").with("up", ""))
        .expect("valid");
    let expected = "# top\nauto lo\niface lo inet loopback\n\n# eth0\nauto eth0\n\n# end\niface eth1 inet static\n    address 10.0.0.2/8\n    up\n";
    assert_eq!(file.write(), expected);
    assert_eq!(file.stanzas().last().expect("added").option("address"), Some("10.0.0.2/8"));
}

/// A backslash at the end of a line joins it to the next, and only the first of joined lines can be a comment
/// (`get_line` of ifupdown's config.c).
#[test]
fn a_backslash_or_a_number_sign_does_not_swallow_what_follows() {
    let mut file = Interfaces::default();
    let odd =
        Stanza::iface("eth0", "inet", "dhcp").with("up", "echo \\").with("#", "note").with("mtu", "9000");
    for stanza in [&odd, &Stanza::new(allow("auto", &["eth0"]))] {
        file.push(stanza).expect("written");
    }
    let stanzas = read(&file.write()).stanzas();
    assert_eq!(stanzas.len(), 2, "{}", file.write());
    assert_eq!(stanzas[0].options, odd.options);
    assert_eq!(stanzas[1].kind, allow("auto", &["eth0"]));
}

#[test]
fn sourced_files_come_in_place() {
    let mut asked = Vec::new();
    let stanzas = resolve(
        "interfaces",
        b"auto a\nsource one.d/* two\nsource-directory dir\nauto z\n",
        &mut |reference| {
            asked.push((reference.pattern.to_owned(), reference.directory, reference.takes("50-x.cfg")));
            match reference.pattern {
                "one.d/*" => vec![("one.d/1".into(), b"auto b\nsource deep\n".to_vec())],
                "deep" => vec![("deep".into(), b"auto c\n".to_vec())],
                "dir" => vec![("dir/d".into(), b"\nauto d\n".to_vec())],
                _ => Vec::new(),
            }
        },
    );
    let seen: Vec<(String, usize, Kind)> = stanzas
        .expect("well formed")
        .into_iter()
        .map(|Located { file, stanza }| (file, stanza.line, stanza.kind))
        .collect();
    let expected = [
        ("interfaces", 1, "a"),
        ("one.d/1", 1, "b"),
        ("deep", 1, "c"),
        ("dir/d", 2, "d"),
        ("interfaces", 4, "z"),
    ];
    let expected: Vec<_> =
        expected.iter().map(|(f, l, n)| ((*f).to_owned(), *l, allow("auto", &[n]))).collect();
    assert_eq!(seen, expected);
    let expected =
        [("one.d/*", false, true), ("deep", false, true), ("two", false, true), ("dir", true, false)];
    let expected: Vec<_> = expected.iter().map(|(p, d, t)| ((*p).to_owned(), *d, *t)).collect();
    assert_eq!(asked, expected);
}

#[test]
fn circles_end_and_broken_files_are_named() {
    let mut calls = 0;
    let circle = resolve("a", b"\nsource a\n", &mut |_| {
        calls += 1;
        vec![("a".into(), b"\nsource a\n".to_vec())]
    });
    assert_eq!(circle, Err(Error::TooDeep { file: "a".into(), line: 2 }));
    assert_eq!(calls, MAX_DEPTH);
    let many = resolve("a", b"source x\n", &mut |_| vec![("x".into(), Vec::new()); 5000]);
    assert!(matches!(many, Err(Error::TooManyFiles { line: 1, .. })));
    let broken = resolve("a", b"source x\n", &mut |_| vec![("x".into(), b"iface\n".to_vec())]);
    assert!(matches!(broken, Err(Error::Sourced { file, .. }) if file == "x"));
}

/// Files for ifupdown's own reader: its `auto` list, and one interface's options.
const QUERIED: &[&str] = &[
    "auto lo eth0\nauto eth1\niface lo inet loopback\niface eth0 inet static\n    address 10.0.0.2\n    netmask 255.0.0.0\niface eth1 inet manual\n",
    "  auto \\\n eth0\n# c \\\niface eth0 inet static\naddress 10.0.0.2 \\\n\n netmask 255.0.0.0  \n",
    "allow-hotplug eth1\nauto eth0\niface eth0 inet6 static\n  address 2001:db8::1\n  netmask 64\nmapping eth*\n  script /bin/echo\n",
    "iface base inet static\n  mtu 1400\nau\\\nto eth0\niface eth0 inet static inherits base\n  address 10.1.1.1\n  netmask 255.255.255.0\n",
    "auto eth0\niface eth0 inet manual\n  description a # b\n\n\n# x\n  x-note one  two\n",
];

#[test]
#[ignore = "needs ifquery"]
fn ifquery_agrees() {
    for text in QUERIED {
        let mut scratch = tempfile::NamedTempFile::new().expect("a temporary file");
        scratch.write_all(text.as_bytes()).expect("written");
        let ask = |words: &[&str]| {
            let file = format!("--interfaces={}", scratch.path().display());
            let mut ifquery = Command::new("/sbin/ifquery");
            ifquery.arg(file).arg("--state-dir=/nonexistent").args(words).output().expect("ifquery runs")
        };
        let listed = ask(&["--list"]);
        assert!(listed.status.success(), "{text}\n{}", String::from_utf8_lossy(&listed.stderr));
        let stanzas = read(text).stanzas();
        let auto: Vec<&String> = stanzas
            .iter()
            .filter_map(|stanza| match &stanza.kind {
                Kind::Allow { class, interfaces } if class == "auto" => Some(interfaces),
                _ => None,
            })
            .flatten()
            .collect();
        let seen = String::from_utf8_lossy(&listed.stdout).into_owned();
        // ifupdown always brings up lo.
        let own = if auto.iter().any(|name| *name == "lo") { "" } else { "lo" };
        let seen: Vec<&str> = seen.lines().filter(|name| *name != own).collect();
        assert_eq!(seen, auto, "{text}\n{}", String::from_utf8_lossy(&listed.stderr));
        let shown = ask(&["eth0"]);
        let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
        let eth0 = stanzas.iter().find(|s| matches!(&s.kind, Kind::Iface { name, .. } if name == "eth0"));
        for (name, value) in &eth0.expect("each has an eth0").options {
            let expected = format!("{name}: {value}");
            assert!(
                shown.lines().any(|line| line == expected),
                "{text}\nifquery shows no {expected:?}:\n{shown}"
            );
        }
    }
}

fn stanza_text() -> impl Strategy<Value = Vec<u8>> {
    let pieces = vec![
        "auto",
        "allow-hotplug",
        "iface",
        "eth0",
        "inet",
        "static",
        "inherits",
        "mapping",
        "source",
        "source-directory",
        "rename",
        "a=b",
        "no-scripts",
        "template",
        " ",
        "\t",
        "\n",
        "\r\n",
        "\\\n",
        "\\",
        "#",
        "address 1.2.3.4\n",
        "iface eth0 inet static\n",
        "auto eth0\n",
        "\u{e9}",
        "\r",
    ];
    let piece = prop_oneof![
        20 => prop::sample::select(pieces).prop_map(|s: &str| s.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..3),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

#[test]
fn only_a_backslash_at_the_end_of_the_file_is_ignored() {
    assert!(Interfaces::parse(b"auto lo\n\\").is_ok());
    // The first backslash is text, the second joins nothing: ifup refuses the word.
    assert!(Interfaces::parse(b"\\\\\n").is_err());
}

proptest! {
    #[test]
    fn what_is_read_is_written_back(text in stanza_text()) {
        if let Ok(file) = Interfaces::parse(&text) {
            prop_assert_eq!(file.write().into_bytes(), text.clone());
            let mut more = file.clone();
            more.push(&Stanza::iface("new0", "inet", "dhcp").with("mtu", "1400")).expect("valid");
            let again = Interfaces::parse(more.write().as_bytes()).expect("still well formed");
            let last = again.stanzas().pop().expect("one was added");
            prop_assert_eq!(last.option("mtu"), Some("1400"));
            prop_assert_eq!(again.stanzas().len(), file.stanzas().len() + 1);
        }
    }
}
