//! `#cloud-config` and `#cloud-config-jsonp`: merged, part after part, into the instance's cloud-config.txt.

use model::config::Origin;
use model::effects::Attributes;
use model::handler::{DataKind, HandlerContext, HandlerError};
use model::{Handler, Node, Part};
use yaml::write::{Style, dump};

use crate::config::origins;
use crate::merge::Strategy;

/// Merges cloud-config.
#[derive(Default)]
pub struct CloudConfig {
    merged: Option<Node>,
    merged_from: Vec<String>,
    broken: Vec<String>,
}

fn flat(name: &str) -> String {
    name.replace(['\n', '\r', '\t'], " ").trim().to_owned()
}

impl CloudConfig {
    fn merge(&mut self, part: &Part) -> Result<(), String> {
        let mut config = Node::from_yaml(&part.origin.source, &part.payload)
            .map_err(|error| error.to_string())?
            .filter(|config| !config.is_null())
            .ok_or("empty cloud config")?;
        if config.as_map().is_none() {
            let found = config.value.kind();
            return Err(format!("{}: a cloud-config is a mapping of keys, not a {found}", config.origin));
        }
        let inside = Strategy::take_from(&mut config).map_err(|error| error.to_string())?;
        let header = ["merge-type", "x-merge-type"]
            .iter()
            .find_map(|name| part.headers.get(*name).map(|text| text.trim()).filter(|text| !text.is_empty()));
        let outside = header.map(Strategy::parse).transpose().map_err(|error| error.to_string())?;
        let strategy = match (inside, outside) {
            (Some(inside), Some(outside)) => inside.then(outside),
            (Some(only), None) | (None, Some(only)) => only,
            (None, None) => Strategy::between_parts(),
        };
        let strategy = if strategy.is_empty() { Strategy::between_parts() } else { strategy };
        let before =
            self.merged.take().unwrap_or_else(|| Node::empty_map(Origin::whole("merged cloud-config")));
        self.merged = Some(strategy.merge(before, config));
        Ok(())
    }

    fn patch(&mut self, part: &Part) -> Result<(), String> {
        let text = part.text();
        let text = text.trim_start();
        let text = text.strip_prefix("#cloud-config-jsonp").unwrap_or(text);
        let patch: json_patch::Patch = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let before = self.merged.clone().unwrap_or_else(|| Node::empty_map(part.origin.clone()));
        let mut document = before.to_json();
        json_patch::patch(&mut document, &patch).map_err(|error| error.to_string())?;
        self.merged = Some(Node::from_json(document, &part.origin));
        Ok(())
    }

    /// The file as the original writes it.
    fn text(&self) -> String {
        let Some(merged) = &self.merged else { return String::new() };
        let mut lines = vec!["#cloud-config".to_owned(), String::new()];
        if !self.merged_from.is_empty() {
            lines.push(format!("# from {} files", self.merged_from.len()));
            lines.extend(
                self.merged_from.iter().map(|name| format!("# {}", if name.is_empty() { "?" } else { name })),
            );
            lines.push(String::new());
        }
        lines.extend(
            self.broken.iter().map(|name| format!("# Cloud-config part ignored SCHEMA_ERROR: {name}")),
        );
        lines.push(dump(&merged.to_yaml().value, &Style::default()));
        lines.join("\n")
    }
}

impl Handler for CloudConfig {
    fn name(&self) -> &'static str {
        "cloud-config"
    }

    fn accepts(&self) -> &'static [&'static str] {
        &["text/cloud-config", "text/cloud-config-jsonp"]
    }

    fn begin(&mut self, _context: &HandlerContext<'_>) -> Result<(), HandlerError> {
        *self = Self::default();
        Ok(())
    }

    fn part(&mut self, _context: &HandlerContext<'_>, part: &Part) -> Result<(), HandlerError> {
        if self.merged.is_none() {
            self.merged = Some(Node::empty_map(Origin::whole("merged cloud-config")));
        }
        let outcome =
            if part.content_type == "text/cloud-config-jsonp" { self.patch(part) } else { self.merge(part) };
        match outcome {
            Ok(()) => {
                self.merged_from.push(flat(&part.filename));
                Ok(())
            }
            Err(reason) => {
                self.broken.push(part.filename.trim().to_owned());
                if self.merged.is_none() {
                    self.merged = Some(Node::empty_map(part.origin.clone()));
                }
                let reason =
                    format!("Failed at merging in cloud config part from {}: {reason}", part.filename);
                Err(HandlerError { origin: part.origin.clone(), reason })
            }
        }
    }

    fn end(&mut self, context: &HandlerContext<'_>) -> Result<(), HandlerError> {
        let name = match context.kind {
            DataKind::User => "cloud-config.txt",
            DataKind::Vendor => "vendor-cloud-config.txt",
            DataKind::Vendor2 => "vendor2-cloud-config.txt",
        };
        let path = context.paths.instance_dir(&context.instance.instance_id).join(name);
        let files = &context.system.files;
        let written = files.write(&path, self.text().as_bytes(), &Attributes::secret()).and_then(|()| {
            let Some(merged) = &self.merged else { return Ok(()) };
            files.write(&origins::beside(&path), origins::collect(merged).as_bytes(), &Attributes::secret())
        });
        written.map_err(|error| HandlerError { origin: Origin::whole(name), reason: error.to_string() })
    }
}
