//! Templates: jinja with upstream's settings, and upstream's basic `$x` format.
//!
//! An undefined name prints `CI_MISSING_JINJA_VAR/name`, blocks remove the newline after them, values print like
//! Python's `str()` (`True`, `None`, `{'a': 1}`), and `do` is a statement.
//!
//! A template is a program: it may need all memory, all time, or a stack without end. Every template is therefore
//! rendered in a [`Sandbox`]. Those of the image are no exception: modules also pass texts from user-data through the
//! same door, and a process costs less than a millisecond.

mod basic;
mod filters;
mod format;
mod missing;
mod python;
mod text;

use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior};
use model::Order as _;
use model::effects::{Bounds, Sandbox};
use model::module::{TemplateError, Templates};
use model::{Paths, System};

use crate::userdata;

/// The replacement of an undefined name.
pub const MISSING: &str = "CI_MISSING_JINJA_VAR/";

/// The maximum number of steps of a template: nested ranges must not block the boot.
const FUEL: u64 = 20_000_000;

/// What a template may use.
const BOUNDS: Bounds =
    Bounds { memory: 32 << 20, time: std::time::Duration::from_secs(10), output: userdata::MAX_DOCUMENT };

/// The template engine according to the first line, and the text after it.
fn detect(text: &str) -> (Engine, &str) {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let kind = first.strip_prefix("##").and_then(|head| {
        let head = head.trim_start();
        let word = head.get(.."template:".len()).filter(|word| word.eq_ignore_ascii_case("template:"))?;
        Some(head[word.len()..].trim().to_ascii_lowercase())
    });
    match kind.as_deref() {
        None => (Engine::Basic, text),
        Some("jinja") => (Engine::Jinja, rest),
        Some("basic") => (Engine::Basic, rest),
        Some(other) => (Engine::Unknown(other.to_owned()), rest),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Engine {
    Jinja,
    Basic,
    Unknown(String),
}

/// Whether the first line selects jinja.
pub fn is_jinja(text: &str) -> bool {
    detect(text).0 == Engine::Jinja
}

/// Renders a text according to its first line, in this process: for templates that are known to be harmless.
pub fn render(name: &str, text: &str, variables: &serde_json::Value) -> Result<String, TemplateError> {
    let broken = |line: usize, reason: String| TemplateError { name: name.to_owned(), line, reason };
    match detect(text) {
        (Engine::Jinja, rest) => jinja(name, rest, variables),
        (Engine::Basic, rest) => {
            basic::render(rest, variables).map_err(|(line, reason)| broken(line, reason))
        }
        (Engine::Unknown(kind), _) => {
            Err(broken(1, format!("unknown template engine '{kind}'; expected jinja or basic")))
        }
    }
}

/// The first byte of a rendered text, and of an error with its line.
const RENDERED: u8 = b'r';
const FAILED: u8 = b'f';

/// Renders in a sandbox.
fn confined(
    sandbox: &dyn Sandbox,
    name: &str,
    work: &dyn Fn() -> Result<String, TemplateError>,
) -> Result<String, TemplateError> {
    let broken = |line: usize, reason: String| TemplateError { name: name.to_owned(), line, reason };
    let answer = sandbox.run(&BOUNDS, &|| match work() {
        Ok(text) => {
            let mut bytes = text.into_bytes();
            bytes.push(RENDERED);
            bytes
        }
        Err(error) => [error.reason.as_bytes(), &(error.line as u64).to_le_bytes(), &[FAILED]].concat(),
    });
    let mut bytes = answer.map_err(|error| broken(0, format!("the template {error}")))?;
    let lost = || broken(0, "the template did not finish: its result is incomplete".to_owned());
    match bytes.pop() {
        Some(RENDERED) => String::from_utf8(bytes).map_err(|_| lost()),
        Some(FAILED) => {
            let (reason, line) = bytes.split_last_chunk::<8>().ok_or_else(lost)?;
            let line = usize::try_from(u64::from_le_bytes(*line)).unwrap_or(0);
            Err(broken(line, String::from_utf8_lossy(reason).into_owned()))
        }
        _ => Err(lost()),
    }
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Lenient);
    if let Ok(syntax) = minijinja::syntax::SyntaxConfig::builder().trim_blocks(true).build() {
        environment.set_syntax(syntax);
    }
    environment.set_formatter(|out, state, value| {
        // Each missing name is an object: the only undefined value is the missing branch of an inline `if`.
        if value.is_undefined() {
            return Ok(());
        }
        if *state.auto_escape() == AutoEscape::None || value.is_safe() {
            return python::write(out, value).map_err(|_| python::unprintable());
        }
        out.write_str(&filters::escaped(value)?).map_err(minijinja::Error::from)
    });
    missing::install(&mut environment);
    filters::install(&mut environment);
    environment.set_fuel(Some(FUEL));
    // A user's template must not block the boot.
    environment.set_recursion_limit(100);
    environment
}

fn jinja(name: &str, text: &str, variables: &serde_json::Value) -> Result<String, TemplateError> {
    let environment = environment();
    let failed = |error: &minijinja::Error| {
        // The first line was removed.
        let line = error.line().unwrap_or(0) + 1;
        let reason = match (error.kind(), error.detail()) {
            (ErrorKind::OutOfFuel, _) => {
                format!("the template takes too many steps (limit {} million)", FUEL / 1_000_000)
            }
            (kind, Some(detail)) => format!("{kind}: {detail}"),
            (kind, None) => kind.to_string(),
        };
        TemplateError { name: name.to_owned(), line, reason }
    };
    let template = environment.template_from_str(text).map_err(|error| failed(&error))?;
    let undeclared = template.undeclared_variables(false);
    let context = missing::context(variables, undeclared);
    let mut rendered = template.render(context).map_err(|error| match error.kind() {
        ErrorKind::UndefinedError => {
            let mut shown = failed(&error);
            shown.reason = format!("undefined variable: {}", shown.reason);
            shown
        }
        _ => failed(&error),
    })?;
    if text.ends_with('\n') {
        rendered.push('\n');
    }
    Ok(rendered)
}

/// Renders a user's template with instance data as variables: the keys of `v1` are also at the top level, and keys with
/// operators have an alias with `_`.
pub fn render_instance_template(
    sandbox: &dyn Sandbox,
    name: &str,
    text: &str,
    instance_data: &serde_json::Value,
) -> Result<String, TemplateError> {
    let rendered = confined(sandbox, name, &|| render(name, text, &variables(instance_data)))?;
    if let Some(warning) = missing_names(name, &rendered) {
        tracing::warn!("{warning}");
    }
    Ok(rendered)
}

/// The warning for a rendered text with undefined variables.
pub fn missing_names(name: &str, rendered: &str) -> Option<String> {
    let words = rendered.split_whitespace().filter_map(|word| word.split_once(MISSING));
    let names: Vec<String> = words.map(|(_, name)| format!("'{name}'")).collect();
    let shown =
        || format!("Could not render jinja template variables in file '{name}': {}", names.join(", "));
    (!names.is_empty()).then(shown)
}

/// The instance data as template variables.
pub fn variables(instance_data: &serde_json::Value) -> serde_json::Value {
    let encoded: Vec<String> = instance_data
        // Like upstream, only the old name of the key is used: with the new one, values stay encoded.
        .get("base64-encoded-keys")
        .and_then(serde_json::Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|path| path.as_str().map(|path| path.replace('-', "_")))
        .collect();
    match instance_data {
        serde_json::Value::Object(map) => serde_json::Value::Object(converted(map, "", &encoded)),
        other => other.clone(),
    }
}

type Object = serde_json::Map<String, serde_json::Value>;

fn converted(map: &Object, prefix: &str, encoded: &[String]) -> Object {
    use base64::Engine as _;
    let mut result = Object::new();
    let mut keys: Vec<&String> = map.keys().collect();
    keys.order();
    for key in keys {
        let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}/{key}") };
        let value = &map[key];
        let decoded = value.as_str().filter(|_| encoded.contains(&path)).and_then(|text| {
            let bytes = base64::engine::general_purpose::STANDARD.decode(text).ok()?;
            String::from_utf8(bytes).ok()
        });
        let value = match (value, decoded) {
            (_, Some(text)) => text.into(),
            (serde_json::Value::Object(inner), None) => {
                let inner = converted(inner, &path, encoded);
                let versioned = key
                    .strip_prefix('v')
                    .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()));
                if versioned {
                    result.extend(inner.clone());
                }
                serde_json::Value::Object(inner)
            }
            (other, None) => other.clone(),
        };
        let alias = alias(key).map(|alias| (alias, value.clone()));
        result.insert(key.clone(), value);
        result.extend(alias);
    }
    result
}

/// The key with jinja's operators replaced by `_`; `None` if it has none.
pub fn alias(key: &str) -> Option<String> {
    // Longer operators of jinja's lexer count as one.
    let mut out = key.to_owned();
    for operator in ["//", "**", "==", "!=", ">=", "<="] {
        out = out.replace(operator, "_");
    }
    let out: String = out
        .chars()
        .map(|letter| if "+-/*%~[](){}><=.:|,;".contains(letter) { '_' } else { letter })
        .collect();
    (out != key).then_some(out)
}

/// The templates of an image, or the built-in ones.
pub struct ShippedTemplates<'a> {
    /// Effects.
    pub system: &'a System,
    /// The template directory of the image.
    pub paths: &'a Paths,
    /// The built-in templates.
    pub carried: &'static [(&'static str, &'static str)],
}

impl Templates for ShippedTemplates<'_> {
    fn render(&self, name: &str, text: &str, variables: &serde_json::Value) -> Result<String, TemplateError> {
        confined(self.system.sandbox.as_ref(), name, &|| render(name, text, variables))
    }

    fn shipped(&self, name: &str) -> Option<String> {
        let file = self.paths.templates_dir.join(format!("{name}.tmpl"));
        self.system.files.text(&file).or_else(|| {
            let (_, text) = self.carried.iter().find(|(carried, _)| *carried == name)?;
            Some((*text).to_owned())
        })
    }
}

/// Renders a format, for `query --format`: jinja without a first line that selects it.
pub fn render_format(
    sandbox: &dyn Sandbox,
    format: &str,
    instance_data: &serde_json::Value,
) -> Result<String, TemplateError> {
    let name = "query --format";
    let mut rendered = confined(sandbox, name, &|| jinja(name, format, &variables(instance_data)))?;
    if rendered.ends_with('\n') && !format.ends_with('\n') {
        rendered.pop();
    }
    Ok(rendered)
}

/// A value in the format of Python's `str()`.
pub fn python_text(value: &serde_json::Value) -> String {
    let mut out = String::new();
    let _ = python::write(&mut out, &missing::wrap(value));
    out
}

/// A text in the format of Python's `repr()`.
pub fn python_repr(text: &str) -> String {
    let mut out = String::new();
    let _ = python::quoted(&mut out, text);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(text: &str, variables: serde_json::Value, expected: &str) {
        assert_eq!(render("t", text, &variables).expect("renders"), expected);
    }

    #[test]
    fn values_print_as_python_does() {
        // Expectations: the output of jinja2 3.1.
        let vars = json!({"a": true, "n": null, "d": {"k": [1, "x"]}, "f": 1.0, "s": "it's"});
        check(
            "## template: jinja\n{{ a }} {{ n }} {{ d }} {{ f }} {{ [s] }}\n",
            vars,
            "True None {'k': [1, 'x']} 1.0 [\"it's\"]\n",
        );
    }

    #[test]
    fn what_is_no_number_is_zero_or_the_default() {
        // Expectations: the output of jinja2 3.1.
        check(
            "## template: jinja\n{{ [1] | int }} {{ d | int(7) }} {{ 'x' | int }} {{ ('0x1f', 16) | int }} {{ '1f' | int(base=16) }}",
            json!({"d": {}}),
            "0 7 0 0 31",
        );
    }

    #[test]
    fn numbers_are_written_as_python_writes_them() {
        // Expectations: the output of Python and jinja2 3.1.
        for (expression, expected) in [
            ("'%g %g %g' | format(123456, 1234567, 999999.5)", "123456 1.23457e+06 1e+06"),
            ("'%g %g %.3g' | format(0.0001, 0.00001234, 99.96)", "0.0001 1.234e-05 100"),
            ("999 | filesizeformat", "999 Bytes"),
            ("1000 | filesizeformat", "1.0 kB"),
            ("1000000 | filesizeformat", "1.0 MB"),
            ("1024 | filesizeformat(true)", "1.0 KiB"),
            ("'a\nb\r\nc\rd'.splitlines()", "['a', 'b', 'c', 'd']"),
        ] {
            check(&format!("## template: jinja\n{{{{ {expression} }}}}"), json!({}), expected);
        }
    }

    #[test]
    fn numbers_are_read_as_python_reads_them() {
        // Expectations: the output of jinja2 3.1.
        check(
            "## template: jinja\n{{ ' 5 ' | int }} {{ '1_000' | int }} {{ '_1' | int }} {{ ' 1.5\t' | float }} {{ 'x' | float }} {{ 'x' | float(2.5) }}",
            json!({}),
            "5 1000 0 1.5 0.0 2.5",
        );
    }

    #[test]
    fn only_names_are_tests_and_filters() {
        // Expectations: the output of jinja2 3.1.
        check(
            "## template: jinja\n{{ 5 is test }} {{ 'odd' is test }} {{ 'map' is filter }} {{ none is filter }}",
            json!({}),
            "False True True False",
        );
    }

    #[test]
    fn a_missing_attribute_has_the_default_of_map() {
        // Expectation: the output of jinja2 3.1.
        check(
            "## template: jinja\n{{ l | map(attribute='x', default='-') | join }} {{ l | map(attribute='y') | join }} {{ ['a'] | map('upper') | join }}",
            json!({"l": [{"y": 1}, {"x": "a", "y": 2}]}),
            "-a 12 A",
        );
    }

    #[test]
    fn what_a_format_does_not_find_is_missing() {
        // Expectations: upstream's render_jinja_payload, whose sandbox answers no private names.
        check(
            "## template: jinja\n{{ '{0[0]} {0.__class__} {1.k}'.format(7, d) }}",
            json!({"d": {"k": "v"}}),
            "CI_MISSING_JINJA_VAR/0 CI_MISSING_JINJA_VAR/__class__ v",
        );
    }

    #[test]
    fn a_random_item_is_one_of_them() {
        let render = |text: &str| render("t", text, &json!({"l": ["a", "b", "c"]})).expect("renders");
        let drawn: std::collections::BTreeSet<String> =
            (0..200).map(|_| render("## template: jinja\n{{ l | random }}")).collect();
        assert_eq!(drawn.into_iter().collect::<String>(), "abc");
        assert_eq!(render("## template: jinja\n{{ 'xx' | random }}{{ [] | random is undefined }}"), "xTrue");
    }

    #[test]
    fn a_block_that_escapes_does() {
        check(
            "## template: jinja\n{% autoescape true %}{{ h }}{{ h | safe }}{% endautoescape %}{{ h }}",
            json!({"h": "<'&'>"}),
            "&lt;&#39;&amp;&#39;&gt;<'&'><'&'>",
        );
    }

    #[test]
    fn what_is_missing_is_named() {
        check(
            "## template:jinja\n{{ nope }} {{ v1.gone }}",
            json!({"v1": {}}),
            "CI_MISSING_JINJA_VAR/nope CI_MISSING_JINJA_VAR/gone",
        );
        check(
            "##template: jinja\n{% if nope is defined %}a{% else %}b{% endif %}{{ nope | default('c') }}",
            json!({}),
            "bc",
        );
        check("## template: jinja\n{% if v1.gone %}a{% else %}b{% endif %}", json!({"v1": {}}), "b");
        assert!(render("t", "## template: jinja\n{{ nope.deeper }}", &json!({})).is_err());
    }

    #[test]
    fn a_key_that_is_not_there_is_not_in_a_mapping() {
        let vars = json!({"m": {"a": 1}});
        check(
            "## template: jinja\n{{ 'b' in m }} {{ 'a' in m }} {{ m['a'] }} {{ m.b }}",
            vars,
            "False True 1 CI_MISSING_JINJA_VAR/b",
        );
    }

    #[test]
    fn a_template_cannot_take_all_time_or_memory() {
        for text in [
            "{{ 'xxxxxxxxxx' * 2000000000 }}",
            "{% for a in range(100000) %}{% for b in range(100000) %}x{% endfor %}{% endfor %}",
            "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
            "{{ '%999999999d' | format(1) | length }}{{ range(99999999) | list }}",
            "{{ 'x'.ljust(999999999).ljust(999999999) | length }}{% for a in range(99999999) %}{% endfor %}",
        ] {
            assert!(render("t", &format!("## template: jinja\n{text}"), &json!({})).is_err(), "{text}");
        }
        let endless = "## template: jinja\n\n{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}";
        let error = render("t", endless, &json!({})).expect_err("too many steps").to_string();
        assert_eq!(error, "t:3: the template takes too many steps (limit 20 million)");
    }

    #[test]
    fn blocks_swallow_their_newline() {
        check("## template: jinja\n{% if true %}\nx\n{% endif %}\ny\n", json!({}), "x\ny\n");
        check("## template: jinja\n{% do d.get('a') %}x", json!({"d": {}}), "x");
    }

    #[test]
    fn an_error_names_the_line_of_the_file() {
        let error = render("part-001", "## template: jinja\na\n{{ b ", &json!({})).expect_err("unclosed");
        assert_eq!((error.name.as_str(), error.line), ("part-001", 3));
    }

    #[test]
    fn keys_with_operators_have_an_alias() {
        let variables = variables(&json!({"v1": {"local-hostname": "h"}, "ds": {"v1.0": {"user.x": 1}}}));
        check(
            "## template: jinja\n{{ local_hostname }} {{ v1.local_hostname }} {{ ds.v1_0.user_x }}",
            variables,
            "h h 1",
        );
    }

    #[test]
    fn the_basic_form() {
        check("$a ${b.c} $$", json!({"a": 1, "b": {"c": "x"}}), "1 x $$");
        assert!(render("t", "line\n$gone", &json!({})).is_err_and(|error| error.line == 2));
    }

    /// Upstream's `JINJA_PREFIX` and the patterns of cloudinit/templater.py.
    #[test]
    fn the_first_line_selects_the_engine() {
        for (text, wanted) in [
            ("## template: jinja\nx", true),
            ("##template:jinja\nx", true),
            ("## template: Jinja\nx", true),
            ("## template: basic\nx", false),
            ("#cloud-config\n## template: jinja\n", false),
            ("x", false),
            ("", false),
        ] {
            assert_eq!(is_jinja(text), wanted, "{text:?}");
        }
        let error = render("t", "## template: other\nx", &json!({})).expect_err("unknown").to_string();
        assert!(error.contains("unknown template engine 'other'"), "{error}");
    }

    #[test]
    fn undefined_variables_are_reported_by_name() {
        assert_eq!(missing_names("t", "all is well"), None);
        let rendered = "a CI_MISSING_JINJA_VAR/one b\nCI_MISSING_JINJA_VAR/two";
        assert_eq!(
            missing_names("t", rendered).as_deref(),
            Some("Could not render jinja template variables in file 't': 'one', 'two'")
        );
    }

    /// `query --format` prints no line break that the format does not have.
    #[test]
    fn a_format_ends_as_it_is_given() {
        let sandbox = model::effects::InProcess;
        let data = json!({"v1": {"a": "x", "b": "y\n"}});
        for (format, wanted) in
            [("{{ v1.a }}", "x"), ("{{ v1.a }}\n", "x\n"), ("{{ v1.b }}", "y"), ("{{ a }}{{ v1.a }}", "xx")]
        {
            assert_eq!(render_format(&sandbox, format, &data).expect("renders"), wanted, "{format:?}");
        }
    }
}
