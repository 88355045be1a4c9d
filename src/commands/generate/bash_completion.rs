//! The completions for bash: commands, options, and the values that options take.

use std::fmt::Write as _;

use clap::{Arg, ArgAction, Command};

/// The script for a command line; bash 4 and later run it, without the package bash-completion.
pub(super) fn script(definition: &Command) -> String {
    let mut definition = definition.clone();
    definition.build();
    let mut tables = Tables::default();
    tables.add(&definition, "");
    let (paths, values, words) = (tables.paths.join(" | "), tables.values, tables.words);
    format!(
        r#"# Completion of cloud-init for bash.
_cloud_init() {{
    local current=$2 option= path= words= index word
    # `--option=value` is three words.
    if [ "$current" = "=" ]; then current=; fi
    option=${{COMP_WORDS[COMP_CWORD-1]}}
    if [ "${{COMP_WORDS[COMP_CWORD]}}" = "=" ]; then
        option=${{COMP_WORDS[COMP_CWORD-1]}}
    elif [ "$option" = "=" ] && [ "$COMP_CWORD" -ge 2 ]; then
        option=${{COMP_WORDS[COMP_CWORD-2]}}
    fi
    for ((index = 1; index < COMP_CWORD; index++)); do
        word=${{COMP_WORDS[index]}}
        case "$path/$word" in
        {paths}) path=$path/$word ;;
        esac
    done
    COMPREPLY=()
    case "$path $option" in
{values}    esac
    if [ -z "$words" ]; then
        case "$path" in
{words}        esac
    fi
    COMPREPLY=($(compgen -W "$words" -- "$current"))
}}
complete -o bashdefault -o default -F _cloud_init cloud-init
"#
    )
}

/// The arms of the script's three `case` commands.
#[derive(Default)]
struct Tables {
    paths: Vec<String>,
    values: String,
    words: String,
}

impl Tables {
    fn add(&mut self, command: &Command, path: &str) {
        let mut words: Vec<String> = Vec::new();
        for sub in command.get_subcommands() {
            let below = format!("{path}/{}", sub.get_name());
            words.push(sub.get_name().to_owned());
            self.paths.push(below.clone());
            self.add(sub, &below);
        }
        for argument in command.get_arguments().filter(|argument| !argument.is_hide_set()) {
            let names = names(argument);
            words.extend(names.iter().filter(|name| name.starts_with("--")).cloned());
            let takes_value = matches!(argument.get_action(), ArgAction::Set | ArgAction::Append);
            if !takes_value {
                continue;
            }
            let values = values(command, argument);
            if argument.is_positional() {
                words.extend(values);
                continue;
            }
            let patterns: Vec<String> = names.iter().map(|name| format!("\"{path} {name}\"")).collect();
            // Without known values bash completes file names.
            let arm = if values.is_empty() {
                "return".to_owned()
            } else {
                format!("words=\"{}\"", values.join(" "))
            };
            let _ = writeln!(self.values, "    {}) {arm} ;;", patterns.join(" | "));
        }
        let _ = writeln!(self.words, "        \"{path}\") words=\"{}\" ;;", words.join(" "));
    }
}

fn names(argument: &Arg) -> Vec<String> {
    let long = argument.get_long().map(|name| format!("--{name}"));
    let short = argument.get_short().map(|name| format!("-{name}"));
    short.into_iter().chain(long).collect()
}

/// What an argument can be: its possible values, or the names that this build knows.
fn values(command: &Command, argument: &Arg) -> Vec<String> {
    let possible: Vec<String> = argument
        .get_possible_values()
        .iter()
        .filter(|value| !value.is_hide_set())
        .map(|value| value.get_name().to_owned())
        .collect();
    if !possible.is_empty() {
        return possible;
    }
    let registry = crate::registry::registry();
    match (command.get_name(), argument.get_id().as_str()) {
        (_, "distro") => distros(),
        ("single", "name") => registry.modules.iter().map(|module| module.name().to_owned()).collect(),
        ("plan", "data_source") => {
            registry.sources.iter().map(|source| source.about().name.to_owned()).collect()
        }
        ("plan", "example") => examples(),
        (_, "output_kind" | "renderer") => renderers(),
        _ => Vec::new(),
    }
}

fn distros() -> Vec<String> {
    crate::registry::distro_names().into_iter().map(str::to_owned).collect()
}

#[cfg(feature = "plan")]
fn examples() -> Vec<String> {
    super::super::plan::example_names()
}

#[cfg(not(feature = "plan"))]
fn examples() -> Vec<String> {
    Vec::new()
}

#[cfg(feature = "net-tools")]
fn renderers() -> Vec<String> {
    network_managers::convert::names().into_iter().map(str::to_owned).collect()
}

#[cfg(not(feature = "net-tools"))]
fn renderers() -> Vec<String> {
    Vec::new()
}
