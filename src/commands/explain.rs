//! `explain`: which layers set a key, and which one took precedence.

#[cfg(not(feature = "plan"))]
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use engine::explain::{Explanation, Gathered, explain, gather, parse, resolve, shown};
use model::{Node, Origin, System};
use serde_json::{Value, json};
use system::Host;

use crate::output::{self, Style};

/// How much of a value is shown; on a terminal, as much as its line has room for.
const WIDTH: usize = 60;
/// How much is shown on any terminal.
const MIN_WIDTH: usize = 20;

/// The output format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
}

/// `explain`.
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The path of a key, such as users.0.name or `write_files[1].path` [default: all top-level keys].
    key: Option<String>,
    #[cfg(feature = "plan")]
    #[command(flatten)]
    source: super::plan::Source,
    /// Read the configuration below this root directory instead of this machine's.
    #[cfg(not(feature = "plan"))]
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
    /// Output format.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

impl Explain {
    /// The machine to explain.
    fn system(&self) -> Result<System, String> {
        #[cfg(feature = "plan")]
        let root = {
            let told = |error: super::plan::PlanError| error.to_string();
            if !self.source.only_root() {
                return self.source.consumed().map_err(told);
            }
            self.source.root().map_err(told)?
        };
        #[cfg(not(feature = "plan"))]
        let root: Option<PathBuf> = match &self.root {
            Some(root) => {
                Some(system::absolute(root).map_err(|error| format!("{}: {error}", root.display()))?)
            }
            None => None,
        };
        Ok(Host::system(root, crate::registry::http()))
    }
}

/// Prints an explanation; returns 1 if the key is not set.
pub(crate) fn run(options: &Explain) -> u8 {
    let outcome = options.system().and_then(|system| {
        let gathered = gather(&system);
        for note in &gathered.notes {
            output::error(&format!("note: {note}"));
        }
        if gathered.denied {
            output::error("note: user-data and vendor-data are not shown, only root can read them; try sudo");
        }
        match &options.key {
            None => Ok(all(&gathered, options.format)),
            Some(key) => one(&gathered, key, options.format),
        }
    });
    match outcome {
        Ok(text) => {
            match options.format {
                Format::Text => output::styled(&text, style),
                Format::Json => output::text(&text),
            }
            0
        }
        Err(error) => {
            output::error(&format!("error: {error}"));
            1
        }
    }
}

fn one(gathered: &Gathered, key: &str, format: Format) -> Result<String, String> {
    let steps = parse(key).map_err(|error| error.to_string())?;
    let merged = explain(gathered, &[]).value.unwrap_or_default();
    let mut trees = vec![&merged];
    trees.extend(gathered.lowest_first());
    let path = resolve(&trees, &steps).map_err(|error| error.to_string())?;
    let explanation = explain(gathered, &path);
    Ok(match format {
        Format::Text => text(&explanation),
        Format::Json => format!("{:#}\n", document(&explanation)),
    })
}

fn all(gathered: &Gathered, format: Format) -> String {
    let merged = explain(gathered, &[]).value.unwrap_or_default();
    let keys = merged.as_map().into_iter().flatten().map(|(key, _)| key.to_string());
    let explanations: Vec<Explanation> = keys.map(|key| explain(gathered, &[key])).collect();
    match format {
        Format::Json => format!("{:#}\n", explanations.iter().map(document).collect::<Value>()),
        Format::Text => explanations.iter().map(text).collect::<Vec<_>>().join("\n"),
    }
}

/// A value as JSON, truncated to what is left of the line after `before`.
fn short(before: &str, value: &Value) -> String {
    let width = output::Screen::stdout()
        .columns()
        .map_or(WIDTH, |columns| columns.saturating_sub(before.chars().count()).max(MIN_WIDTH));
    let text = value.to_string();
    if text.chars().count() <= width {
        return text;
    }
    text.chars().take(width - 1).chain(['…']).collect()
}

/// How a terminal shows a line of an explanation.
fn style(line: &str) -> Style {
    match line.as_bytes() {
        [b'*', ..] => Style::Green,
        [b' ', b' ', b'f', ..] => Style::Plain,
        [b' ', ..] => Style::Dim,
        _ => Style::Bold,
    }
}

fn named(path: &[String]) -> String {
    path.join(".")
}

/// An explanation as text.
fn text(explanation: &Explanation) -> String {
    let path = &explanation.path;
    let mut out = match &explanation.value {
        Some(value) => {
            let key = format!("{} = ", named(path));
            let value = short(&key, &shown(path, value));
            format!("{key}{value}\n  from {}\n", winners(explanation))
        }
        None => format!("{} is no longer set\n", named(path)),
    };
    for setting in &explanation.settings {
        let mark = if setting.wins { '*' } else { ' ' };
        let place = format!("{mark} {}: ", setting.node.origin);
        out += &format!("{place}{}\n", short(&place, &shown(path, &setting.node)));
        for fate in &setting.fates {
            out += &format!("      {fate}\n");
        }
    }
    out
}

/// The places where the final value was written.
fn winners(explanation: &Explanation) -> String {
    let places: Vec<String> = explanation
        .settings
        .iter()
        .filter(|setting| setting.wins)
        .map(|setting| setting.node.origin.to_string())
        .collect();
    match (places.is_empty(), &explanation.value) {
        (true, Some(value)) => value.origin.to_string(),
        _ => places.join(", "),
    }
}

fn place(origin: &Origin) -> Value {
    if origin.line == 0 {
        json!({"source": &*origin.source})
    } else {
        json!({"source": &*origin.source, "line": origin.line, "column": origin.column})
    }
}

/// An explanation as JSON.
fn document(explanation: &Explanation) -> Value {
    let path = &explanation.path;
    let placed = |node: &Node| {
        let mut out = place(&node.origin);
        out["value"] = shown(path, node);
        out
    };
    let layers: Vec<Value> = explanation
        .settings
        .iter()
        .map(|setting| {
            let mut out = placed(&setting.node);
            out["wins"] = setting.wins.into();
            out["fates"] = setting.fates.clone().into();
            out
        })
        .collect();
    json!({"path": path, "result": explanation.value.as_ref().map(placed), "layers": layers})
}
