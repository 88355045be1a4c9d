//! Templates: expressions of every kind over one set of variables, in the statements that people write.

use oracle::dice::Dice;
use serde_json::{Value, json};

/// The instance-data of every template.
pub fn instance_data() -> Value {
    json!({
        "base64_encoded_keys": [],
        "sensitive_keys": [],
        "merged_system_cfg": {"system_info": {"distro": "ubuntu"}},
        "sys_info": {"dist": ["ubuntu", "24.04", "noble"], "uname": ["Linux", "h", "6.1"]},
        "ds": {"meta-data": {"user-name": "bob", "tags": {"a-b": "c"}}, "v1.0": {"user.network-config": "n"}},
        "v1": {
            "cloud-name": "aws", "instance_id": "i-1", "instance-id": "i-1", "region": null,
            "words": ["b", "a", "C", "a"], "nums": [3, 1, 2, 2], "text": "Hello, World", "low": "a b  c",
            "html": "<a href='x'>&\"</a>", "pi": 3.25, "big": 1_234_567_890_123_i64, "neg": -7, "zero": 0,
            "yes": true, "no": false, "empty": [], "nothing": {}, "lines": "one\ntwo\n\nthree",
            "people": [{"name": "bob", "age": 30, "admin": true}, {"name": "Al", "age": 4, "admin": false},
                       {"name": "cy", "age": 30, "admin": false}],
            "map": {"b": 1, "a": 2, "C": 3}, "uni": "\u{e4}\u{20ac}", "quote": "it's \"q\"",
        },
    })
}

const BASIC_WORDS: &[&str] = &[
    "$instance_id",
    "${text}",
    "$map.a",
    "${map.b}",
    "$$zero",
    "${ text }",
    "$",
    "a $",
    "$1",
    "${}",
    "$neg.",
    "${nums}",
    "${map}",
    "${yes}$no",
    "$region",
    "${people}",
    "\\$text",
    "${text",
    "$uni",
    "$pi",
    "${nums.0}",
    "$gone",
    "${map.gone}",
    "$text.x",
    "line\n",
    "$v1.region",
    "$$$text",
];

const LOOP_BODIES: &[&str] = &[
    "{{ x }}",
    "{{ loop.index }}:{{ x }}",
    "{{ loop.first }}{{ loop.last }}",
    "{{ loop.index0 }}/{{ loop.length }}/{{ loop.revindex }}",
    "{{ x.name }}",
    "{{ loop.cycle('o', 'e') }}",
    "{{ loop.previtem }}-{{ loop.nextitem }}",
    "{{ loop.changed(x) }}",
    "{{ x }}{% if loop.last %}.{% endif %}",
    "{% if loop.index > 2 %}{% break %}{% endif %}{{ x }}",
    "{{ loop.depth }}",
];

const STATEMENTS: &[&str] = &[
    "{# a comment #}x",
    "{% raw %}{{ x }}{% endraw %}",
    "{% set l = [] %}{% do l.append(1) %}{{ l }}",
    "{% do map.get('a') %}",
    "{% set d = {} %}{% do d.update({'a': 1}) %}{{ d }}",
    "{% filter upper %}ab{{ text }}{% endfilter %}",
    "{% set b %}in{{ neg }}{% endset %}{{ b }}",
    "{% with w = 5 %}{{ w }}{% endwith %}",
    "{% call m2() %}x{% endcall %}",
    "{% macro w() %}[{{ caller() }}]{% endmacro %}{% call w() %}in{% endcall %}",
    "{% set a, b = 1, 2 %}{{ a }}{{ b }}",
    "{% include 'x' %}",
    "{% if %}x{% endif %}",
    "{% nosuch %}",
    "{{ }}",
    "{{ 1 2 }}",
    "{% for %}",
    "{% endif %}",
    "{% block n %}in a block{% endblock %}",
    "{% set l = [1] %}{% do l.extend([2, 3]) %}{{ l }}{{ l.pop() }}",
    "{% import 'x' as y %}",
    "# line {{ text }} \n  {%- if yes %} a {%- endif %} \n",
    "{% autoescape true %}{{ html }}{% endautoescape %}",
];

const MISSING: &[&str] = &[
    "{{ gone }}",
    "{{ gone.below }}",
    "{{ v1.gone }}",
    "{{ ds.meta_data.user_name }}",
    "{{ ds['meta-data']['user-name'] }}",
    "{{ ds.v1_0.user_network_config }}",
    "{{ v1.cloud-name }}",
    "{{ gone - 1 }}",
    "{{ gone + 1 }}",
    "{{ gone | upper }}",
    "{{ gone | length }}",
    "{{ gone is defined }}",
    "{{ gone == 1 }}",
    "{{ gone or 'x' }}",
    "{% for x in gone %}{{ x }}{% endfor %}",
    "{{ gone | default('d') }}",
    "{{ gone.a | default('d') }}",
    "{{ gone() }}",
    "{{ gone ~ 'x' }}",
    "{{ 'x' in gone }}",
    "{{ gone | list }}",
    "{{ [gone] }}",
    "{{ gone | int }}",
    "{{ gone | join }}",
    "{{ region.x }}",
    "{{ text.nope }}",
    "{{ text.nope() }}",
    "{{ nums.9 }}",
    "{{ nums[9] }}",
    "{{ map['zz'] }}",
    "{{ ''.__class__ }}",
    "{{ ''.__class__.__mro__ }}",
    "{{ text.format.__globals__ }}",
    "{{ map.__class__.__name__ }}",
    "{{ self }}",
    "{{ range(3) }}",
    "{{ dict(a=1) }}",
    "{{ lipsum }}",
    "{{ cycler('a','b').next() }}",
    "{% set j = joiner(',') %}{{ j() }}a{{ j() }}b",
    "{{ range(99999999) | length }}",
    "{{ sys_info.dist[0] }}",
    "{{ merged_system_cfg.system_info.distro }}",
    "{{ local_hostname }}",
    "{{ cloud_name }}",
    "{{ v1['cloud-name'] }}",
    "{{ -gone }}",
    "{{ gone[0] }}",
    "{{ not gone }}",
    "{{ gone | tojson }}",
    "{{ gone is none }}",
    "{{ gone is string }}",
    "{{ gone | string }}",
    "{{ gone if gone else 'e' }}",
    "{{ 'a' if gone }}",
    "{{ ('a' if no) }}x",
    "{{ gone < 1 }}",
    "{{ gone | first }}",
    "{{ gone | sort }}",
    "{{ gone * 2 }}",
    "{{ v1.gone.deeper }}",
    "{{ gone | replace('a', 'b') }}",
    "{{ empty | first }}",
    "{{ empty | last }}",
    "{{ empty | max }}",
];

const INTS: &[&str] =
    &["1", "2", "0", "-3", "neg", "zero", "big", "7", "1_000", "0x1f", "nums[0]", "map.b", "people[0].age"];

const TEXTS: &[&str] = &[
    "text",
    "'a'",
    "\"it's\"",
    "''",
    "low",
    "html",
    "uni",
    "instance_id",
    "'x' 'y'",
    "'tab\\t\\n'",
    "quote",
    "lines",
    "people[1].name",
    "v1.text",
    "'ab' * 3",
];

const TEXT_FILTERS: &[&str] = &[
    "upper",
    "lower",
    "title",
    "capitalize",
    "trim",
    "string",
    "escape",
    "e",
    "urlencode",
    "striptags",
    "safe",
    "forceescape",
    "reverse",
    "tojson",
    "replace('a', 'b')",
    "replace('l', 'L', 1)",
    "truncate(8)",
    "truncate(5, true)",
    "truncate(6, True, '..')",
    "center(20)",
    "indent",
    "indent(2, true)",
    "indent(width=3, first=True)",
    "wordwrap(5)",
    "default('x')",
    "default('x', true)",
    "d('y')",
    "length",
    "first",
    "last",
    "list",
    "list | join('-')",
    "pprint",
    "format('a')",
    "xmlattr",
    "urlize",
    "trim('H')",
    "batch(2) | list",
    "random | length",
    "unique | list",
    "sort | join",
    "truncate(length=7, end='!')",
];

const TEXT_METHODS: &[&str] = &[
    "upper()",
    "lower()",
    "strip()",
    "split()",
    "split(',')",
    "split(' ', 1)",
    "replace('l', 'L')",
    "startswith('H')",
    "endswith('d')",
    "title()",
    "capitalize()",
    "splitlines()",
    "lstrip('H')",
    "rstrip('d')",
    "zfill(6)",
    "ljust(8)",
    "rjust(8, '.')",
    "center(9)",
    "isdigit()",
    "isalpha()",
    "join(words)",
    "swapcase()",
    "partition(',')",
    "encode()",
    "format()",
    "index('o')",
    "rsplit(',', 1)",
    "isupper()",
    "casefold()",
    "islower()",
    "isspace()",
    "removeprefix('He')",
    "removesuffix('ld')",
    "expandtabs(4)",
    "rpartition(' ')",
    "startswith(('H', 'a'))",
    "isalnum()",
];

const PERCENTS: &[&str] = &[
    "%d", "%s", "%5d|", "%-5d|", "%05d", "%x", "%X", "%o", "%.2f", "%e", "%r", "%+d", "%%%d", "%c", "%5.1f",
    "%g", "%i",
];

const FORMATS: &[&str] = &[
    "{} {}",
    "{0}{1}{0}",
    "{:>8}|{}",
    "{:05d} {}",
    "{!r} {}",
    "{0:x}",
    "{a}",
    "{:,} {}",
    "{0.__class__}",
    "{{}} {}",
    "{:.2f}",
    "{:^9}|",
    "{:+d}",
    "{0[0]}",
    "{:b}",
];

const WORD_FILTERS: &[&str] = &[
    "sort",
    "sort(reverse=true)",
    "sort(case_sensitive=true)",
    "unique | list",
    "reverse | list",
    "list",
    "map('upper') | list",
    "select('equalto', 'a') | list",
    "reject('equalto', 'a') | list",
    "select | list",
    "map('replace', 'a', 'z') | list",
    "unique(true) | list",
    "reject('in', ['a']) | list",
];

const PEOPLE_FILTERS: &[&str] = &[
    "sort(attribute='name')",
    "sort(attribute='age,name')",
    "map(attribute='name') | list",
    "selectattr('admin') | list",
    "rejectattr('admin') | list",
    "selectattr('age', '>', 5) | list",
    "selectattr('age', 'equalto', 30) | map(attribute='name') | list",
    "groupby('age') | list",
    "groupby('admin') | map('first') | list",
    "map(attribute='x', default='-') | list",
    "rejectattr('name', 'in', ['bob']) | list",
    "selectattr('name', 'defined') | list | length",
    "groupby('x', default=1) | list",
    "unique(attribute='age') | list",
    "max(attribute='age')",
    "min(attribute='name')",
    "sort(attribute='age', reverse=true) | map(attribute='name') | list",
];

const TESTS: &[&str] = &[
    "string",
    "number",
    "mapping",
    "sequence",
    "iterable",
    "none",
    "defined",
    "undefined",
    "boolean",
    "true",
    "false",
    "integer",
    "float",
    "callable",
    "lower",
    "upper",
    "sameas none",
    "escaped",
    "odd",
    "even",
    "divisibleby 2",
    "divisibleby(3)",
    "eq 1",
    "in [1, 'a']",
    "ge(2)",
    "filter",
    "test",
];

#[derive(Clone, Copy)]
enum Kind {
    Int,
    Float,
    Text,
    List,
    Numbers,
    Map,
    Bool,
}

/// A template with its first line.
pub fn template(seed: u64, case: u64) -> String {
    let mut dice = Dice::new(seed, case);
    let dice = &mut dice;
    let mut out = "## template: jinja\n".to_owned();
    for _ in 0..=dice.below(3) {
        out.push_str(&statement(dice, 2));
        out.push_str(dice.one(&["\n", "\n", " | ", ""]));
    }
    out
}

/// A template of the basic form.
pub fn basic(seed: u64, case: u64) -> String {
    let mut dice = Dice::new(seed, case);
    let head = dice.one(&["## template: basic\n", "##template:BASIC\n", "", "", "## template:mako\n"]);
    let words: Vec<&str> = (0..=dice.below(4)).map(|_| dice.one(BASIC_WORDS)).collect();
    format!("{head}{}", words.join(dice.one(&[" ", "\n", ""])))
}

fn statement(dice: &mut Dice, depth: u64) -> String {
    let open = |dice: &mut Dice| dice.one(&["{%", "{%", "{%", "{%-", "{%+"]);
    let close = |dice: &mut Dice| dice.one(&["%}", "%}", "%}", "-%}"]);
    let (o, c, o2, c2) = (open(dice), close(dice), open(dice), close(dice));
    if depth == 0 {
        return print(dice);
    }
    match dice.below(13) {
        0..4 => print(dice),
        4 => {
            let (test, then, other) = (any(dice, 2), statement(dice, depth - 1), statement(dice, depth - 1));
            match dice.below(3) {
                0 => format!("{o} if {test} {c}{then}{o2} endif {c2}"),
                1 => format!("{o} if {test} {c}\n{then}\n{o2} else {c2}\n{other}\n{{% endif %}}\n"),
                _ => format!("{o} if {test} {c}{then}{o2} elif {} {c2}{other}{{% endif %}}", any(dice, 1)),
            }
        }
        5 | 6 => {
            let list = match dice.below(4) {
                0 => expression(dice, Kind::Numbers, 2),
                1 => "people".into(),
                2 => format!("range({})", dice.below(4)),
                _ => expression(dice, Kind::List, 2),
            };
            let body = dice.one(LOOP_BODIES);
            let filter = dice.one(&["", "", "", " if x", " if loop.index > 1", " if x is not none"]);
            let other = dice.one(&["", "", "{% else %}none"]);
            format!("{o} for x in {list}{filter} {c}{body}{other}{o2} endfor {c2}")
        }
        7 => {
            let (name, value) = (dice.one(&["k, v", "k,v", "(k, v)"]), expression(dice, Kind::Map, 1));
            format!("{o} for {name} in {value}.items() {c}{{{{ k }}}}={{{{ v }}}};{o2} endfor {c2}")
        }
        8 => format!("{o} set q = {} {c}{{{{ q }}}}", any(dice, 2)),
        9 => format!(
            "{o} set ns = namespace(n=0) {c}{{% for x in nums %}}{{% set ns.n = ns.n + x %}}{{% endfor %}}{{{{ ns.n }}}}"
        ),
        10 => {
            let body = statement(dice, depth - 1);
            let call = dice.one(&["m(1)", "m(1, 2)", "m(a=3)", "m(b='x', a='y')", "m()", "m(1,2,3)"]);
            format!(
                "{o} macro m(a, b='d') {c}<{{{{ a }}}}-{{{{ b }}}}>{body}{o2} endmacro {c2}{{{{ {call} }}}}"
            )
        }
        11 => dice.one(STATEMENTS).to_owned(),
        _ => dice.one(MISSING).to_owned(),
    }
}

fn print(dice: &mut Dice) -> String {
    let inner = any(dice, 3);
    match dice.below(8) {
        0 => format!("{{{{- {inner} -}}}}"),
        _ => format!("{{{{ {inner} }}}}"),
    }
}

fn any(dice: &mut Dice, depth: u64) -> String {
    let kind = dice.one(&[
        Kind::Int,
        Kind::Float,
        Kind::Text,
        Kind::Text,
        Kind::List,
        Kind::Numbers,
        Kind::Map,
        Kind::Bool,
    ]);
    expression(dice, kind, depth)
}

fn expression(dice: &mut Dice, kind: Kind, depth: u64) -> String {
    match kind {
        Kind::Int => int(dice, depth),
        Kind::Float => float(dice, depth),
        Kind::Text => text(dice, depth),
        Kind::List => list(dice, depth),
        Kind::Numbers => numbers(dice, depth),
        Kind::Map => map(dice, depth),
        Kind::Bool => boolean(dice, depth),
    }
}

fn int(dice: &mut Dice, depth: u64) -> String {
    if depth == 0 {
        return dice.one(INTS).to_owned();
    }
    let d = depth - 1;
    match dice.below(16) {
        0..4 => {
            let (a, operator, b) = (int(dice, d), dice.one(&["+", "-", "*", "//", "%", "**"]), int(dice, 0));
            // A power of powers would be a number of many pages.
            if operator == "**" {
                format!("(2 ** {})", dice.below(9))
            } else {
                format!("({a} {operator} {b})")
            }
        }
        4 => format!("{} | length", text(dice, d)),
        5 => format!("{} | count", list(dice, d)),
        6 => format!("{} | sum", numbers(dice, d)),
        7 => format!("{} | {}", numbers(dice, d), dice.one(&["min", "max", "first", "last"])),
        8 => format!("({}) | abs", int(dice, d)),
        9 => format!(
            "({}) | int",
            dice.one(&["'12'", "'x'", "3.9", "-3.9", "'0x1f', 16", "'12.7'", "none", "yes", "' 5 '"])
        ),
        10 => format!(
            "({}) | int({})",
            dice.one(&["'x'", "'ff'", "'077'"]),
            dice.one(&["9", "0, 16", "0, 8", "default=5", "base=16"])
        ),
        11 => format!("{}.count({})", dice.one(&["'banana'", "words", "nums"]), dice.one(&["'a'", "2"])),
        12 => format!(
            "{}.{}({})",
            dice.one(&["'banana'", "text"]),
            dice.one(&["find", "index", "rfind"]),
            dice.one(&["'a'", "'l'", "'zz'"])
        ),
        13 => "people | sum(attribute='age')".to_owned(),
        14 => format!("{} | wordcount", text(dice, d)),
        _ => int(dice, 0),
    }
}

fn float(dice: &mut Dice, depth: u64) -> String {
    if depth == 0 {
        return dice.one(&["1.5", "pi", "0.1", "2.0", "1e3", "1.25e-7", "1e22", "-0.5", "100.0"]).to_owned();
    }
    let d = depth - 1;
    match dice.below(9) {
        0..3 => {
            let (a, operator, b) = (
                float(dice, d),
                dice.one(&["+", "-", "*", "/", "//", "%"]),
                dice.one(&["2", "0.3", "pi", "-4", "0"]),
            );
            format!("({a} {operator} {b})")
        }
        3 => format!("({}) / {}", int(dice, d), dice.one(&["2", "3", "4", "0"])),
        4 => format!("({}) | round", float(dice, d)),
        5 => format!(
            "({}) | round({}{})",
            float(dice, d),
            dice.below(4),
            dice.one(&["", ", 'floor'", ", 'ceil'", ", method='common'"])
        ),
        6 => format!("({}) | float", dice.one(&["'1.5'", "'x'", "3", "'nan'", "'1e5'", "none", "'-inf'"])),
        7 => "('x' | float(2.5))".to_owned(),
        _ => float(dice, 0),
    }
}

fn text(dice: &mut Dice, depth: u64) -> String {
    if depth == 0 {
        return dice.one(TEXTS).to_owned();
    }
    let d = depth - 1;
    match dice.below(22) {
        0 => format!("{} ~ {}", text(dice, d), any(dice, d)),
        1 => format!("({} + {})", text(dice, d), text(dice, 0)),
        2..5 => {
            let filter = dice.one(TEXT_FILTERS);
            format!("({}) | {filter}", text(dice, d))
        }
        5 => format!("({}).{}", text(dice, d), dice.one(TEXT_METHODS)),
        6 => format!(
            "({}){}",
            text(dice, d),
            dice.one(&["[0]", "[1:3]", "[::-1]", "[-2:]", "[:2]", "[99]", "[1:99]", "[::2]"])
        ),
        7 => format!("'{}' % ({})", dice.one(PERCENTS), int(dice, 0)),
        8 => format!(
            "'{}' % ({}, {})",
            dice.one(&["%s-%s", "%d %s", "%s", "%s %s %s", "%(a)s", "%*d"]),
            int(dice, 0),
            text(dice, 0)
        ),
        9 => format!(
            "'{}' | format({}, {})",
            dice.one(&["%s=%s", "%s", "%d:%s", "%s %s %s"]),
            int(dice, 0),
            text(dice, 0)
        ),
        10 => format!("'%(a)s %(b)d' {}", dice.one(&["% {'a': 1, 'b': 2}", "| format(a='x', b=3)"])),
        11 => format!("'{}'.format({}, {})", dice.one(FORMATS), int(dice, 0), text(dice, 0)),
        12 => format!("{} | join({})", list(dice, d), dice.one(&["", "', '", "'-'", "''"])),
        13 => {
            format!("people | map(attribute='{}') | join(',')", dice.one(&["name", "age", "gone", "admin"]))
        }
        14 => format!("({} if {} else {})", text(dice, d), boolean(dice, d), text(dice, d)),
        15 => format!("{} | tojson", any(dice, d)),
        16 => format!("{} | string", any(dice, d)),
        17 => format!("{} | tojson(indent=2)", map(dice, d)),
        18 => format!(
            "{} | filesizeformat{}",
            dice.one(&["big", "1", "1500", "0", "999999", "1000000"]),
            dice.one(&["", "(true)"])
        ),
        19 => format!("{} | pprint", any(dice, d)),
        _ => text(dice, 0),
    }
}

fn list(dice: &mut Dice, depth: u64) -> String {
    if depth == 0 {
        return dice
            .one(&[
                "words",
                "empty",
                "['x', 'y']",
                "[]",
                "people",
                "('a', 'b')",
                "[1, 'a', none]",
                "sys_info.dist",
                "[[1], [2]]",
                "map | list",
            ])
            .to_owned();
    }
    let d = depth - 1;
    match dice.below(15) {
        0 => format!("words | {}", dice.one(WORD_FILTERS)),
        1 => format!("people | {}", dice.one(PEOPLE_FILTERS)),
        2 => format!(
            "{} | {}",
            list(dice, d),
            dice.one(&[
                "list",
                "batch(2) | list",
                "batch(2, 'f') | list",
                "slice(2) | list",
                "first",
                "last",
                "length",
                "reverse | list",
                "map('string') | list"
            ])
        ),
        3 => format!("{} + {}", list(dice, d), list(dice, 0)),
        4 => format!("({}){}", list(dice, d), dice.one(&["[0]", "[1:]", "[::-1]", "[-1]", "[:1]", "[5]"])),
        5 => format!("[{}, {}]", any(dice, d), any(dice, d)),
        6 => format!("({}, {})", any(dice, d), any(dice, d)),
        7 => format!("{} | dictsort", map(dice, d)),
        8 => format!("{} | items | list", map(dice, d)),
        9 => format!(
            "{}.{}",
            map(dice, d),
            dice.one(&[
                "keys() | list",
                "values() | list",
                "items() | list",
                "keys()",
                "items()",
                "values()"
            ])
        ),
        10 => format!("{}.split()", text(dice, 0)),
        11 => format!(
            "map | dictsort{}",
            dice.one(&["(true)", "(by='value')", "(reverse=true)", "(false, 'value')", ""])
        ),
        12 => format!("{} * 2", list(dice, 0)),
        _ => list(dice, 0),
    }
}

fn numbers(dice: &mut Dice, depth: u64) -> String {
    if depth == 0 {
        return dice.one(&["nums", "[1, 2]", "[3, 1.5]", "range(3)", "[5]", "range(1, 9, 3)"]).to_owned();
    }
    match dice.below(6) {
        0 => format!("{} | sort", numbers(dice, depth - 1)),
        1 => format!(
            "{} | select({}) | list",
            numbers(dice, 0),
            dice.one(&["'odd'", "'even'", "'number'", "'divisibleby', 2", "'gt', 1", "'>', 1"])
        ),
        2 => format!("{} | reject('gt', 1) | list", numbers(dice, 0)),
        3 => format!("{} | map('int') | list", numbers(dice, depth - 1)),
        4 => format!("({})[{}]", numbers(dice, 0), dice.one(&["1:", ":1", "::2"])),
        _ => numbers(dice, 0),
    }
}

fn map(dice: &mut Dice, depth: u64) -> String {
    if depth == 0 {
        return dice
            .one(&["map", "nothing", "{'a': 1}", "{}", "people[0]", "ds['meta-data']", "dict(b=1)"])
            .to_owned();
    }
    match dice.below(3) {
        0 => format!("{{'k': {}, {}: 2}}", any(dice, depth - 1), dice.one(&["1", "'b'", "true", "none"])),
        1 => format!("dict({}, z=1)", map(dice, 0)),
        _ => map(dice, 0),
    }
}

fn boolean(dice: &mut Dice, depth: u64) -> String {
    if depth == 0 {
        return dice.one(&["yes", "no", "true", "False", "none", "True"]).to_owned();
    }
    let d = depth - 1;
    match dice.below(9) {
        0 => format!("({} {} {})", int(dice, d), dice.one(&["<", ">", "==", "!=", "<=", ">="]), int(dice, d)),
        1 => format!("{} {} {}", text(dice, 0), dice.one(&["==", "<", "in", "not in", "!="]), text(dice, 0)),
        2 => format!("({} {} {})", boolean(dice, d), dice.one(&["and", "or"]), any(dice, d)),
        3 => format!("not ({})", any(dice, d)),
        4 => format!("({}) is {}{}", any(dice, d), dice.one(&["", "", "not "]), dice.one(TESTS)),
        5 => format!(
            "{} in {}",
            dice.one(&["'a'", "1", "none", "'bob'"]),
            dice.one(&["words", "nums", "map", "text", "people", "[none]"])
        ),
        6 => format!(
            "{} {} {} {} {}",
            int(dice, 0),
            dice.one(&["<", "<="]),
            int(dice, 0),
            dice.one(&["<", "=="]),
            int(dice, 0)
        ),
        7 => format!(
            "{} | {}",
            dice.one(&["[1, 0]", "words", "empty"]),
            dice.one(&["length > 1", "first == 1", "list == []"])
        ),
        _ => boolean(dice, 0),
    }
}
