//! A page for each command, generated from its definition.

use std::fmt::Write as _;

use clap::{Arg, Command};

use super::exit_codes;

/// A page.
pub(super) struct Page {
    /// The command as typed.
    pub(super) name: String,
    /// A one-sentence summary.
    pub(super) about: String,
    /// The content of the page.
    pub(super) text: String,
}

impl Page {
    /// The file name relative to the reference directory.
    pub(super) fn file(&self) -> String {
        format!("commands/{}.md", self.name.replace(' ', "-"))
    }
}

/// Commands that only units, udev and the generator run.
const INTERNAL: &[&str] = &["help", "hotplugd", "hook-hotplug", "generator"];

/// The command's name; some are installed under a name of their own.
fn name_of(command: &Command) -> String {
    match command.get_name() {
        own @ ("cloud-id" | "ds-identify" | "write-ssh-key-fingerprints") => own.to_owned(),
        "per" => "cloud-init-per".to_owned(),
        own => format!("cloud-init {own}"),
    }
}

/// The program's page and one for each command.
pub(super) fn pages() -> Vec<Page> {
    let mut whole = crate::cli::definition();
    whole.build();
    let mut pages = vec![page(&whole, "cloud-init", false)];
    for command in whole.get_subcommands().filter(|command| !INTERNAL.contains(&command.get_name())) {
        pages.push(page(command, &name_of(command), true));
    }
    pages
}

fn about(command: &Command) -> String {
    let text = command.get_long_about().or(command.get_about()).map(ToString::to_string).unwrap_or_default();
    if text.ends_with('.') { text } else { format!("{text}.") }
}

fn page(command: &Command, name: &str, below: bool) -> Page {
    let mut text = format!("{}\n# `{name}`\n", super::MADE);
    section(command, name, below, &mut text);
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    Page { name: name.to_owned(), about, text }
}

/// Summary, usage, options and exit codes; then the subcommands.
fn section(command: &Command, name: &str, below: bool, text: &mut String) {
    let _ = write!(text, "\n{}\n", about(command));
    let usage = command.clone().bin_name(name).render_usage().to_string();
    let _ = write!(text, "\n```\n{}\n```\n", usage.trim_start_matches("Usage: ").trim_end());
    let shown: Vec<&Arg> =
        command.get_arguments().filter(|arg| !arg.is_hide_set() && arg.get_id().as_str() != "help").collect();
    if !shown.is_empty() {
        text.push_str("\n| option | |\n|---|---|\n");
        for arg in shown {
            let _ = writeln!(text, "| {} | {} |", spelled(arg), meaning(arg));
        }
    }
    if let Some(codes) = exit_codes::of(name) {
        text.push_str("\n| exit code | |\n|---|---|\n");
        for (code, meaning) in codes {
            let _ = writeln!(text, "| {code} | {meaning} |");
        }
    }
    if !below {
        return;
    }
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        let name = format!("{name} {}", sub.get_name());
        let _ = write!(text, "\n## `{name}`\n");
        section(sub, &name, below, text);
    }
}

fn spelled(arg: &Arg) -> String {
    let names: Vec<String> =
        arg.get_value_names().unwrap_or_default().iter().map(|name| format!("<{name}>")).collect();
    let takes = arg.get_action().takes_values();
    let values = if takes && !names.is_empty() { names.join(" ") } else { String::new() };
    let short = arg.get_short().map(|short| format!("-{short}"));
    let long = arg.get_long().map(|long| format!("--{long}"));
    let spellings: Vec<String> = short
        .into_iter()
        .chain(long)
        .map(|option| format!("`{}`", format!("{option} {values}").trim_end()))
        .collect();
    if spellings.is_empty() { format!("`{values}`") } else { spellings.join(", ") }
}

fn meaning(arg: &Arg) -> String {
    let mut text =
        arg.get_help().map(ToString::to_string).unwrap_or_default().replace('|', "\\|").replace('\n', " ");
    if !text.ends_with('.') {
        text.push('.');
    }
    let possible: Vec<String> = arg
        .get_possible_values()
        .iter()
        .filter(|value| !value.is_hide_set())
        .map(|value| format!("`{}`", value.get_name()))
        .collect();
    if !possible.is_empty() && arg.get_action().takes_values() {
        let _ = write!(text, " One of {}.", possible.join(", "));
    }
    let defaults: Vec<_> = arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    if !defaults.is_empty() && arg.get_action().takes_values() {
        let _ = write!(text, " Default: `{}`.", defaults.join(" "));
    }
    text
}
