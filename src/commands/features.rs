//! `features`: what this program was built with.

use clap::Args;

use crate::output;

/// `features`.
#[derive(Debug, Args)]
pub(crate) struct Features {
    /// Also list the features of this build and its data sources, distributions, modules and renderers, one `KIND NAME`
    /// per line.
    #[arg(long)]
    all: bool,
}

/// The features that upstream defines; with `--all` also the built-in members of each family.
pub(crate) fn run(options: &Features) -> u8 {
    output::text("NETWORK_CONFIG_V1\nNETWORK_CONFIG_V2\n");
    if options.all {
        let registry = crate::registry::registry();
        let kinds: [(&str, Vec<&str>); 5] = [
            ("feature", crate::absent::present().collect()),
            ("data-source", registry.sources.iter().map(|source| source.about().name).collect()),
            ("distribution", crate::registry::distro_names()),
            ("module", registry.modules.iter().map(|module| module.name()).collect()),
            ("renderer", network_managers::convert::names()),
        ];
        for (kind, names) in kinds {
            for name in names {
                output::line(&format!("{kind} {name}"));
            }
        }
    }
    0
}
