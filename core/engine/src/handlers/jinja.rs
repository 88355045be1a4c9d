//! `## template: jinja`: rendered with the instance data, then handled according to its new first line.

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

    /// The rendered text; `None` if it is empty.
    pub fn render(context: &HandlerContext<'_>, part: &Part) -> Result<Option<Part>, HandlerError> {
        let failed = |reason: String| HandlerError { origin: part.origin.clone(), reason };
        let text = part.text();
        if !template::is_jinja(&text) {
            return Err(failed("not a jinja template: the first line is not '## template: jinja'".into()));
        }
        let path = sensitive_path(context.paths);
        let data = json::read(context.system, &path).ok_or_else(|| {
            failed(format!("cannot render the template: no instance data at {}", path.display()))
        })?;
        let rendered =
            template::render_instance_template(context.system.sandbox.as_ref(), &part.filename, &text, &data)
                .map_err(|error| failed(format!("ignoring the template: {error}")))?;
        if rendered.is_empty() {
            return Ok(None);
        }
        let supported =
            ["text/cloud-config", "text/cloud-config-jsonp", "text/x-shellscript", "text/cloud-boothook"];
        match userdata::content_type_of(rendered.as_bytes()).filter(|found| supported.contains(found)) {
            Some(content_type) => Ok(Some(Part {
                // Upstream passes even a patch to its plain cloud-config handler.
                content_type: if content_type == PATCH { "text/cloud-config" } else { content_type }.to_owned(),
                payload: rendered.into_bytes(),
                ..part.clone()
            })),
            None => Err(failed(
                "ignoring the template: the rendered text must start with #cloud-config, #! or #cloud-boothook".into(),
            )),
        }
    }
}
