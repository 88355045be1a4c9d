//! Validates one part: reads it, renders it if it is a template, checks it and prints the findings.

use engine::template;
use engine::userdata::{self, content_type_of};
use model::Order as _;
use model::effects::Reading;
use schema::{Document, Finding, Schema, annotated, check, network, yaml_error};
use serde_json::Value;
use yaml::{Limits, Node};

use super::netplan;
use super::parts::{Kind, Part, whole};
use super::{Run, say, tell_error};
use crate::output;

/// The result.
pub(super) enum Outcome {
    Valid,
    /// The part is of a type that is not validated.
    NotJudged,
    /// The reason was already printed.
    Invalid,
}

/// Nothing else can be validated.
pub(super) struct Stop(pub(super) String);

/// A problem, as printed and as annotated.
pub(super) struct Problem {
    /// The line of the annotation, starting at 1.
    pub(super) line: usize,
    /// The path, which upstream sorts by.
    pub(super) path: String,
    /// The message of the annotation.
    pub(super) message: String,
    /// The message with its place.
    pub(super) told: String,
}

/// The known first lines, as upstream lists them.
const HEADERS: &[&str] = &[
    "#!",
    "## template: jinja",
    "#cloud-boothook",
    "#cloud-config",
    "#cloud-config-archive",
    "#cloud-config-jsonp",
    "#include",
    "#include-once",
    "#part-handler",
];

/// The marker in the merged cloud-config for parts that were left out.
const IGNORED: &str = "# Cloud-config part ignored SCHEMA_ERROR: ";

pub(super) fn judge(run: &Run<'_>, part: &Part) -> Result<Outcome, Stop> {
    let shown = part.path.display().to_string();
    let bytes = run
        .system
        .files
        .read_with(&whole(&part.path), &Reading::any_kind())
        .map_err(|error| Stop(error.to_string()))?;
    // Like a boot does.
    let bytes = if part.kind == Kind::NetworkConfig { bytes } else { userdata::maybe_gunzip(&bytes) };
    let text = String::from_utf8(bytes).map_err(|error| {
        let line = error.as_bytes()[..error.utf8_error().valid_up_to()].split(|byte| *byte == b'\n').count();
        let what = userdata::mistaken_form(error.as_bytes());
        let what = what.unwrap_or_else(|| "not UTF-8 text; save the file as UTF-8".to_owned());
        Stop(format!("{shown}:{line}: {what}"))
    })?;
    if text.is_empty() {
        output::line(&format!("Empty '{}' found at {shown}. Nothing to validate.", part.kind.schema()));
        return Ok(Outcome::NotJudged);
    }
    let text = if part.kind == Kind::NetworkConfig {
        text
    } else {
        match cloud_config(run, part, &shown, text)? {
            Ok(text) => text,
            Err(outcome) => return Ok(outcome),
        }
    };
    let tree = match yaml::parse(&shown, text.as_bytes(), &Limits::default()) {
        Ok(tree) => tree,
        Err(error) => {
            let at = error.context.unwrap_or(error.position);
            let problem = Problem {
                line: at.line,
                path: String::new(),
                message: format!("File {shown} is not valid YAML. {}", error.kind),
                told: yaml_error(&text, &error),
            };
            let problems = std::iter::once(problem).chain(left_out(&shown, &text)).collect();
            return Ok(tell(run, part, &text, problems, Vec::new()));
        }
    };
    let Some(tree) = tree.filter(|tree| tree.value.as_map().is_some()) else {
        say(&format!("{}Invalid {}", run.indent, part.kind.name()));
        tell_error(&format!("{}Error: {} {shown} is not a YAML dict.\n", run.indent, part.kind.schema()));
        return Ok(Outcome::Invalid);
    };
    checked(run, part, &shown, &text, &tree)
}

/// The cloud-config of a part, or the result if there is none.
fn cloud_config(
    run: &Run<'_>,
    part: &Part,
    shown: &str,
    text: String,
) -> Result<Result<String, Outcome>, Stop> {
    let mut text = text;
    let mut line = 1;
    let mut kind = content_type_of(text.as_bytes());
    if kind == Some("text/jinja2") {
        if !template::is_jinja(&text) {
            let message = "the jinja header must be the first line";
            return Ok(Err(tell(run, part, &text, vec![first_line(shown, line, message)], Vec::new())));
        }
        text = rendered(run, shown, &text)?;
        line = 2;
        kind = content_type_of(text.as_bytes());
    }
    match kind {
        Some("text/cloud-config") => Ok(Ok(text)),
        Some(other) => {
            output::line(&format!("User-data type '{other}' not currently evaluated by cloud-init schema"));
            Ok(Err(Outcome::NotJudged))
        }
        None => {
            let problem = first_line(shown, line, &no_header(&text));
            if run.annotate {
                // Upstream prints no text that it cannot read.
                tell_error(&format!("{}{}", run.indent, problem.told));
                return Ok(Err(Outcome::Invalid));
            }
            Ok(Err(tell(run, part, &text, vec![problem], Vec::new())))
        }
    }
}

fn first_line(shown: &str, line: usize, message: &str) -> Problem {
    Problem {
        line,
        path: String::new(),
        message: message.to_owned(),
        told: format!("{shown}:{line}:1: {message}"),
    }
}

/// Why a first line is not a known header.
fn no_header(text: &str) -> String {
    let first = text.lines().next().unwrap_or_default();
    let known = HEADERS.join(", ");
    if let Some(form) = userdata::mistaken_form(text.as_bytes()) {
        return form;
    }
    let head: String = first.chars().take(60).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let plain = head.trim().to_ascii_lowercase().replace(' ', "");
    let near = if plain.starts_with("#cloud") || plain == "cloud-config" {
        "; did you mean '#cloud-config'?"
    } else if plain.starts_with("##template:jinja") {
        "; did you mean '## template: jinja'?"
    } else if plain.starts_with("content-type:") || plain.starts_with("mime-version:") {
        "; this is a MIME message: validate each part separately"
    } else {
        ""
    };
    format!(
        "the first line \"{head}\" is not a known header{near}\nExpected first line to be one of: {known}"
    )
}

fn rendered(run: &Run<'_>, shown: &str, text: &str) -> Result<String, Stop> {
    let path = &run.instance_data;
    let whole = whole(path);
    if !run.system.files.exists(&whole) {
        return Err(Stop(format!(
            "Cannot render jinja template vars. Instance data not yet present at {}",
            path.display()
        )));
    }
    let bytes = run.system.files.read_with(&whole, &Reading::any_kind()).map_err(|error| {
        Stop(if error.source.kind() == std::io::ErrorKind::PermissionDenied {
            format!("Cannot render jinja template vars. No read permission on '{}'. Try sudo", path.display())
        } else {
            format!("Loading Jinja instance data failed: {error}")
        })
    })?;
    let data: Value = serde_json::from_slice(&bytes)
        .map_err(|error| Stop(format!("Loading Jinja instance data failed: {}: {error}", path.display())))?;
    // The renderer logs variables that are missing in the instance data.
    let rendered = template::render_instance_template(run.system.sandbox.as_ref(), shown, text, &data)
        .map_err(|error| Stop(format!("Failed to render templated user-data. {error}")))?;
    if rendered.is_empty() {
        return Err(Stop(format!("{shown}: the template renders to an empty document")));
    }
    Ok(rendered)
}

/// The schema for a network-config.
fn network_schema(tree: &Node) -> Value {
    match network::version(tree) {
        Some(1) => network::v1_schema(),
        _ => network::v2_schema(),
    }
}

fn checked(run: &Run<'_>, part: &Part, shown: &str, text: &str, tree: &Node) -> Result<Outcome, Stop> {
    let document = if part.kind == Kind::NetworkConfig {
        let inner = tree.get("network").unwrap_or(tree);
        if model_is_empty(inner) {
            output::line("Skipping network-config schema validation on empty config.");
            return Ok(Outcome::NotJudged);
        }
        if network::version(tree) == Some(2)
            && let Some(problems) = netplan::judge(run.system, shown, text, tree).map_err(Stop)?
        {
            return Ok(match problems {
                Some((text, problem)) => tell(run, part, &text, vec![problem], Vec::new()),
                None => Outcome::Valid,
            });
        }
        network_schema(tree)
    } else {
        modules::cloud_config_schema()
    };
    let findings = check(&Schema::new(&document), tree);
    let mut place = Document::new(shown, text, tree);
    if let Some(directory) = &run.pages {
        place = place.with_pages(directory);
    }
    let mut told: Vec<(usize, &Finding)> = findings
        .iter()
        .filter(|finding| run.annotate || !finding.summary)
        .map(|finding| (place.locate(finding).start.offset, finding))
        .collect();
    told.order_by_key(|(offset, _)| *offset);
    let problem = |finding: &Finding| Problem {
        line: place.marked_line(finding),
        path: finding.path.clone(),
        message: marked(finding),
        told: place.shown(finding),
    };
    let (errors, deprecations): (Vec<_>, Vec<_>) =
        told.into_iter().partition(|(_, finding)| finding.is_error());
    let problems =
        |some: Vec<(usize, &Finding)>| some.into_iter().map(|(_, finding)| problem(finding)).collect();
    let (mut errors, deprecations): (Vec<Problem>, Vec<Problem>) = (problems(errors), problems(deprecations));
    // Like upstream, reports parts that were left out only next to another finding.
    if errors.is_empty() && deprecations.is_empty() {
        for part in left_out(shown, text) {
            tell_error(&format!("{}warning: {}", run.indent, part.told));
        }
    } else {
        errors.extend(left_out(shown, text));
    }
    // Annotated output keeps upstream's format.
    if !run.annotate {
        for told in advice(part.kind, &place, tree) {
            tell_error(&format!("{}{}", run.indent, told.replace('\n', &format!("\n{}", run.indent))));
        }
    }
    Ok(tell(run, part, text, errors, deprecations))
}

/// Probable mistakes, as they are printed.
fn advice(kind: Kind, place: &Document<'_>, tree: &Node) -> Vec<String> {
    let found = if kind == Kind::NetworkConfig { network::advise(tree) } else { modules::advise(tree) };
    found.iter().map(|finding| format!("advice: {}", place.shown(finding))).collect()
}

/// The parts that were left out of the merged cloud-config.
fn left_out(shown: &str, text: &str) -> Vec<Problem> {
    let names =
        text.lines().enumerate().filter_map(|(index, line)| Some((index + 1, line.strip_prefix(IGNORED)?)));
    names
        .map(|(line, name)| {
            let message = format!("Ignored invalid user-data: {name}");
            let told = format!("{shown}:{line}:1: {message}");
            Problem { line, path: format!("format-l{line}.c1"), message, told }
        })
        .collect()
}

/// Whether the value is falsy in Python.
fn model_is_empty(node: &Node) -> bool {
    match &node.value {
        yaml::Value::Null => true,
        yaml::Value::Bool(value) => !value,
        yaml::Value::Int(number) => *number == 0,
        yaml::Value::Str(text) => text.is_empty(),
        yaml::Value::Seq(items) => items.is_empty(),
        yaml::Value::Map(entries) => entries.is_empty(),
        _ => false,
    }
}

/// The message of an annotation, which names the key because the line may have several.
fn marked(finding: &Finding) -> String {
    let mut text = String::new();
    if let Some(hint) = &finding.hint {
        text = format!("; {hint}");
    }
    format!("{}{text}", finding.detailed)
}

/// Prints the findings.
fn tell(run: &Run<'_>, part: &Part, text: &str, errors: Vec<Problem>, deprecations: Vec<Problem>) -> Outcome {
    if run.annotate {
        if !(errors.is_empty() && deprecations.is_empty()) {
            let marks = |mut problems: Vec<Problem>| -> Vec<(usize, String)> {
                problems.order_by(|a, b| (&a.path, &a.message).cmp(&(&b.path, &b.message)));
                problems.into_iter().map(|problem| (problem.line, problem.message)).collect()
            };
            let is_wrong = !errors.is_empty();
            say(&annotated(text, &marks(errors), &marks(deprecations)));
            return if is_wrong { Outcome::Invalid } else { Outcome::Valid };
        }
        return Outcome::Valid;
    }
    let block = |problems: &[Problem]| {
        let told: Vec<String> =
            problems.iter().map(|problem| problem.told.replace('\n', &format!("\n{}", run.indent))).collect();
        told.join(&format!("\n{}", run.indent))
    };
    if !deprecations.is_empty() {
        say(&format!(
            "{}Cloud config schema deprecations:\n{}{}",
            run.indent,
            run.indent,
            block(&deprecations)
        ));
    }
    if errors.is_empty() {
        return Outcome::Valid;
    }
    let indent = run.indent;
    say(&format!("{indent}Invalid {} {}", part.kind.name(), part.path.display()));
    tell_error(&format!("{indent}Error: Cloud config schema errors:\n{indent}{}\n", block(&errors)));
    Outcome::Invalid
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelled_key_of_a_network_config_is_advice() {
        let text = "version: 2\nethernets:\n  eth0: {adresses: [10.0.0.1/8]}\n";
        let tree = yaml::parse("x", text.as_bytes(), &Limits::default()).expect("valid").expect("there");
        let place = Document::new("net.yaml", text, &tree);
        let found = advice(Kind::NetworkConfig, &place, &tree);
        let line = "    eth0: {adresses: [10.0.0.1/8]}";
        let expected = format!(
            "advice: net.yaml:3:10: ethernets.eth0.adresses: unknown key 'adresses'; did you mean 'addresses'?\n  {line}"
        );
        assert!(found.len() == 1 && found[0].starts_with(&expected), "{found:?}");
        assert_eq!(advice(Kind::UserData, &place, &tree), Vec::<String>::new());
    }

    #[test]
    fn an_answer_that_the_installer_does_not_know_is_advice() {
        let text = "#cloud-config\nautoinstall:\n  version: 1\n  ssh: {install_server: true}\n";
        let tree = yaml::parse("x", text.as_bytes(), &Limits::default()).expect("valid").expect("there");
        let place = Document::new("user-data", text, &tree);
        let found = advice(Kind::UserData, &place, &tree);
        let expected = "advice: user-data:4:9: autoinstall.ssh.install_server: unknown key 'install_server'; did you mean \
                        'install-server'?";
        assert!(found.len() == 1 && found[0].starts_with(expected), "{found:?}");
    }
}
