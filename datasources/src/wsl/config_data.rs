//! Files with user-data, and how those of an administrator and of a user are combined.

use std::path::{Path, PathBuf};

use metadata::documents;
use model::datasource::SourceError;
use model::effects::ReadFiles;
use serde_json::{Map, Value, json};
use yaml::write::{Style, dump};

/// How PyYAML writes a document.
const PLAIN: Style =
    Style { indent: 2, width: 80, sort_keys: true, explicit_start: false, explicit_end: false };

/// A file, and its mapping if it is cloud-config.
pub(super) struct ConfigData {
    path: PathBuf,
    raw: String,
    config: Option<Map<String, Value>>,
}

/// Whether a document is cloud-config and nothing that only begins like it.
fn is_cloud_config(text: &str) -> bool {
    let first = text.trim_start().to_lowercase();
    let begins = |header: &str| first.starts_with(header);
    begins("#cloud-config") && !begins("#cloud-config-archive") && !begins("#cloud-config-jsonp")
}

fn written(config: &Map<String, Value>) -> String {
    let node = model::Node::from_json(Value::Object(config.clone()), &model::Origin::whole("user-data"));
    dump(&node.into_yaml().value, &PLAIN).trim().to_owned()
}

impl ConfigData {
    /// Reads a file. With an ID, Landscape's client gets it as the ID of its registration, unless it has one.
    pub(super) fn read(
        files: &dyn ReadFiles,
        path: &Path,
        id: Option<&str>,
    ) -> Result<Self, SourceError> {
        let bytes = files.read(path)?;
        let raw = String::from_utf8_lossy(&bytes).into_owned();
        let mut found = Self { path: path.to_owned(), raw, config: None };
        if is_cloud_config(&found.raw) {
            match documents::mapping(&path.display().to_string(), &bytes) {
                Ok(node) => found.config = Some(documents::object(&node)),
                Err(error) => tracing::warn!("Failed loading yaml blob. {error}"),
            }
        }
        if let Some(id) = id {
            found.register(id);
        }
        Ok(found)
    }

    fn register(&mut self, id: &str) {
        let Some(config) = &mut self.config else { return };
        let client = config.get_mut("landscape").and_then(|landscape| landscape.get_mut("client"));
        let Some(Value::Object(client)) = client else { return };
        let field = client.entry("installation_request_id").or_insert_with(|| id.into());
        if field.as_str() == Some(id) {
            self.raw = format!("#cloud-config\n{}", written(config));
        }
    }
}

/// One user-data of both. The agent's top-level keys take precedence, except for the user's tags of Landscape.
pub(super) fn merged(agent: Option<ConfigData>, user: Option<ConfigData>) -> Option<String> {
    let has_content = |data: &ConfigData| !data.raw.is_empty();
    let (agent, user) = match (agent.filter(has_content), user.filter(has_content)) {
        (Some(agent), Some(user)) => (agent, user),
        (Some(only), None) | (None, Some(only)) => return Some(only.raw),
        (None, None) => return None,
    };
    let (Some(own), Some(mut config)) = (agent.config, user.config) else {
        // A file that is no cloud-config is a part of its own. The agent's comes first, so that a mistake in the user's
        // does not affect it.
        return Some(format!("#include\n{}\n{}\n", agent.path.display(), user.path.display()));
    };
    let client = |config: &Map<String, Value>| config.get("landscape").and_then(|found| found.get("client")).cloned();
    let tags = client(&config).and_then(|client| client.get("tags").cloned());
    let tags = tags.filter(|tags| !tags.is_null() && *tags != json!(""));
    for (key, value) in own {
        if config.contains_key(&key) {
            tracing::debug!("{} overrides config key {key}", agent.path.display());
        }
        config.insert(key, value);
    }
    if let (Some(tags), Some(Value::Object(client))) =
        (tags, config.get_mut("landscape").and_then(|found| found.get_mut("client")))
        && !client.is_empty()
    {
        client.insert("tags".to_owned(), tags);
    }
    Some(format!("#cloud-config\n# Merged from the files of Ubuntu Pro's agent and of the user.\n{}", written(&config)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use system::Scratch;

    fn data(text: &str, id: Option<&str>) -> ConfigData {
        let root = Scratch::new().file("/f", text);
        ConfigData::read(&root, Path::new("/f"), id).expect("readable")
    }

    #[test]
    fn the_agent_takes_precedence_but_not_over_tags() {
        let agent = data("#cloud-config\nlandscape: {client: {tags: wsl, url: a}}\nubuntu_pro: {token: t}\n", None);
        let user = data("#cloud-config\nlandscape: {client: {tags: mine}}\npackages: [vim]\n", None);
        assert_eq!(
            merged(Some(agent), Some(user)).as_deref(),
            Some(
                "#cloud-config\n# Merged from the files of Ubuntu Pro's agent and of the user.\nlandscape:\n  client:\n    \
                 tags: mine\n    url: a\npackages:\n- vim\nubuntu_pro:\n  token: t"
            )
        );
    }

    #[test]
    fn scripts_are_included() {
        let (agent, user) = (data("#cloud-config\n{}\n", None), data("#!/bin/sh\n", None));
        assert_eq!(merged(Some(agent), Some(user)).as_deref(), Some("#include\n/f\n/f\n"));
        assert_eq!(merged(Some(data("", None)), None), None);
        assert_eq!(merged(None, Some(data("#!/bin/sh\n", None))).as_deref(), Some("#!/bin/sh\n"));
    }

    #[test]
    fn a_registration_gets_the_id_unless_it_has_one() {
        let raw = |text: &str| data(text, Some("i-1")).raw;
        assert_eq!(
            raw("#cloud-config\nlandscape: {client: {url: a}}\n"),
            "#cloud-config\nlandscape:\n  client:\n    installation_request_id: i-1\n    url: a"
        );
        let own = "#cloud-config\nlandscape: {client: {installation_request_id: x}}\n";
        assert_eq!(raw(own), own);
        assert_eq!(raw("#cloud-config\npackages: [vim]\n"), "#cloud-config\npackages: [vim]\n");
        assert!(!is_cloud_config("#cloud-config-archive\n[]") && is_cloud_config("\n#Cloud-Config\n"));
    }
}
