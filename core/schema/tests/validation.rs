//! What is valid, by JSON Schema draft 4 and the changes of the original (cloudinit/config/schema.py), and how a mistake
//! is reported. jsonschema compares by Python's `==`, except that a boolean is not a number.

use schema::{Document, Schema, annotated, check};
use serde_json::{Value, json};

/// The findings about a document in YAML, each with its value.
fn detailed(schema: &Value, text: &str) -> Vec<String> {
    let tree =
        yaml::parse("t", text.as_bytes(), &yaml::Limits::default()).expect("YAML").expect("a document");
    let findings = check(&Schema::new(schema), &tree);
    findings.into_iter().map(|finding| finding.detailed).collect()
}

/// The findings without a value, as they stand in a log.
fn public(schema: &Value, text: &str) -> Vec<String> {
    let tree =
        yaml::parse("t", text.as_bytes(), &yaml::Limits::default()).expect("YAML").expect("a document");
    let findings = check(&Schema::new(schema), &tree);
    findings.iter().map(schema::Finding::public).collect()
}

fn is_valid(schema: &Value, text: &str) -> bool {
    detailed(schema, text).is_empty()
}

/// Section 5 of the validation specification, with `==` as Python has it.
#[test]
fn a_value_equals_one_of_the_schema() {
    for (word, document, equal) in [
        (json!(null), "null", true),
        (json!(null), "''", false),
        (json!(true), "yes", true),
        (json!(true), "no", false),
        (json!(true), "1", false),
        (json!(1), "true", false),
        (json!(1), "1", true),
        (json!(1), "1.0", true),
        (json!(1.0), "1", true),
        (json!(1.5), "1.5", true),
        (json!(1.5), "1", false),
        (json!(1), "2", false),
        (json!(1), "'1'", false),
        (json!("a"), "a", true),
        (json!("a"), "b", false),
        (json!([1, "a"]), "[1, a]", true),
        (json!([1, "a"]), "[1]", false),
        (json!([1, "a"]), "[1, b]", false),
        (json!([1]), "[1, a]", false),
        (json!({"a": 1}), "{a: 1}", true),
        (json!({"a": 1}), "{a: 2}", false),
        (json!({"a": 1}), "{b: 1}", false),
        (json!({"a": 1}), "{a: 1, b: 1}", false),
        (json!({"1": 1}), "{1: 1}", false),
    ] {
        assert_eq!(is_valid(&json!({"enum": [word]}), document), equal, "{word} {document}");
    }
}

/// 5.3.4: `uniqueItems`.
#[test]
fn items_are_equal_or_not() {
    for (document, pair) in [
        ("[1, 2, 3]", None),
        ("[1, 2, 1]", Some((0, 2))),
        ("[1, 1.0]", Some((0, 1))),
        ("[1.0, 1]", Some((0, 1))),
        ("[0.0, -0.0]", Some((0, 1))),
        ("[1.5, 1.5]", Some((0, 1))),
        ("[1.5, 2.5]", None),
        ("[.nan, .nan]", None),
        ("[1, true]", None),
        ("[0, false]", None),
        ("[null, null]", Some((0, 1))),
        ("[true, false]", None),
        ("[true, yes]", Some((0, 1))),
        ("[a, b, b]", Some((1, 2))),
        ("['1', 1]", None),
        ("[[1, 2], [1, 2]]", Some((0, 1))),
        ("[[1, 2], [2, 1]]", None),
        ("[[1, 2], [1]]", None),
        ("[{a: 1, b: 2}, {b: 2, a: 1}]", Some((0, 1))),
        ("[{a: 1}, {a: 2}]", None),
        ("[{a: 1}, {b: 1}]", None),
        ("[{a: 1}, {a: 1, b: 1}]", None),
        ("[{1: a}, {1: a}]", Some((0, 1))),
        ("[{1: a}, {2: a}]", None),
        ("[!!binary YWJj, !!binary YWJj]", Some((0, 1))),
        ("[!!binary YWJj, !!binary YWJk]", None),
        ("[2024-01-01, 2024-01-01]", Some((0, 1))),
        ("[2024-01-01, 2024-01-02]", None),
        ("[2024-01-01, '2024-01-01']", None),
        ("[!!set {a}, !!set {a}]", Some((0, 1))),
        ("[!!set {a}, !!set {b}]", None),
    ] {
        let found = detailed(&json!({"uniqueItems": true}), document);
        let expected = pair.map(|(first, second)| {
            vec![format!("entries {first} and {second} are equal, but must be unique")]
        });
        assert_eq!(found, expected.unwrap_or_default(), "{document}");
        assert!(is_valid(&json!({"uniqueItems": false}), document), "{document}");
    }
}

/// 5.1, 5.2 and 5.3: each bound is inclusive.
#[test]
fn bounds_are_inclusive() {
    for (keyword, bound, inside, outside) in [
        (
            "minimum",
            json!(2),
            &["2", "3", "2.0", "99999999999999999999999999999999999999999", "a"][..],
            &["1", "1.5"][..],
        ),
        ("minimum", json!(2.5), &["3", "2.5"], &["2", "-99999999999999999999999999999999999999999"]),
        ("maximum", json!(2), &["2", "1", "2.0", "-1.5"], &["3", "2.5"]),
        ("minLength", json!(2), &["ab", "éé", "abc", "1"], &["a", "é", "''"]),
        ("maxLength", json!(2), &["ab", "éé", "''", "!!binary YWI="], &["abc", "!!binary YWJj"]),
        ("minItems", json!(1), &["[a]", "[a, b]", "a"], &["[]"]),
        ("maxItems", json!(1), &["[a]", "[]"], &["[a, b]"]),
        ("minProperties", json!(1), &["{a: 1}", "a", "[]"], &["{}"]),
        ("pattern", json!("^a+$"), &["a", "aa", "\"a\\n\"", "1"], &["b", "ab", "!!binary YQ=="]),
    ] {
        let schema = json!({keyword: bound});
        for text in inside {
            assert!(is_valid(&schema, text), "{schema} {text}");
        }
        for text in outside {
            assert!(!is_valid(&schema, text), "{schema} {text}");
        }
    }
}

/// Section 8.2 of the core specification and 5.3.1.
#[test]
fn lists_of_schemas_are_applied_by_position() {
    let schema = json!({"items": [{"type": "string"}, {"type": "integer"}], "additionalItems": false});
    assert!(is_valid(&schema, "[a, 1]"));
    assert!(is_valid(&schema, "[a]"));
    assert_eq!(detailed(&schema, "[a, b]"), ["expected an integer, found text 'b'"]);
    assert_eq!(detailed(&schema, "[a, 1, 2]"), ["expected at most 2 entries, found 3"]);
    let schema = json!({"items": [{"type": "string"}], "additionalItems": {"type": "integer"}});
    assert!(is_valid(&schema, "[a, 1, 2]"));
    assert_eq!(public(&schema, "[a, 1, b]"), ["2: expected an integer, found text"]);
    assert!(
        is_valid(&json!({"additionalItems": false}), "[a, 1]"),
        "nothing is additional to a single schema"
    );
    let schema = json!({"items": {"type": "string"}});
    assert_eq!(public(&schema, "[a, [], b]"), ["1: expected text, found a list"]);
    assert_eq!(detailed(&json!({"properties": {"a": false}}), "{a: 1}"), ["no value is allowed here"]);
    assert!(is_valid(&json!({"properties": {"a": false}}), "{b: 1}"));
}

/// The style of CONTRIBUTING.md: `expected X, found Y; hint`.
#[test]
fn a_mistake_is_reported_with_what_would_be_valid() {
    for (schema, document, expected) in [
        (json!({"type": "string"}), "1", "expected text, found an integer 1; use quotes"),
        (json!({"type": "string"}), "1.5", "expected text, found a number 1.5; use quotes"),
        (json!({"type": "string"}), "true", "expected text, found a boolean true; use quotes"),
        (json!({"type": "boolean"}), "0", "use false"),
        (json!({"type": "boolean"}), "2", "expected true or false, found an integer 2"),
        (json!({"type": "null"}), "0", "expected nothing (null), found an integer 0"),
        (json!({"type": "object"}), "1", "expected a mapping, found an integer 1"),
        (json!({"type": ["array", "null"]}), "{a: 1}", "expected a list or nothing (null), found a mapping"),
        (json!({"type": "number"}), "'1.5'", "expected a number, found text '1.5'; remove the quotes"),
        (json!({"type": "boolean"}), "'7'", "expected true or false, found text '7'"),
        (json!({"type": "boolean"}), "1", "use true"),
        (json!({"type": "array"}), "a", "use a list: each item after '- '"),
        (json!({"type": "array"}), "{a: 1}", "use a list: '- ' before the first key"),
        (json!({"type": ["array", "null"]}), "a", "expected a list or nothing (null), found text 'a'"),
        (json!({"type": "integer"}), "'7'", "expected an integer, found text '7'; remove the quotes"),
        (json!({"type": "integer"}), "a", "expected an integer, found text 'a'"),
        (json!({"type": ["integer", "number"]}), "a", "expected a number, found text 'a'"),
        (
            json!({"type": ["boolean", "string", "object"]}),
            "[]",
            "expected text, a mapping or true or false, found a list",
        ),
        (json!({"enum": ["on"]}), "'of'", "expected 'on', found 'of'; did you mean 'on'?"),
        (
            json!({"enum": ["always", "never"]}),
            "always2",
            "expected 'always' or 'never', found 'always2'; did you mean 'always'?",
        ),
        (json!({"enum": [1, 2]}), "3", "expected 1 or 2, found 3"),
        (json!({"enum": [true]}), "false", "expected true, found false"),
        (json!({"pattern": "^a$"}), "b", "expected text matching ^a$, found 'b'"),
        (json!({"format": "date"}), "b", "expected a date (YYYY-MM-DD), found 'b'"),
        (json!({"format": "ipv4"}), "b", "expected text in the format ipv4, found 'b'"),
        (json!({"minItems": 1}), "[]", "expected at least one entry, found none"),
        (json!({"minItems": 2}), "[a]", "expected at least 2 entries, found 1"),
        (json!({"minProperties": 1}), "{}", "expected at least one entry, found none"),
        (json!({"minProperties": 3}), "{a: 1, b: 2}", "expected at least 3 entries, found 2"),
        (json!({"minimum": 3}), "2", "expected a number of at least 3, found 2"),
        (json!({"maximum": 3}), "4", "expected a number of at most 3, found 4"),
        (json!({"minLength": 3}), "ab", "expected text of at least 3 characters, found 'ab'"),
        (json!({"maxLength": 3}), "abcd", "expected text of at most 3 characters, found 'abcd'"),
        (json!({"required": ["a"]}), "{b: 1}", "the key 'a' is missing"),
        (json!({"not": {"required": ["a"]}}), "{a: 1}", "the key 'a' is not allowed here"),
        (
            json!({"not": {"required": ["a", "b"]}}),
            "{a: 1, b: 1}",
            "only one of these keys is allowed: 'a', 'b'",
        ),
        (json!({"not": {}}), "a", "this form is not allowed here"),
        (
            json!({"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}),
            "{c: 1}",
            "a key is missing: 'a' or 'b'",
        ),
        (
            json!({"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}),
            "{a: 1, b: 1}",
            "only one of these keys is allowed: 'a', 'b'",
        ),
        (json!({"oneOf": [{}, {}]}), "a", "ambiguous: several forms match"),
        (
            json!({"oneOf": [{"enum": ["on"]}, {"pattern": "^a$"}]}),
            "of",
            "expected 'on' or text matching ^a$, found 'of'; did you mean 'on'?",
        ),
        (
            json!({"oneOf": [{"enum": ["on"]}, {"enum": ["on", "off"]}]}),
            "[]",
            "expected 'on' or 'off', found a list",
        ),
    ] {
        let found = detailed(&schema, document).join(" / ");
        let tree = yaml::parse("t", document.as_bytes(), &yaml::Limits::default());
        let tree = tree.expect("YAML").expect("a document");
        let hint = check(&Schema::new(&schema), &tree).into_iter().find_map(|finding| finding.hint);
        let found = [Some(found), hint].into_iter().flatten().collect::<Vec<_>>().join("; ");
        assert!(
            found == expected || found.ends_with(&format!("; {expected}")),
            "{schema} {document}: {found}"
        );
    }
}

/// A log does not have the document's values: they may be secrets.
#[test]
fn a_public_message_has_no_value() {
    for (schema, document, expected) in [
        (json!({"enum": ["a"]}), "secret", "expected 'a', found another word"),
        (json!({"enum": ["a"]}), "42", "expected 'a', found another number"),
        (json!({"enum": ["a"]}), "4.2", "expected 'a', found another number"),
        (json!({"enum": [true]}), "false", "expected true, found the other"),
        (json!({"pattern": "^a$"}), "secret", "expected text matching ^a$, found other text"),
        (json!({"format": "date"}), "secret", "expected a date (YYYY-MM-DD), found other text"),
        (json!({"minimum": 43}), "42", "expected a number of at least 43, found a smaller one"),
        (json!({"maximum": 41}), "42", "expected a number of at most 41, found a larger one"),
        (json!({"minLength": 7}), "secret", "expected text of at least 7 characters, found a shorter one"),
        (json!({"maxLength": 5}), "secret", "expected text of at most 5 characters, found a longer one"),
        (json!({"maxItems": 1}), "[secret, 42]", "expected at most 1 entries, found 2"),
        (json!({"type": "integer"}), "secret", "expected an integer, found text"),
    ] {
        assert_eq!(public(&schema, document), [expected], "{schema} {document}");
    }
    let many: Vec<String> = (0..13).map(|number| format!("word{number}")).collect();
    assert_eq!(
        public(&json!({"enum": many}), "secret"),
        ["expected one of 13 values (see the reference), found another word"]
    );
}

#[test]
fn a_key_that_is_unknown_is_explained() {
    let schema = json!({"properties": {"path": {}, "mode": {}, "old": {"deprecated": true}}, "additionalProperties": false});
    for (document, expected) in [
        ("{path2: 1}", "path2: unknown key 'path2'; did you mean 'path'?"),
        ("{1: 1}", "1: unknown key '1'"),
        ("{path: 1, zzzzzz: 1}", "zzzzzz: unknown key 'zzzzzz'"),
    ] {
        assert_eq!(public(&schema, document), [expected], "{document}");
    }
    assert!(is_valid(&schema, "{path: 1, mode: 2}"));
    let inner = json!({"properties": {"x": schema}});
    assert_eq!(
        public(&inner, "{x: {zzzzzz: 1}}"),
        ["x.zzzzzz: unknown key 'zzzzzz'; known keys: path, mode"]
    );
    let patterns =
        json!({"properties": {"x": {"patternProperties": {"^[a-z]+$": {}}, "additionalProperties": false}}});
    assert!(is_valid(&patterns, "{x: {abc: 1}}"));
    assert_eq!(public(&patterns, "{x: {A: 1}}"), ["x.A: unknown key 'A'; keys must match ^[a-z]+$"]);
    assert_eq!(public(&patterns, "{x: {1: 1}}"), ["x.1: the key 1 must be text; use quotes for the key"]);
    let typed = json!({"additionalProperties": {"type": "integer"}});
    assert!(is_valid(&typed, "{a: 1, 2: 3}"));
    assert_eq!(public(&typed, "{a: b}"), ["a: expected an integer, found text"]);
    assert!(is_valid(&json!({"additionalProperties": true}), "{a: b}"));
}

/// `_anyOf` of the original reports the best match of jsonschema, or all errors of the form that the key `type` names.
#[test]
fn the_form_that_was_meant_is_reported() {
    let schema = json!({
        "$defs": {
            "anyOf_type_disk": {"properties": {"type": {"enum": ["disk"]}, "size": {"type": "integer"}}},
            "anyOf_type_net": {"properties": {"type": {"enum": ["net"]}, "name": {"type": "string"}}},
        },
        "anyOf": [{"$ref": "#/$defs/anyOf_type_disk"}, {"$ref": "#/$defs/anyOf_type_net"}],
    });
    assert!(is_valid(&schema, "{type: disk, size: 1}"));
    assert_eq!(
        public(&schema, "{type: disk, size: a}"),
        ["no allowed form matches", "size: expected an integer, found text"]
    );
    assert_eq!(
        public(&schema, "{type: net, name: []}"),
        ["no allowed form matches", "name: expected text, found a list"]
    );
    // Of one form for text and one for lists, the one of the value's type.
    let schema = json!({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "integer"}}]});
    assert_eq!(public(&schema, "[a]").len(), 2);
    assert!(is_valid(&schema, "a") && is_valid(&schema, "[1]"));
    // `oneOf` with a key `type`: the form of that type.
    let schema = json!({"oneOf": [
        {"properties": {"type": {"type": "string", "enum": ["a"]}}, "required": ["x"]},
        {"properties": {"type": {"type": "string", "enum": ["b"]}}, "required": ["y"]},
    ]});
    assert!(is_valid(&schema, "{type: a, x: 1}"));
    assert!(!is_valid(&schema, "{type: c, x: 1}"));
}

/// `oneOf`: only a form for the value's type was meant and, of several mappings, the one that knows most of the keys.
#[test]
fn forms_that_were_not_meant_are_not_reported() {
    let missing = |name: &str| format!("the key '{name}' is missing");
    let [text, number] = [json!({"type": "string"}), json!({"type": "integer"})];
    let one = json!({"type": "object", "properties": {"a": number, "b": {}}, "required": ["b"]});
    let other = json!({"type": "object", "properties": {"c": {}, "d": {}, "e": {}}, "required": ["c", "d"]});
    for (forms, document, expected) in [
        (json!([text, one]), "{a: x, b: 1}", vec!["a: expected an integer, found text".to_owned()]),
        (json!([one, text]), "{a: x, b: 1}", vec!["a: expected an integer, found text".to_owned()]),
        (json!([text, one]), "{a: 1}", vec![missing("b")]),
        (json!([text, one]), "[]", vec!["expected text or a mapping, found a list".to_owned()]),
        (json!([text, number]), "[]", vec!["expected text or an integer, found a list".to_owned()]),
        (json!([one, other]), "{a: 1}", vec![missing("b")]),
        (json!([one, other]), "{d: 1}", vec![missing("c")]),
        (json!([one, other]), "{a: 1, d: 1, e: 1}", vec![missing("c")]),
        (json!([one, text, other]), "{d: 1}", vec![missing("c")]),
        (json!([text, one]), "{z: 1}", vec![missing("b")]),
        (json!([one, text]), "{z: 1}", vec![missing("b")]),
        // As upstream, what is deepest in the document.
        (json!([one, other]), "{a: x, d: 1, e: 1}", vec!["a: expected an integer, found text".to_owned()]),
    ] {
        assert_eq!(public(&json!({"oneOf": forms}), document), expected, "{forms} {document}");
    }
}

/// A note does not make a document invalid, and tells the release.
#[test]
fn a_deprecation_is_no_error() {
    let schema = json!({"properties": {
        "a": {"deprecated": true, "deprecated_version": "22.2", "deprecated_description": "Use **b**."},
        "b": {"deprecated": false},
        "c": {"changed": true, "changed_version": "23.1"},
    }});
    assert_eq!(public(&schema, "{a: 1}"), ["a: Deprecated in version 22.2. Use b."]);
    assert_eq!(public(&schema, "{b: 1}"), Vec::<String>::new());
    assert_eq!(public(&schema, "{c: 1}"), ["c: Changed in version 23.1."]);
    let tree = yaml::parse("t", b"{a: 1}", &yaml::Limits::default()).expect("YAML").expect("a document");
    assert!(!check(&Schema::new(&schema), &tree)[0].is_error());
}

/// `SchemaValidationError` and `annotated_cloudconfig_file` of the original.
#[test]
fn a_text_is_annotated_as_upstream_does() {
    let text = "#cloud-config\na: 1\nb: 2";
    assert_eq!(annotated(text, &[], &[]), text);
    let errors = [(2, "one".to_owned()), (2, "two".to_owned()), (3, "three".to_owned())];
    assert_eq!(
        annotated(text, &errors, &[(3, "old".to_owned())]),
        "#cloud-config\na: 1\t\t# E1,E2\nb: 2\t\t# E3,D1\n# Errors: -------------\n# E1: one\n# E2: two\n# E3: three\n\n\n\
         # Deprecations: -------------\n# D1: old\n\n"
    );
    assert_eq!(
        annotated(text, &[], &[(2, "old".to_owned())]),
        "#cloud-config\na: 1\t\t# D1\nb: 2\n# Deprecations: -------------\n# D1: old\n\n"
    );
    assert!(!annotated(text, &[(1, "x".to_owned())], &[]).contains("Deprecations"));
}

/// The place of a finding is the value's; where that is long, empty or deprecated, its key's.
#[test]
fn a_finding_is_at_its_place() {
    let text = "top:\n  text: abc\n  list:\n  - one\n  - two\n  - {deep: x}\n  none:\n  other: &o [1]\n  again: *o\n";
    let tree =
        yaml::parse("t", text.as_bytes(), &yaml::Limits::default()).expect("YAML").expect("a document");
    for (inner, line, column, marked) in [
        (json!({"text": {"type": "integer"}}), 2, 9, 2),
        (json!({"text": {"deprecated": true}}), 2, 3, 2),
        (json!({"list": {"type": "string"}}), 3, 3, 3),
        (json!({"list": {"items": {"enum": ["one", {"deep": "x"}]}}}), 5, 5, 5),
        (json!({"list": {"items": {"enum": ["one", "two"]}}}), 6, 6, 6),
        (json!({"none": {"type": "string"}}), 7, 3, 7),
        (json!({"other": {"maxItems": 0}}), 8, 3, 8),
        (json!({"again": {"maxItems": 0}}), 9, 3, 9),
    ] {
        let schema = json!({"properties": {"top": {"properties": inner}}});
        let findings = check(&Schema::new(&schema), &tree);
        let document = Document::new("t", text, &tree);
        assert_eq!(findings.len(), 1, "{schema}");
        let start = document.locate(&findings[0]).start;
        assert_eq!((start.line, start.column), (line, column), "{schema}");
        assert_eq!(document.marked_line(&findings[0]), marked, "{schema}");
    }
    let schema = json!({"properties": {"x": {}}, "additionalProperties": false});
    let findings = check(&Schema::new(&schema), &tree);
    let document = Document::new("t", text, &tree).with_pages("/usr/share/doc");
    assert_eq!((document.locate(&findings[0]).start.line, document.marked_line(&findings[0])), (1, 1));
}
