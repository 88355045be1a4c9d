//! A page per data source, from its description.

use std::fmt::Write as _;

use model::About;
use model::Order as _;
use model::datasource::{Medium, Page};

use super::MADE;

/// The sources of this build in alphabetical order, with their pages. A page that cannot be read is a fault of the build,
/// which a test finds.
fn sources() -> Vec<(&'static About, Page)> {
    let registry = crate::registry::registry();
    let abouts = registry.sources.iter().map(|source| source.about());
    let mut found: Vec<_> = abouts.filter_map(|about| Some((about, Page::parse(about.page).ok()?))).collect();
    found.order_by_key(|(about, _)| about.name.to_lowercase());
    found
}

fn file(about: &About) -> String {
    format!("sources/{}.md", about.name.to_lowercase())
}

/// The part of the index.
pub(super) fn index() -> String {
    let mut text = "\n## Data sources\n\n| data source | |\n|---|---|\n".to_owned();
    for (about, page) in sources() {
        let _ = writeln!(text, "| [`{}`]({}) | {} |", about.name, file(about), page.summary);
    }
    text
}

/// File names and their content.
pub(super) fn pages() -> Vec<(String, String)> {
    sources().into_iter().map(|(about, page)| (file(about), text(about, &page))).collect()
}

fn text(about: &About, page: &Page) -> String {
    let mut text = format!("{MADE}\n# {} (`{}`)\n\n{}\n", page.title, about.name, page.summary);
    if !page.details.is_empty() {
        let _ = write!(text, "\n{}\n", page.details.trim_end());
    }
    let stages = match (about.local, about.network) {
        (Some(_), Some(_)) => "local and network",
        (Some(_), None) => "local",
        (None, _) => "network",
    };
    let medium = match about.evidence.medium {
        Medium::Service => "a metadata service".to_owned(),
        Medium::Device { label, filesystem } => format!("a device ({filesystem}, labelled `{label}`)"),
        Medium::Seed(name) => format!("a directory (`seed/{name}`), among others"),
        Medium::Configuration if !page.example.serial.is_empty() => "a serial port".to_owned(),
        Medium::Configuration if !page.example.programs.is_empty() => "[see below](#what-is-read)".to_owned(),
        Medium::Configuration => "the system configuration".to_owned(),
    };
    let events: Vec<String> = about.event_names().iter().map(|name| format!("`{name}`")).collect();
    let _ = write!(
        text,
        "\n| | |\n|---|---|\n| boot stages | {stages} |\n| documents | {medium} |\n| network is configured on | {} |\n",
        events.join(", ")
    );
    if let Some(order) = about.network_order {
        let _ = writeln!(text, "| network configurations, by precedence | {} |", order.join(", "));
    }
    let _ = write!(text, "\n## Detection\n\n{}\n", page.detection.trim_end());
    if !page.reads.is_empty() {
        text.push_str("\n## What is read\n\n| from | |\n|---|---|\n");
        for (place, what) in &page.reads {
            let _ = writeln!(text, "| `{place}` | {what} |");
        }
    }
    let _ = write!(text, "\n## Configuration\n\n");
    if page.settings.is_empty() {
        let _ = writeln!(text, "`datasource: {{{}: …}}` has no keys.", about.name);
    } else {
        let _ = write!(text, "Keys of `datasource: {{{}: …}}`:\n\n", about.name);
        for setting in &page.settings {
            let default = if setting.default.is_empty() {
                String::new()
            } else {
                format!(" Default: `{}`.", setting.default)
            };
            let _ = writeln!(text, "- `{}`: {}{default}", setting.key, setting.meaning);
        }
    }
    let own = match about.evidence.medium {
        Medium::Configuration => "",
        _ => "; `--metadata-tree DIR` uses documents of your own",
    };
    let _ = write!(
        text,
        "\n## Example\n\n`cloud-init plan --data-source {}` shows the first boot of this example{own}.\n",
        about.name
    );
    for (path, document) in page.example.documents.iter().chain(&page.example.files) {
        let _ = write!(text, "\n`{path}`:\n\n```\n{}\n```\n", document.trim_end());
    }
    for (program, outputs) in &page.example.programs {
        for (arguments, output) in outputs {
            // Windows's programs print UTF-16.
            let output = output.replace('\0', "");
            let _ =
                write!(text, "\nThe output of `{program} {arguments}`:\n\n```\n{}\n```\n", output.trim_end());
        }
    }
    for (port, answers) in &page.example.serial {
        for (request, answer) in answers {
            let request = request.replace('\n', "\\n");
            let _ =
                write!(text, "\nThe answer to `{request}` on `{port}`:\n\n```\n{}\n```\n", answer.trim_end());
        }
    }
    if !page.example.config.is_empty() {
        let _ = write!(
            text,
            "\nIn `/etc/cloud/cloud.cfg.d`:\n\n```yaml\n{}\n```\n",
            page.example.config.trim_end()
        );
    }
    if !page.links.is_empty() {
        text.push_str("\n## See also\n\n");
        for link in &page.links {
            let _ = writeln!(text, "- <{link}>");
        }
    }
    text
}
