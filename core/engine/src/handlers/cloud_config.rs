//! `#cloud-config` and `#cloud-config-jsonp`: merged part by part into the instance's cloud-config.txt.

use model::config::Origin;
use model::effects::Attributes;
use model::handler::{DataKind, HandlerContext, HandlerError};
use model::{Handler, Node, Part};
use yaml::write::{Style, dump};

use super::patch::{self, PatchError};
use super::size::Size;
use crate::config::origins;
use crate::merge::{MergeError, Strategy, Trace};
use crate::state;

/// The content type of a JSON patch.
pub const PATCH: &str = "text/cloud-config-jsonp";

/// Merged cloud-config parts.
#[derive(Debug, Default)]
pub struct Merging {
    merged: Option<Node>,
    /// At least the size of the merged tree.
    size: Size,
    from: Vec<String>,
    broken: Vec<String>,
}

/// Why a part is skipped. The merged file records what upstream calls a value error, and nothing else.
enum Refused {
    Noted(String),
    Dropped(String),
}

impl From<MergeError> for Refused {
    fn from(error: MergeError) -> Self {
        match &error {
            MergeError::Form(_) => Self::Noted(error.to_string()),
            _ => Self::Dropped(error.to_string()),
        }
    }
}

fn flat(name: &str) -> String {
    name.replace(['\n', '\r', '\t'], " ").trim().to_owned()
}

impl Merging {
    /// Merges a part, with a trace; returns an error if it cannot be merged.
    pub fn add<T: Trace>(&mut self, part: &Part, trace: &mut T) -> Result<(), String> {
        // Before the first merge there is no value.
        let before = match self.merged.take() {
            Some(merged) if !self.from.is_empty() => merged,
            _ => Node::empty_map(Origin::whole("merged cloud-config")),
        };
        let (merged, outcome) = if part.content_type == PATCH {
            match patched(&before, part, trace) {
                Ok(merged) => {
                    self.size = Size::of(&merged);
                    (merged, Ok(()))
                }
                Err(refused) => (before, Err(refused)),
            }
        } else {
            merged(before, &mut self.size, part, trace)
        };
        self.merged = Some(merged);
        let (noted, reason) = match outcome {
            Ok(()) => {
                self.from.push(flat(&part.filename));
                return Ok(());
            }
            Err(Refused::Noted(reason)) => (true, reason),
            Err(Refused::Dropped(reason)) => (false, reason),
        };
        if noted {
            self.broken.push(part.filename.trim().to_owned());
        }
        Err(format!("Failed at merging in cloud config part from {}: {reason}", part.filename))
    }

    /// The result; `None` if there was no part.
    pub fn merged(&self) -> Option<&Node> {
        self.merged.as_ref()
    }

    /// The file in upstream's format.
    fn into_text(self) -> String {
        // A patch may have replaced everything by null.
        let Some(merged) = self.merged.filter(|merged| !merged.is_null()) else {
            return String::new();
        };
        let mut lines = vec!["#cloud-config".to_owned(), String::new()];
        if !self.from.is_empty() {
            lines.push(format!("# from {} files", self.from.len()));
            lines.extend(
                self.from.iter().map(|name| format!("# {}", if name.is_empty() { "?" } else { name })),
            );
            lines.push(String::new());
        }
        lines.extend(
            self.broken.iter().map(|name| format!("# Cloud-config part ignored SCHEMA_ERROR: {name}")),
        );
        let mut head = lines.join("\n");
        head.push('\n');
        // The document may be large: only the head is copied.
        let mut text = dump(&merged.into_yaml().value, &Style::default());
        text.insert_str(0, &head);
        text
    }
}

/// The configuration of a part, and its merge strategy.
fn read(part: &Part) -> Result<(Node, Strategy), Refused> {
    let noted = |reason: &str| Refused::Noted(reason.to_owned());
    let mut config = Node::from_yaml(&part.origin.source, &part.payload)
        .map_err(|error| Refused::Noted(error.without_text()))?
        .filter(|config| !config.is_null())
        .ok_or_else(|| noted("empty cloud config"))?;
    if config.as_map().is_none() {
        let found = config.value.a_kind();
        return Err(Refused::Noted(format!("{}: expected a mapping of keys, found {found}", config.origin)));
    }
    let inside = Strategy::take_from(&mut config);
    let header = ["Merge-Type", "X-Merge-Type"]
        .iter()
        .find_map(|name| part.headers.get(*name).filter(|text| !text.is_empty()));
    let outside = header.map(|text| Strategy::parse(text)).transpose();
    let (inside, outside) = match (inside, outside) {
        (Err(late), Err(error)) if late.is_late() && !error.is_late() => return Err(error.into()),
        (inside, outside) => (inside?, outside?),
    };
    let strategy = match (inside, outside) {
        (Some(inside), Some(outside)) => inside.then(outside),
        (Some(only), None) | (None, Some(only)) => only,
        (None, None) => Strategy::between_parts(),
    };
    Ok((config, if strategy.is_empty() { Strategy::between_parts() } else { strategy }))
}

fn merged<T: Trace>(
    before: Node,
    size: &mut Size,
    part: &Part,
    trace: &mut T,
) -> (Node, Result<(), Refused>) {
    let (config, strategy) = match read(part) {
        Ok(read) => read,
        Err(refused) => return (before, Err(refused)),
    };
    if let Err(error) = strategy.fits(&before, &config) {
        return (before, Err(error.into()));
    }
    let own = Size::of(&config);
    if size.and(own).check(1).is_err() {
        // Replaced values no longer count.
        *size = Size::of(&before);
    }
    if let Err(what) = size.and(own).check(1) {
        return (before, Err(Refused::Dropped(format!("the merged cloud-config would have {what}"))));
    }
    *size = size.and(own);
    let merged = strategy.traced(before, config, trace).expect("checked above");
    (merged, Ok(()))
}

fn patched<T: Trace>(before: &Node, part: &Part, trace: &mut T) -> Result<Node, Refused> {
    let text = part.text();
    let text = text.trim_start();
    let text = text.strip_prefix("#cloud-config-jsonp").unwrap_or(text);
    // The patch is also YAML, so its values have places.
    let places = Node::from_yaml(&part.origin.source, &part.payload).ok().flatten();
    patch::apply(before, text, places.as_ref(), &part.origin, trace).map_err(|error| match &error {
        PatchError::Json(_) => Refused::Noted(error.to_string()),
        _ => Refused::Dropped(error.to_string()),
    })
}

/// Merges cloud-config parts.
#[derive(Default)]
pub struct CloudConfig {
    merging: Merging,
}

impl Handler for CloudConfig {
    fn name(&self) -> &'static str {
        "cloud-config"
    }

    fn accepts(&self) -> &'static [&'static str] {
        &["text/cloud-config", PATCH]
    }

    fn begin(&mut self, _context: &HandlerContext<'_>) -> Result<(), HandlerError> {
        *self = Self::default();
        Ok(())
    }

    fn part(&mut self, _context: &HandlerContext<'_>, part: &Part) -> Result<(), HandlerError> {
        self.merging.add(part, &mut ()).map_err(|reason| HandlerError { origin: part.origin.clone(), reason })
    }

    fn end(&mut self, context: &HandlerContext<'_>) -> Result<(), HandlerError> {
        let name = match context.kind {
            DataKind::User => "cloud-config.txt",
            DataKind::Vendor => "vendor-cloud-config.txt",
            DataKind::Vendor2 => "vendor2-cloud-config.txt",
        };
        let path = context.paths.instance_dir(&context.instance.instance_id).join(name);
        // Not needed any more, and may be large.
        let merging = std::mem::take(&mut self.merging);
        let kept = merging.merged().map(origins::collect);
        let text = merging.into_text();
        let secret = Attributes::secret();
        let written =
            state::write(context.system, &path, text.as_bytes(), &secret).and_then(|()| match kept {
                Some(kept) => state::write(context.system, &origins::beside(&path), kept.as_bytes(), &secret),
                None => Ok(()),
            });
        written.map_err(|error| HandlerError { origin: Origin::whole(name), reason: error.to_string() })
    }
}
