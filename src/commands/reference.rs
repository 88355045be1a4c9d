//! `generate reference`: a page for each module, made from its types, and one for each command, made from its
//! definition; an index leads to them.

mod commands;
mod exit_codes;
mod keys;

use std::fmt::Write as _;

use model::{Frequency, Stage};
use modules::catalog::{self, Entry};
use serde_json::Value;

use keys::Keys;

/// The first line of each page.
const MADE: &str =
    "<!-- Made by `cloud-init generate reference`: change the types and the definitions, not this page. -->";

/// Sections of the schema that belong to no module, the name of each one's page, and its heading.
const BASE: &[(&str, &str)] = &[
    ("base_config", "Stages, merging and the image's settings"),
    ("output_config", "Where output goes"),
    ("reporting_config", "Who is told of events"),
];

/// Names of files and their content.
pub(super) fn pages() -> Vec<(String, String)> {
    let schema = modules::cloud_config_schema();
    let mut pages: Vec<(String, String)> =
        catalog::modules().map(|entry| (format!("{}.md", entry.name), module(entry, &schema))).collect();
    pages.extend(BASE.iter().map(|(name, title)| (format!("{name}.md"), base(name, title, &schema))));
    let commands = commands::pages();
    pages.push(("index.md".to_owned(), index(&schema, &commands)));
    pages.extend(commands.into_iter().map(|page| (page.file(), page.text)));
    pages
}

fn frequency(frequency: Frequency) -> &'static str {
    match frequency {
        Frequency::Instance => "once for each instance",
        Frequency::Always => "at every boot",
        Frequency::Once => "once on this disk",
    }
}

fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Config => "[config](../boot-stages.md#config) (`cloud_config_modules`)",
        Stage::Final => "[final](../boot-stages.md#final) (`cloud_final_modules`)",
        Stage::Detect | Stage::Local | Stage::Network => {
            "[network](../boot-stages.md#network) (`cloud_init_modules`)"
        }
    }
}

/// Words as code, with commas.
fn listed(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

fn examples(name: &str, page: &mut String) {
    let texts: Vec<_> = catalog::examples(name).collect();
    let heading = if texts.len() == 1 { "Example" } else { "Examples" };
    let _ = write!(page, "\n## {heading}\n");
    for text in texts {
        let _ = write!(page, "\n```yaml\n{text}```\n");
    }
}

fn module(entry: &Entry, schema: &Value) -> String {
    let Entry { name, title, summary, details, .. } = entry;
    let mut page = format!("{MADE}\n# {title} (`{name}`)\n\n{summary}\n");
    if !details.is_empty() {
        let _ = write!(page, "\n{details}\n");
    }
    if !entry.built {
        page.push_str("\n**This program does not have the module yet.** Its keys are checked, and at boot a warning says ");
        page.push_str("that they are ignored.\n");
    }
    let distros = if entry.distros.is_empty() { "all".to_owned() } else { entry.distros.join(", ") };
    let needs = match entry.keys {
        [] => "nothing: it always runs".to_owned(),
        [one] => format!("`{one}`"),
        keys => format!("one of {}", listed(keys)),
    };
    let _ = write!(
        page,
        "\n| | |\n|---|---|\n| runs | {} |\n| stage | {} |\n| distributions | {distros} |\n| needs | {needs} |\n",
        frequency(entry.frequency),
        stage(entry.stage),
    );
    let keys = Keys::new(schema).section(&format!("cc_{name}"));
    let keys = match (*name, keys.is_empty()) {
        ("write_files_deferred", _) => "Those of [`write_files`](write_files.md).\n".to_owned(),
        (_, true) => "None.\n".to_owned(),
        _ => keys,
    };
    let _ = write!(page, "\n## Keys\n\n{keys}");
    examples(name, &mut page);
    page
}

fn base(name: &str, title: &str, schema: &Value) -> String {
    let keys = Keys::new(schema).section(name);
    let mut page = format!("{MADE}\n# {title}\n\nKeys that belong to no module.\n\n## Keys\n\n{keys}");
    if name == "base_config" {
        examples("base", &mut page);
    }
    page
}

fn index(schema: &Value, commands: &[commands::Page]) -> String {
    let mut page = format!("{MADE}\n# Reference\n\n## Modules\n");
    for stage in [Stage::Network, Stage::Config, Stage::Final] {
        let _ = write!(page, "\n### Stage {}\n\n| module | | keys |\n|---|---|---|\n", self::stage(stage));
        for entry in catalog::modules().filter(|entry| entry.stage == stage) {
            let definition = &schema["$defs"][format!("cc_{}", entry.name)]["properties"];
            let keys: Vec<&str> =
                definition.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect();
            let not_built = if entry.built { "" } else { " *Not in this program yet.*" };
            let _ = writeln!(
                page,
                "| [`{name}`]({name}.md) | {}{not_built} | {} |",
                entry.summary,
                listed(&keys),
                name = entry.name,
            );
        }
    }
    page.push_str("\n### Keys of no module\n\n");
    for (name, title) in BASE {
        let _ = writeln!(page, "- [{title}]({name}.md)");
    }
    page.push_str("\nThe schema of all keys in one file: [cloud-config.json](../../modules/schema/cloud-config.json).\n");
    page.push_str("\n## Commands\n\n| command | |\n|---|---|\n");
    for command in commands {
        let _ = writeln!(page, "| [`{}`]({}) | {} |", command.name, command.file(), command.about);
    }
    page
}
