//! The layers of a machine's configuration.

use std::path::Path;

use mime::{Limits, Message};
use model::handler::DataKind;
use model::{Node, Part, Paths, System};

use super::Watch;
use crate::boot::cache_path;
use crate::config::{Loader, paths as configured_paths};
use crate::handlers::cloud_config::{Merging, PATCH};
use crate::handlers::{Jinja, part_of};
use crate::instance_data::sensitive_path;
use crate::merge::layers_traced;
use crate::{json, template, userdata};

/// The data of one kind, by part, or the merged file.
#[derive(Debug, Default)]
struct Data {
    parts: Vec<Part>,
    /// The values of each part.
    nodes: Vec<Node>,
    /// Only the merged file is available.
    file: Option<Node>,
}

/// All layers.
#[derive(Debug, Default)]
pub struct Gathered {
    /// In increasing precedence.
    data: Vec<Data>,
    /// What is below the data, in decreasing precedence.
    base: Vec<Node>,
    /// What is above it, in decreasing precedence.
    above: Vec<Node>,
    /// What could not be read, and parts that are skipped.
    pub notes: Vec<String>,
    /// Whether root-only files could not be read.
    pub denied: bool,
}

impl Gathered {
    /// All layers in increasing precedence.
    pub fn lowest_first(&self) -> Vec<&Node> {
        let mut all: Vec<&Node> = self.base.iter().rev().collect();
        for data in &self.data {
            all.extend(&data.nodes);
            all.extend(&data.file);
        }
        all.extend(self.above.iter().rev());
        all
    }

    /// All layers merged, with a trace.
    pub fn merged(&self, watch: &mut Watch) -> Node {
        let mut strongest_first = self.above.clone();
        for data in self.data.iter().rev() {
            let mut merging = Merging::default();
            for part in &data.parts {
                // Merge errors are among the notes.
                let _ = merging.add(part, watch);
            }
            strongest_first.extend(merging.merged().cloned().or_else(|| data.file.clone()));
        }
        strongest_first.extend(self.base.iter().cloned());
        layers_traced(strongest_first, watch)
    }
}

/// Reads the layers of a machine.
pub fn gather(system: &System) -> Gathered {
    let loader = Loader::new(system, Vec::new());
    let mut gathered = Gathered { base: loader.base_layers(), ..Gathered::default() };
    let paths = configured_paths(&loader.base());
    let cached = json::read(system, &cache_path(&paths)).unwrap_or_default();
    if let Some(config) = cached.get("config").filter(|config| config.is_object()) {
        gathered.base.insert(0, Node::from_json(config.clone(), &model::Origin::whole("data source")));
    }
    let index = cached.get("launch_index").and_then(serde_json::Value::as_i64);
    for (kind, processed, merged) in [
        (DataKind::Vendor, "vendor-data.txt.i", "vendor-cloud-config.txt"),
        (DataKind::Vendor2, "vendor-data2.txt.i", "vendor2-cloud-config.txt"),
        (DataKind::User, "user-data.txt.i", "cloud-config.txt"),
    ] {
        // Data disabled by the user's configuration was never merged.
        if kind != DataKind::User && !is_there(system, &paths.instance(merged)) {
            continue;
        }
        let index = index.filter(|_| kind == DataKind::User);
        let data = data(system, &paths, (kind, processed, merged), index, &mut gathered);
        gathered.data.push(data);
    }
    let named = system.environment.var("CLOUD_CFG");
    if let Some(Ok(node)) = named.map(|path| loader.file(Path::new(&path), None)) {
        gathered.above.push(node);
    }
    gathered
}

fn is_there(system: &System, path: &Path) -> bool {
    matches!(system.files.stat(path), Ok(Some(found)) if found.len > 0)
}

fn data(
    system: &System,
    paths: &Paths,
    (kind, processed, merged): (DataKind, &str, &str),
    index: Option<i64>,
    gathered: &mut Gathered,
) -> Data {
    let mut data = Data::default();
    let path = paths.instance(processed);
    let bytes = match system.files.read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.is_not_found() => {
            let file = paths.instance(merged);
            let loader = Loader::new(system, Vec::new());
            data.file = loader.file(&file, None).ok();
            return data;
        }
        Err(error) => {
            gathered.denied |= error.source.kind() == std::io::ErrorKind::PermissionDenied;
            gathered.notes.push(error.to_string());
            return data;
        }
    };
    let message = match Message::parse(&bytes, &Limits::default()) {
        Ok(message) => userdata::filter_launch_index(message, index),
        Err(error) => {
            gathered.notes.push(format!("{}: {error}", path.display()));
            return data;
        }
    };
    let mut merging = Merging::default();
    let parts = message.walk().filter(|part| part.maintype() != "multipart");
    for (number, part) in parts.enumerate() {
        let part = match rendered(system, paths, part_of(kind, part, number)) {
            Ok(Some(part)) => part,
            Ok(None) => continue,
            Err(reason) => {
                gathered.notes.push(reason);
                continue;
            }
        };
        if let Err(reason) = merging.add(&part, &mut ()) {
            gathered.notes.push(reason);
            continue;
        }
        if part.content_type != PATCH {
            data.nodes.extend(Node::from_yaml(&part.origin.source, &part.payload).ok().flatten());
        }
        data.parts.push(part);
    }
    data
}

/// The configuration of a part that is a cloud-config or a template of one.
fn rendered(system: &System, paths: &Paths, part: Part) -> Result<Option<Part>, String> {
    match part.content_type.as_str() {
        "text/cloud-config" | PATCH => Ok(Some(part)),
        Jinja::CONTENT_TYPE => {
            let data = json::read(system, &sensitive_path(paths))
                .ok_or_else(|| format!("{}: no instance data to render it with", part.origin))?;
            let text = template::render_instance_template(
                system.sandbox.as_ref(),
                &part.filename,
                &part.text(),
                &data,
            )
            .map_err(|error| error.to_string())?;
            let kind = userdata::content_type_of(text.as_bytes());
            let config = kind == Some("text/cloud-config");
            Ok(config.then(|| Part {
                content_type: "text/cloud-config".to_owned(),
                payload: text.into_bytes(),
                ..part
            }))
        }
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INSTANCE: &str = "/var/lib/cloud/instance";

    fn multipart(parts: &[(&str, &str)]) -> String {
        let each = |(head, text): &(&str, &str)| format!("--b\nContent-Type: {head}\n\n{text}\n");
        let parts = parts.iter().map(each).collect::<Vec<_>>().concat();
        format!("Content-Type: multipart/mixed; boundary=\"b\"\nMIME-Version: 1.0\n\n{parts}--b--\n")
    }

    fn gathered(files: &[(&str, &str)]) -> (Vec<String>, String, Vec<String>) {
        let root = system::Scratch::new().file("/etc/cloud/cloud.cfg", "a: system\nb: system\nc: system\n");
        let named = |root: system::Scratch, (name, text): &(&str, &str)| {
            root.file(&Path::new(INSTANCE).join(name).display().to_string(), text)
        };
        let (system, _) = files.iter().fold(root, named).system();
        let gathered = gather(&system);
        assert!(!gathered.denied);
        let own = |layer: &&Node| layer.get("mark").is_some();
        let layers =
            gathered.lowest_first().into_iter().filter(own).map(|layer| layer.to_json()["mark"].to_string());
        let layers = layers.collect();
        let merged = gathered.merged(&mut Watch::default()).to_json();
        let values: Vec<&str> = ["a", "b", "c"].iter().filter_map(|key| merged[key].as_str()).collect();
        (layers, values.join(" "), gathered.notes)
    }

    /// Upstream's order: the system, the data source, vendor-data and its second, the user.
    #[test]
    fn the_user_is_above_the_vendor_who_is_above_the_source() {
        let source = ("datasource.json", r#"{"config": {"mark": 1, "a": "source", "b": "source"}}"#);
        let vendor = multipart(&[("text/cloud-config", "mark: 2\na: vendor\nb: vendor")]);
        let second = multipart(&[("text/cloud-config", "mark: 3\na: second\nb: second\n")]);
        let user = multipart(&[("text/cloud-config", "mark: 4\na: user\n")]);
        let files = [
            source,
            ("vendor-data.txt.i", &vendor),
            ("vendor-cloud-config.txt", "#cloud-config\n"),
            ("vendor-data2.txt.i", &second),
            ("vendor2-cloud-config.txt", "#cloud-config\n"),
            ("user-data.txt.i", &user),
            ("cloud-config.txt", "#cloud-config\n"),
        ];
        assert_eq!(gathered(&files).0, ["1", "2", "3", "4"]);
        assert_eq!(gathered(&files).1, "user second system");
        assert_eq!(gathered(&files).2, Vec::<String>::new());
        assert_eq!(gathered(&[]).1, "system system system");
        // Vendor-data that is not enabled is merged into an empty file, or into none.
        for disabled in ["", "missing"] {
            let mut files = files.to_vec();
            files[4] = if disabled.is_empty() { (files[4].0, "") } else { (disabled, "x") };
            assert_eq!(gathered(&files).1, "user vendor system", "{disabled}");
        }
        // The user's data has no such condition.
        assert_eq!(gathered(&files[..6]).1, "user second system");
    }

    /// Where the parts are not stored, there is the file that they were merged into.
    #[test]
    fn without_parts_the_merged_file_counts() {
        let files = [("cloud-config.txt", "#cloud-config\nmark: 5\nb: merged\n")];
        let (layers, values, notes) = gathered(&files);
        assert_eq!((layers, values.as_str(), notes), (vec!["5".to_owned()], "system merged system", vec![]));
    }

    #[test]
    fn parts_of_other_types_and_other_launches_are_skipped_and_faults_are_noted() {
        let user = multipart(&[
            ("text/cloud-config\nLaunch-Index: 0", "mark: 0\na: first\n"),
            ("text/cloud-config\nLaunch-Index: 1", "mark: 1\nb: second\n"),
            ("text/x-shellscript", "mark: 2\na: script\n"),
            ("text/cloud-config", "mark: [\n"),
            ("text/jinja2", "## template: jinja\n#cloud-config\nmark: 6\nc: {{ v1.region }}\n"),
            ("text/jinja2", "## template: jinja\n#!/bin/sh\n# {{ v1.region }}\n"),
        ]);
        let source = ("datasource.json", r#"{"launch_index": 1}"#);
        let data = ("/run/cloud-init/instance-data-sensitive.json", r#"{"v1": {"region": "north"}}"#);
        let (layers, values, notes) = gathered(&[source, ("user-data.txt.i", &user)]);
        assert_eq!((layers.join(" "), values.as_str()), ("1".to_owned(), "system second system"));
        assert_eq!(notes.len(), 3, "{notes:?}");
        assert!(notes[1].contains("no instance data to render it with"), "{notes:?}");
        let (layers, values, notes) = gathered(&[source, ("user-data.txt.i", &user), data]);
        assert_eq!((layers.join(" "), values.as_str()), ("1 6".to_owned(), "system second north"));
        assert_eq!(notes.len(), 1, "{notes:?}");
    }
}
