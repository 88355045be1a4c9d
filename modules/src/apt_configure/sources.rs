//! Additional sources.

use std::path::{Path, PathBuf};

use model::effects::{Attributes, Command};
use model::module::Report;
use model::{Context, ModuleError, Node};
use regex_lite::Regex;
use schema::forms::Named;

use super::Source;
use super::keys::{Keys, Written};
use super::mirrors::Chosen;
use super::place;
use super::sources_list::variables;

const DIRECTORY: &str = "/etc/apt/sources.list.d";
/// The variable for the path of a source's key.
const KEY_FILE: &str = "$KEY_FILE";

/// Adds all sources, then updates the package lists. A source that fails does not keep the others from being added.
#[allow(clippy::too_many_arguments, reason = "all of them belong to one configuration")]
pub(super) fn add(
    context: &Context<'_>,
    sources: &Named<Source>,
    node: &Node,
    release: &str,
    chosen: &Chosen,
    keys: &Keys<'_>,
    matcher: Option<&Regex>,
    report: &mut Report,
) -> Result<(), ModuleError> {
    let mut variables = variables(chosen, release);
    let mut failed: Vec<String> = Vec::new();
    for (name, source) in &sources.0 {
        tracing::debug!("adding source/key '{name}'");
        let origin = place(node, &["sources", name]);
        let entry = Entry { context, name, source, origin, keys, matcher };
        if let Err(error) = entry.add(&mut variables, report) {
            let shown = error.to_string();
            let begin = format!("{origin}: ");
            failed.push(if shown.starts_with(&begin) { shown } else { format!("{begin}{shown}") });
        }
    }
    // A mirror may be out of reach for a while.
    if let Err(error) = context.distro.packages().refresh(true) {
        report.warn(Some(place(node, &["sources"])), format!("Failed to update package using apt: {error}"));
    }
    if failed.is_empty() { Ok(()) } else { Err(ModuleError::Failed(failed.join("; "))) }
}

struct Entry<'a> {
    context: &'a Context<'a>,
    name: &'a str,
    source: &'a Source,
    origin: &'a model::Origin,
    keys: &'a Keys<'a>,
    matcher: Option<&'a Regex>,
}

impl Entry<'_> {
    fn add(
        &self,
        variables: &mut serde_json::Map<String, serde_json::Value>,
        report: &mut Report,
    ) -> Result<(), ModuleError> {
        let source = self.source;
        let file = source.filename.as_ref().map_or(self.name, |name| name.0.as_str());
        let line = source.source.as_ref().map(|line| line.0.as_str());
        let written = Written {
            key: source.key.as_ref(),
            id: source.keyid.as_ref(),
            server: source.keyserver.as_ref(),
            origin: self.origin,
        };
        let named = line.is_some_and(|line| line.contains(KEY_FILE));
        let key = self.keys.add(written, file, named, report)?;
        if named {
            variables.insert(KEY_FILE[1..].to_owned(), key.into());
        }
        let Some(line) = line else { return Ok(()) };
        let values = serde_json::Value::Object(variables.clone());
        let line = self.context.templates.render(&format!("apt.sources.{}", self.name), line, &values)?;
        if self.matcher.is_some_and(|matcher| matcher.is_match(&line)) {
            let command = Command::line(["add-apt-repository", "--no-update", &line]);
            self.context.system.commands.run(&command.of_class(model::effects::Class::Package))?;
            return Ok(());
        }
        let mut path = PathBuf::from(DIRECTORY).join(Path::new(file)).into_os_string();
        if !file.ends_with(".list") {
            path.push(".list");
        }
        let (path, text) = (PathBuf::from(path), format!("{line}\n"));
        // Addresses of private repositories contain passwords.
        let attributes = Attributes { secret: text.contains('@'), ..Attributes::mode(0o644) };
        let files = &self.context.system.files;
        if source.append.is_some_and(|append| !append.0) {
            files.write(&path, text.as_bytes(), &attributes)?;
        } else {
            files.append_with(&path, text.as_bytes(), &attributes)?;
        }
        Ok(())
    }
}
