//! `#cloud-boothook`: stored, and run immediately at every boot.

use model::effects::{Attributes, Command};
use model::handler::{HandlerContext, HandlerError};
use model::{Handler, Part};

use super::{clean_filename, dos2unix};

/// Runs boothooks.
pub struct Boothook;

impl Handler for Boothook {
    fn name(&self) -> &'static str {
        "boothook"
    }

    fn accepts(&self) -> &'static [&'static str] {
        &["text/cloud-boothook"]
    }

    fn part(&mut self, context: &HandlerContext<'_>, part: &Part) -> Result<(), HandlerError> {
        let failed = |reason: String| HandlerError { origin: part.origin.clone(), reason };
        let content = dos2unix(&part.payload);
        let content = content.strip_prefix(b"#cloud-boothook").unwrap_or(&content).trim_ascii_start();
        let id = &context.instance.instance_id;
        let path = context.paths.instance_dir(id).join("boothooks").join(clean_filename(&part.filename));
        context
            .system
            .files
            .ensure(&path, content, &Attributes::mode(0o700))
            .map_err(|error| failed(error.to_string()))?;
        let command = Command::new(path.display().to_string())
            .env("INSTANCE_ID", id.as_str())
            .inherit_output()
            .of_user();
        context
            .system
            .commands
            .run(&command)
            .map(drop)
            .map_err(|error| failed(format!("boothook failed: {error}")))
    }
}
