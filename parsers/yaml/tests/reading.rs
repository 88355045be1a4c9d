//! Documents and their meaning: expectations from the YAML 1.1 specification, PyYAML's documentation, and
//! cloud-init's examples.

use yaml::{Date, ErrorKind, Limits, Node, Timestamp, Value, parse};

fn read(document: &str) -> Value {
    let node = parse("test", document.as_bytes(), &Limits::default());
    node.unwrap_or_else(|error| panic!("{document:?}\n{error}")).map_or(Value::Null, |node| node.value)
}

fn text(text: &str) -> Node {
    Value::Str(text.to_owned()).into()
}

fn int(n: i128) -> Node {
    Value::Int(n).into()
}

fn seq<const N: usize>(items: [Node; N]) -> Value {
    Value::Seq(items.into())
}

fn map<const N: usize>(entries: [(&str, Node); N]) -> Value {
    Value::Map(entries.into_iter().map(|(key, value)| (text(key), value)).collect())
}

fn check(document: &str, expected: &Value) {
    let found = read(document);
    assert!(found.same(expected), "{document:?}\nfound    {found:?}\nexpected {expected:?}");
}

#[test]
fn scalars_by_their_look() {
    let date = Date::new(2001, 12, 14).expect("a day of the calendar");
    let moment = |offset| {
        Value::Timestamp(Timestamp { date, hour: 21, minute: 59, second: 43, microsecond: 100_000, offset })
    };
    let table = [
        ("yes", Value::Bool(true)),
        ("OFF", Value::Bool(false)),
        ("y", text("y").value),
        ("~", Value::Null),
        ("0644", Value::Int(420)),
        ("0o644", text("0o644").value),
        ("0x1f", Value::Int(31)),
        ("1_000", Value::Int(1000)),
        ("12:30", Value::Int(750)),
        ("52:54:00:12:34:56", Value::Int(41_135_085_296)),
        ("52:54:00:ab:cd:ef", text("52:54:00:ab:cd:ef").value),
        ("1e3", text("1e3").value),
        ("1.0e+3", Value::Float(1000.0)),
        ("-.inf", Value::Float(f64::NEG_INFINITY)),
        (".nan", Value::Float(f64::NAN)),
        ("2001-12-14", Value::Date(date)),
        ("2001-12-14t21:59:43.10-05:00", moment(Some(-300))),
        ("2001-12-14 21:59:43.10", moment(None)),
        ("'0644'", text("0644").value),
        ("!!str 0644", text("0644").value),
        ("!!int '0644'", Value::Int(420)),
        ("!!binary aGVsbG8=", Value::Binary(b"hello".to_vec())),
    ];
    for (document, expected) in &table {
        check(document, expected);
    }
    let Value::BigInt(big) = read("0xffffffffffffffffffffffffffffffffff") else { panic!("not big") };
    assert_eq!(big.to_string(), "87112285931760246646623899502532662132735");
}

#[test]
fn mappings_are_pythons() {
    check("a: 1\nb: 2\na: 3\n", &map([("a", int(3)), ("b", int(2))]));
    let keys = Value::Map(vec![(int(1), text("c")), (text("1"), text("d"))]);
    check("1: a\n1.0: b\ntrue: c\n'1': d\n", &keys);
    // The last mapping of the list is inserted first, so that the first one takes precedence.
    let merged = map([("b", int(9)), ("c", int(4)), ("a", int(1))]);
    check("<<: [{a: 1, b: 2}, {b: 3, c: 4}]\nb: 9\n", &merged);
    check("!!omap [a: 1]", &seq([seq([text("a"), int(1)]).into()]));
    check("!!set {a, b, a}", &Value::Set(vec![text("a"), text("b")]));
    check("x: &x [1]\ny: *x\n", &map([("x", seq([int(1)]).into()), ("y", seq([int(1)]).into())]));
}

/// Examples 8.4, 8.5 and 8.10 of the specification, and the folding of quoted text in 5.13 and 7.5.
#[test]
fn text_over_several_lines() {
    let chomped = map([("strip", text("text")), ("clip", text("text\n")), ("keep", text("text\n\n"))]);
    check("strip: |-\n  text\nclip: |\n  text\nkeep: |+\n  text\n\n", &chomped);
    check("> \n folded\n text\n\n lines\n", &text("folded text\nlines\n").value);
    check(
        "\"folded \nto a space,\t\n \nto a line feed, or \t\\\n \\ \tnon-content\"",
        &text("folded to a space,\nto a line feed, or \t \tnon-content").value,
    );
    check("a\n b\n\n c", &text("a b\nc").value);
}

#[test]
fn encodings() {
    let expected = map([("a", text("é\u{1f600}"))]);
    let document = "\u{feff}a: é\u{1f600}";
    check(document, &expected);
    for unit in [u16::to_le_bytes, u16::to_be_bytes] {
        let bytes: Vec<u8> = document.encode_utf16().flat_map(unit).collect();
        let node = parse("test", &bytes, &Limits::default()).expect("UTF-16").expect("a document");
        assert!(node.value.same(&expected));
    }
    for document in ["", "# nothing\n", "\u{feff}"] {
        assert_eq!(parse("test", document.as_bytes(), &Limits::default()), Ok(None), "{document:?}");
    }
    assert_eq!(read("---\n"), Value::Null);
}

#[test]
fn every_node_has_its_span() {
    let document = "a:\n  - é: 1\n    'f': \"g\"\n";
    let root = parse("test", document.as_bytes(), &Limits::default()).expect("valid").expect("a document");
    let item = &root.get("a").and_then(|a| a.value.as_seq()).expect("a sequence")[0];
    let one = item.get("é").expect("a key").span;
    assert_eq!((one.start.line, one.start.column, one.start.offset), (2, 8, 11));
    assert_eq!((one.end.line, one.end.column), (2, 9));
    let g = item.get("f").expect("a key").span;
    assert_eq!(&document[g.start.offset..g.end.offset], "\"g\"");
}

#[test]
fn errors_point_at_the_place() {
    let table = [
        ("a: b: c\n", 1, 5, "a: b: c\n        ^"),
        ("a: 1\n\tb: 2\n", 2, 1, "\tb: 2\n    ^"),
        ("a: [1, 2\nb: 3\n", 2, 2, "b: 3\n     ^"),
        ("é: 'x\n", 2, 1, ""),
        ("a: *b\n", 1, 4, "a: *b\n       ^"),
        ("a: !foo b\n", 1, 4, "a: !foo b\n       ^"),
        ("a: \u{1}\n", 1, 4, "a: \u{1}\n       ^"),
        ("a: 2001-02-30\n", 1, 4, "a: 2001-02-30\n       ^"),
        ("a\n---\nb\n", 2, 1, "---\n    ^"),
    ];
    for (document, line, column, shown) in table {
        let error = parse("user-data", document.as_bytes(), &Limits::default()).expect_err(document);
        let displayed = error.to_string();
        assert_eq!((error.position.line, error.position.column), (line, column), "{displayed}");
        assert!(displayed.starts_with(&format!("user-data:{line}:{column}: ")), "{displayed}");
        assert!(displayed.ends_with(shown), "{displayed}");
    }
    let broken = parse("f", b"a: 1\nb: \xff\n", &Limits::default()).expect_err("not UTF-8");
    assert_eq!((broken.kind, broken.position.line), (ErrorKind::Encoding { encoding: "UTF-8" }, 2));
}

fn hits_a_limit(document: &str, limits: &Limits) {
    match parse("bomb", document.as_bytes(), limits) {
        Err(error) => assert!(matches!(error.kind, ErrorKind::Limit { .. }), "{error}"),
        Ok(_) => panic!("no limit was reached"),
    }
}

/// Ten levels of ten aliases each.
fn bomb(first: &str, level: impl Fn(usize, &str) -> String) -> String {
    let mut document = format!("a0: &a0 {first}\n");
    for at in 1..=10 {
        let aliases = vec![format!("*a{}", at - 1); 10].join(", ");
        document += &level(at, &aliases);
    }
    document
}

#[test]
fn a_small_text_cannot_unfold_without_bound() {
    let limits = Limits::default();
    hits_a_limit(&bomb("[x]", |at, aliases| format!("a{at}: &a{at} [{aliases}]\n")), &limits);
    hits_a_limit(&bomb("{x: y}", |at, aliases| format!("a{at}: &a{at} {{<<: [{aliases}]}}\n")), &limits);
    let long = "x".repeat(1 << 20);
    hits_a_limit(&format!("- &a {long}\n{}", "- *a\n".repeat(100)), &limits);
    hits_a_limit("[1, 2, 3, 4]", &Limits { max_nodes: 4, ..limits });
    hits_a_limit("a: bcd", &Limits { max_bytes: 5, ..limits });
}

#[test]
fn collections_nest_only_so_deep() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let unbounded = Limits { max_depth: usize::MAX, ..Limits::default() };
    assert!(parse("deep", nested(200).as_bytes(), &Limits::default()).is_ok());
    assert!(parse("deep", nested(Limits::DEEPEST).as_bytes(), &unbounded).is_ok());
    hits_a_limit(&nested(201), &Limits::default());
    hits_a_limit(&nested(100_000), &unbounded);
    hits_a_limit(&"- ".repeat(100_000), &unbounded);
    hits_a_limit(&"? ".repeat(100_000), &unbounded);
    hits_a_limit(&"{a: ".repeat(100_000), &unbounded);
    // Aliases add up what each part alone may have.
    hits_a_limit(&format!("- &a {}\n- {}*a{}\n", nested(150), "[".repeat(150), "]".repeat(150)), &unbounded);
    // Merge keys below mappings that have not been read yet.
    let chain: Vec<String> = (1..1000).map(|at| format!(", k{at}: &a{at} {{<<: *a{}}}", at - 1)).collect();
    let chain = chain.concat();
    hits_a_limit(&format!("- !!str {{=: x, k0: &a0 {{}}{chain}}}\n- <<: *a999\n"), &unbounded);
}
