//! Answers to the questions of packages.

use std::collections::BTreeSet;
use std::path::Path;

use model::Order as _;
use model::effects::Command;
use model::module::Report;
use model::{Context, ModuleError, Node, Secret};
use schema::forms::Named;

use crate::lenient::Text;

/// The package that can be configured again: this program's own.
const OWN: &str = "cloud-init";
const SNIPPETS: &str = "/etc/cloud/cloud.cfg.d";

/// Stores the selections, and applies those of packages that are installed already.
pub(super) fn apply(
    context: &Context<'_>,
    selections: Option<&Named<Secret<Text>>>,
    node: &Node,
    report: &mut Report,
) -> Result<(), ModuleError> {
    let Some(selections) = selections.filter(|selections| !selections.0.is_empty()) else { return Ok(()) };
    let mut sorted: Vec<(&String, &str)> =
        selections.0.iter().map(|(name, text)| (name, text.expose().0.as_str())).collect();
    sorted.order();
    let mut text = sorted.iter().map(|(_, text)| *text).collect::<Vec<_>>().join("\n");
    if !text.ends_with('\n') {
        text.push('\n');
    }
    let commands = &context.system.commands;
    commands.run(&Command::new("debconf-set-selections").stdin(text.as_bytes()))?;
    let lines = sorted.iter().flat_map(|(_, text)| text.lines()).filter(|line| !line.starts_with('#'));
    let package = |line: &str| line.split(|end: char| end == ':' || end.is_whitespace()).next().unwrap_or("").to_owned();
    let configured: BTreeSet<String> = lines.map(package).collect();
    let list = commands.run(&Command::line(["dpkg-query", "--list"]))?.text();
    let installed: BTreeSet<String> = list.lines().filter_map(installed).collect();
    let (own, others): (Vec<&String>, Vec<&String>) =
        configured.intersection(&installed).partition(|name| *name == OWN);
    if !own.is_empty() {
        forget_own(context)?;
    }
    if !others.is_empty() {
        let names: Vec<String> = others.into_iter().cloned().collect();
        let names = model::effects::python_list(&names);
        let message =
            format!("The following packages were installed and preseeded, but cannot be unconfigured: {names}");
        report.warn(Some(super::place(node, &["debconf_selections"])), message);
    }
    if !own.is_empty() {
        commands.run(&Command::line(["dpkg-reconfigure", "--frontend=noninteractive", OWN]))?;
    }
    Ok(())
}

/// The package of a line of `dpkg-query --list`, if it is installed.
fn installed(line: &str) -> Option<String> {
    let mut words = line.split_whitespace();
    let (state, name, _) = (words.next()?, words.next()?, words.next()?);
    let installed = state.starts_with("ii") || state.starts_with("hi");
    installed.then(|| name.split(':').next().unwrap_or(name).to_owned())
}

/// Removes what an earlier configuration of the package has written.
fn forget_own(context: &Context<'_>) -> Result<(), ModuleError> {
    let files = &context.system.files;
    for name in files.list(Path::new(SNIPPETS)).unwrap_or_default() {
        if name.contains("dpkg") && !name.starts_with('.') {
            files.remove(&Path::new(SNIPPETS).join(name))?;
        }
    }
    Ok(())
}
