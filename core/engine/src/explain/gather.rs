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
