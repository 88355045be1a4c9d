//! Shell scripts: stored in the instance, or in the directories for a certain frequency.

use model::effects::Attributes;
use model::handler::{DataKind, HandlerContext, HandlerError};
use model::{Handler, Part};

use super::{clean_filename, dos2unix};

fn write(context: &HandlerContext<'_>, directory: &std::path::Path, part: &Part) -> Result<(), HandlerError> {
    let path = directory.join(clean_filename(&part.filename));
    context
        .system
        .files
        .ensure(
            &path,
            &dos2unix(&part.payload),
            &Attributes { mode: Some(0o700), secret: false, ..Attributes::default() },
        )
        .map_err(|error| HandlerError { origin: part.origin.clone(), reason: error.to_string() })
}

/// `#!`: run at the end of the instance's first boot by scripts_user, or by scripts_vendor for vendor-data.
pub struct Scripts;

impl Handler for Scripts {
    fn name(&self) -> &'static str {
        "scripts"
    }

    fn accepts(&self) -> &'static [&'static str] {
        &["text/x-shellscript"]
    }

    fn part(&mut self, context: &HandlerContext<'_>, part: &Part) -> Result<(), HandlerError> {
        let directory = match context.kind {
            DataKind::User => "scripts",
            DataKind::Vendor | DataKind::Vendor2 => "scripts/vendor",
        };
        write(context, &context.paths.instance(directory), part)
    }
}

/// `text/x-shellscript-per-…`: stored outside the instance.
pub enum FrequencyScripts {
    /// At every boot.
    Boot,
    /// Once for each instance.
    Instance,
    /// Once.
    Once,
}

impl Handler for FrequencyScripts {
    fn name(&self) -> &'static str {
        "scripts-by-frequency"
    }

    fn accepts(&self) -> &'static [&'static str] {
        match self {
            Self::Boot => &["text/x-shellscript-per-boot"],
            Self::Instance => &["text/x-shellscript-per-instance"],
            Self::Once => &["text/x-shellscript-per-once"],
        }
    }

    fn part(&mut self, context: &HandlerContext<'_>, part: &Part) -> Result<(), HandlerError> {
        let directory = match self {
            Self::Boot => "per-boot",
            Self::Instance => "per-instance",
            Self::Once => "per-once",
        };
        // Only the last component of its name is used here.
        let name = part.filename.rsplit('/').next().unwrap_or_default().to_owned();
        // Like upstream, the vendor's scripts are stored beside the ones that run.
        let directory = match context.kind {
            DataKind::User => context.paths.scripts(directory),
            DataKind::Vendor | DataKind::Vendor2 => context.paths.scripts("vendor").join(directory),
        };
        write(context, &directory, &Part { filename: name, ..part.clone() })
    }
}
