//! `query`.

use engine::query::{self, Sources};

use crate::cli::Query;
use crate::output;

/// Prints a value, the keys, everything, or a rendered format.
pub(crate) fn run(options: &Query) -> u8 {
    if !options.list_keys && !options.all && options.format.is_none() && options.varname.is_none() {
        output::error("ERROR: Expected one of the options: --all, --format, --list-keys or varname");
        return 1;
    }
    let system = super::host();
    let (_, paths) = super::configuration(&system);
    let sources = Sources {
        instance_data: options.instance_data.clone(),
        user_data: options.user_data.clone(),
        vendor_data: options.vendor_data.clone(),
    };
    let answer =
        query::load(&system, &paths, &sources).and_then(|data| match (&options.format, &options.varname) {
            (Some(format), _) => query::format(&system, &data, format),
            (None, varname) if options.list_keys => query::keys(&data, varname.as_deref()),
            (None, Some(path)) => query::find(&data, path).map(|value| query::shown(&value)),
            (None, None) => Ok(query::shown(&query::without_aliases(&data))),
        });
    match answer {
        // Like upstream, treats a format that renders to nothing as a failure.
        Ok(text) if options.format.is_some() && text.is_empty() => 1,
        Ok(text) => {
            let warning = engine::template::missing_names("query command line", &text);
            if let Some(warning) = warning.filter(|_| options.format.is_some()) {
                output::error(&format!("WARNING: {warning}"));
            }
            output::line(&text);
            0
        }
        Err(error) => {
            output::error(&format!("ERROR: {error}"));
            1
        }
    }
}
