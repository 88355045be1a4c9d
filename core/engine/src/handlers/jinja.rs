//! `## template: jinja`: rendered with the instance-data, then handled by its new first line.

use model::Part;
use model::handler::{HandlerContext, HandlerError};

use super::cloud_config::PATCH;
use crate::instance_data::sensitive_path;
use crate::{json, template, userdata};

/// Renders templates.
pub struct Jinja;

impl Jinja {
    /// The content type of a template.
    pub const CONTENT_TYPE: &'static str = "text/jinja2";

    /// What the template holds; `None` when it renders to nothing.
    pub fn render(context: &HandlerContext<'_>, part: &Part) -> Result<Option<Part>, HandlerError> {
        let failed = |reason: String| HandlerError { origin: part.origin.clone(), reason };
        let text = part.text();
        if !template::is_jinja(&text) {
            return Err(failed("it is no jinja template: its first line is not '## template: jinja'".into()));
        }
        let path = sensitive_path(context.paths);
        let data = json::read(context.system, &path).ok_or_else(|| {
            failed(format!("cannot render a template: no instance-data at {}", path.display()))
        })?;
        let rendered = template::render_instance_template(&part.filename, &text, &data)
            .map_err(|error| failed(format!("the template is ignored: {error}")))?;
        if rendered.is_empty() {
            return Ok(None);
        }
        let supported =
            ["text/cloud-config", "text/cloud-config-jsonp", "text/x-shellscript", "text/cloud-boothook"];
        match userdata::content_type_of(rendered.as_bytes()).filter(|found| supported.contains(found)) {
            Some(content_type) => Ok(Some(Part {
                // The original hands even a patch to its merging of plain cloud-config.
                content_type: if content_type == PATCH { "text/cloud-config" } else { content_type }.to_owned(),
                payload: rendered.into_bytes(),
                ..part.clone()
            })),
            None => Err(failed(
                "the template is ignored: what it renders begins neither with #cloud-config, #! nor #cloud-boothook".into(),
            )),
        }
    }
}
