//! Man pages: what the command line defines, and what it does not: examples, files, environment, exit codes.

mod notes;

use std::fmt::Write as _;

use clap::{Arg, ArgAction, Command};

use crate::commands::reference::exit_codes;
use notes::{ENVIRONMENT, FILES};

/// The date of the release, as in packaging/debian/changelog.
const DATE: &str = "2026-01-01";

/// A page and the pages of a command's subcommands, each with the name of its file.
pub(super) fn pages(definition: &Command, helpers: &[Command]) -> Vec<(String, Vec<u8>)> {
    let mut definition = definition.clone();
    definition.build();
    let mut pages = Vec::new();
    add(&mut pages, &definition, "cloud-init", &[]);
    for helper in helpers {
        let mut helper = helper.clone();
        helper.build();
        let name = helper.get_name().to_owned();
        add(&mut pages, &helper, &name, &["cloud-init"]);
    }
    pages
}

/// The subcommands that have a page.
fn subcommands(command: &Command) -> Vec<&Command> {
    let has_page = |sub: &&Command| !sub.is_hide_set() && !["help", "generate"].contains(&sub.get_name());
    command.get_subcommands().filter(has_page).collect()
}

/// Adds the page of a command and those of its subcommands, which refer to it and to its parents.
fn add(pages: &mut Vec<(String, Vec<u8>)>, command: &Command, typed: &str, parents: &[&str]) {
    let name = typed.replace(' ', "-");
    let mut related: Vec<String> = parents.iter().map(|parent| (*parent).to_owned()).collect();
    related.extend(subcommands(command).iter().map(|sub| format!("{name}-{}", sub.get_name())));
    pages.push((format!("{name}.1"), page(command, &name, typed, related).into_bytes()));
    let parents = [parents, &[name.as_str()]].concat();
    for sub in subcommands(command) {
        add(pages, sub, &format!("{typed} {}", sub.get_name()), &parents);
    }
}

fn page(command: &Command, name: &str, typed: &str, related: Vec<String>) -> String {
    let notes = notes::of(typed);
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let mut text = format!(
        ".TH {} 1 {DATE} \"cloud\\-init\\-rs {}\" cloud\\-init\n.SH NAME\n{} \\- {}\n.SH SYNOPSIS\n{}\n.SH DESCRIPTION\n{}\n",
        escaped(name),
        env!("CARGO_PKG_VERSION"),
        escaped(name),
        escaped(&about),
        synopsis(command, typed),
        escaped(&sentence(&about)),
    );
    for paragraph in notes.about {
        let _ = write!(text, ".PP\n{}\n", escaped(paragraph));
    }
    section(&mut text, "OPTIONS", arguments(command).map(option));
    let subs = subcommands(command);
    let commands = subs.iter().map(|sub| {
        let about = sub.get_about().map(ToString::to_string).unwrap_or_default();
        (format!("\\fB{}\\fR", escaped(sub.get_name())), escaped(&sentence(&about)))
    });
    section(&mut text, "COMMANDS", commands);
    let bold = |(term, about): &(&str, &str)| (format!("\\fB{}\\fR", escaped(term)), escaped(about));
    section(&mut text, "EXAMPLES", notes.examples.iter().map(bold));
    section(
        &mut text,
        "FILES",
        FILES
            .iter()
            .filter(|(key, ..)| notes.files.contains(key))
            .map(|(_, path, about)| (format!("\\fI{}\\fR", escaped(path)), escaped(about))),
    );
    section(
        &mut text,
        "ENVIRONMENT",
        ENVIRONMENT.iter().filter(|(name, _)| notes.environment.contains(name)).map(bold),
    );
    match exit_codes::of(typed) {
        Some(codes) => {
            let codes =
                codes.iter().map(|(code, meaning)| (format!("\\fB{code}\\fR"), escaped(&sentence(meaning))));
            section(&mut text, "EXIT STATUS", codes);
        }
        None => text.push_str(".SH \"EXIT STATUS\"\nThat of the command; 2 for a usage error.\n"),
    }
    let others = notes.related.iter().map(|page| (*page).to_owned());
    see_also(&mut text, related.into_iter().chain(others));
    text
}

/// A section with a list of terms and their meaning; nothing if the list is empty.
fn section(text: &mut String, name: &str, items: impl Iterator<Item = (String, String)>) {
    let mut items = items.peekable();
    if items.peek().is_some() {
        let _ = writeln!(text, ".SH \"{name}\"");
    }
    for (term, about) in items {
        let _ = write!(text, ".TP\n{term}\n{about}\n");
    }
}

fn see_also(text: &mut String, pages: impl Iterator<Item = String>) {
    let of = |page: &str| if page == "udev" { 7 } else { 1 };
    let pages: Vec<String> = pages
        .map(|page| format!("\\fB{}\\fR(%)", escaped(&page)).replace('%', &of(&page).to_string()))
        .collect();
    if !pages.is_empty() {
        let _ = write!(text, ".SH \"SEE ALSO\"\n{}\n", pages.join(",\n"));
    }
}

/// The arguments in the order of the definition.
fn arguments(command: &Command) -> impl Iterator<Item = &Arg> {
    command.get_arguments().filter(|arg| !arg.is_hide_set())
}

/// How the command is typed: the value of each option, what is optional and what can be repeated.
fn synopsis(command: &Command, typed: &str) -> String {
    let mut text = format!("\\fB{}\\fR", escaped(typed));
    for arg in arguments(command) {
        let names: Vec<String> = spellings(arg).collect();
        let word = match (names.is_empty(), value(arg)) {
            (true, value) => value.unwrap_or_default(),
            (false, None) => names.join("|"),
            (false, Some(value)) => format!("{} {value}", names.join("|")),
        };
        let word = if arg.is_required_set() { word } else { format!("[{word}]") };
        let repeats = matches!(arg.get_action(), ArgAction::Append | ArgAction::Count)
            || arg.get_num_args().is_some_and(|count| count.max_values() > 1);
        let _ = write!(text, "\n{word}{}", if repeats { "..." } else { "" });
    }
    if !subcommands(command).is_empty() {
        text.push_str("\n\\fICOMMAND\\fR\n[\\fIARGUMENT\\fR]...");
    }
    text
}

/// `-f` and `--file`, in bold.
fn spellings(arg: &Arg) -> impl Iterator<Item = String> {
    let short = arg.get_short().map(|short| format!("\\fB\\-{short}\\fR"));
    let long = arg.get_long().map(|long| format!("\\fB\\-\\-{}\\fR", escaped(long)));
    short.into_iter().chain(long)
}

/// The name of an argument's value, in italics.
fn value(arg: &Arg) -> Option<String> {
    if !arg.get_action().takes_values() {
        return None;
    }
    let italic = |name: &str| format!("\\fI{}\\fR", escaped(name));
    let names = arg.get_value_names().map(|names| names.iter().map(|name| italic(name)).collect::<Vec<_>>());
    Some(names.map_or_else(|| italic(arg.get_id().as_str()), |names| names.join(" ")))
}

/// An option and its meaning.
fn option(arg: &Arg) -> (String, String) {
    let mut term = spellings(arg).collect::<Vec<_>>().join(", ");
    if let Some(value) = value(arg) {
        let space = if term.is_empty() { "" } else { " " };
        let _ = write!(term, "{space}{value}");
    }
    let help = match arg.get_id().as_str() {
        // The page has all of it.
        "help" => "Print help".to_owned(),
        _ => arg.get_help().map(ToString::to_string).unwrap_or_default(),
    };
    let mut about = escaped(&sentence(&help));
    let takes_values = arg.get_action().takes_values();
    let defaults: Vec<_> = arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    if takes_values && !defaults.is_empty() {
        let _ = write!(about, " Default: \\fB{}\\fR.", escaped(&defaults.join(" ")));
    }
    let values = arg.get_possible_values();
    let values: Vec<_> = values.iter().filter(|value| takes_values && !value.is_hide_set()).collect();
    if values.iter().any(|value| value.get_help().is_some()) {
        about.push_str("\n.RS");
        for value in values {
            let help = value.get_help().map(ToString::to_string).unwrap_or_default();
            let _ =
                write!(about, "\n.TP\n\\fB{}\\fR\n{}", escaped(value.get_name()), escaped(&sentence(&help)));
        }
        about.push_str("\n.RE");
    } else if !values.is_empty() {
        let names: Vec<String> =
            values.iter().map(|value| format!("\\fB{}\\fR", escaped(value.get_name()))).collect();
        let _ = write!(about, " One of {}.", names.join(", "));
    }
    (term, about)
}

/// A text that ends with a period and starts with a capital letter, unless its first word is a name.
fn sentence(text: &str) -> String {
    let is_word = text.split(' ').next().is_some_and(|word| !word.contains(['-', '(', '_', '/']));
    let mut letters = text.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    let end = if text.is_empty() || text.ends_with('.') { "" } else { "." };
    if is_word { format!("{first}{}{end}", letters.as_str()) } else { format!("{text}{end}") }
}

/// Text without characters that roff(7) would interpret.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    if text.starts_with('.') {
        out.push_str("\\&");
    }
    for letter in text.chars() {
        match letter {
            '\\' => out.push_str("\\e"),
            '-' => out.push_str("\\-"),
            '\'' => out.push_str("\\(aq"),
            '`' => out.push_str("\\(ga"),
            '^' => out.push_str("\\(ha"),
            '~' => out.push_str("\\(ti"),
            '"' => out.push_str("\\(dq"),
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page_of(name: &str) -> String {
        let pages = pages(&crate::cli::definition(), &crate::cli::helpers());
        let (_, page) = pages.iter().find(|(file, _)| *file == format!("{name}.1")).expect("a page");
        String::from_utf8_lossy(page).into_owned()
    }

    #[test]
    fn the_synopsis_is_what_people_type() {
        let page = page_of("cloud-init-single");
        let begins =
            ".SH SYNOPSIS\n\\fBcloud\\-init single\\fR\n\\fB\\-n\\fR|\\fB\\-\\-name\\fR \\fINAME\\fR\n";
        assert!(page.contains(begins), "{page}");
        assert!(page.contains("\n[\\fB\\-f\\fR|\\fB\\-\\-file\\fR \\fIFILE\\fR]...\n"), "{page}");
        assert!(page.contains("\n[\\fIMODULE_ARGS\\fR]...\n"), "{page}");
        let page = page_of("cloud-init-per");
        let typed = "\\fBcloud\\-init\\-per\\fR\n\\fIFREQUENCY\\fR\n\\fINAME\\fR\n\\fICOMMAND\\fR\n[\\fIARGUMENT\\fR]...";
        assert!(page.contains(typed), "{page}");
    }

    #[test]
    fn pages_have_the_usual_sections() {
        let page = page_of("cloud-init-status");
        let sections: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix(".SH ")).collect();
        let expected = [
            "NAME",
            "SYNOPSIS",
            "DESCRIPTION",
            "\"OPTIONS\"",
            "\"EXAMPLES\"",
            "\"FILES\"",
            "\"ENVIRONMENT\"",
            "\"EXIT STATUS\"",
            "\"SEE ALSO\"",
        ];
        assert_eq!(sections, expected);
        let codes: Vec<&str> =
            page.lines().filter(|line| ["\\fB124\\fR", "\\fB2\\fR"].contains(line)).collect();
        assert_eq!(codes, ["\\fB2\\fR", "\\fB124\\fR"]);
    }
}
