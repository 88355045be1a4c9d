//! Commands that this build lacks: a message with the feature that has them, instead of "unrecognized subcommand".

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// The commands behind a feature, and whether this build has it.
const OPTIONAL: &[(&str, &[&str], bool)] = &[
    ("schema", &["schema"], cfg!(feature = "schema")),
    ("admin-tools", &["analyze", "collect-logs", "make-mime", "render"], cfg!(feature = "admin-tools")),
    ("net-tools", &["net", "net-convert"], cfg!(feature = "net-tools")),
    ("plan", &["plan"], cfg!(feature = "plan")),
    ("explain", &["explain"], cfg!(feature = "explain")),
    ("packaging", &["generate"], cfg!(feature = "packaging")),
];

/// The features with commands of their own that this build has.
pub(crate) fn present() -> impl Iterator<Item = &'static str> {
    let others = [("http", cfg!(feature = "http")), ("tls", cfg!(feature = "tls"))];
    let optional = OPTIONAL.iter().map(|(feature, _, built)| (*feature, *built));
    optional.chain(others).filter(|(_, built)| *built).map(|(feature, _)| feature)
}

/// The message for a command of another build.
pub(crate) fn message(error: &clap::Error) -> Option<String> {
    // Arguments of a command with optional subcommands, and those of one without.
    let kind = match error.kind() {
        ErrorKind::InvalidSubcommand => ContextKind::InvalidSubcommand,
        ErrorKind::UnknownArgument => ContextKind::InvalidArg,
        _ => return None,
    };
    let Some(ContextValue::String(name)) = error.get(kind) else { return None };
    let feature = missing(name)?;
    Some(format!("error: the command '{name}' is not in this build; the feature {feature} has it"))
}

fn missing(name: &str) -> Option<&'static str> {
    let row = OPTIONAL.iter().find(|(_, commands, _)| commands.contains(&name))?;
    (!row.2).then_some(row.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_optional_command_of_the_definition_has_a_row() {
        let definition = crate::cli::definition();
        let devel = definition.find_subcommand("devel").expect("a command");
        for (_, commands, built) in OPTIONAL {
            for name in *commands {
                let found = [&definition, devel].iter().any(|parent| parent.find_subcommand(name).is_some());
                assert_eq!(found, *built, "{name}");
            }
        }
        assert_eq!(missing("schema").is_some(), !cfg!(feature = "schema"));
        assert_eq!(missing("schmea"), None);
    }
}
