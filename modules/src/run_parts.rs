//! Runs all scripts of a directory.

use std::path::Path;

use model::effects::{Command, FileKind};
use model::module::Report;
use model::{Context, ModuleError};

/// Runs the executable files of a directory in the order of their names, even after failures. The error gives the
/// number and names of those that failed.
pub(crate) fn run(
    context: &Context<'_>,
    directory: &Path,
    prefix: &[String],
    report: &mut Report,
) -> Result<(), ModuleError> {
    let files = &context.system.files;
    if !files.is_dir(directory) {
        return Ok(());
    }
    let (mut attempted, mut failed) = (0_usize, Vec::new());
    for name in files.list(directory)? {
        let path = directory.join(&name);
        match files.stat(&path)? {
            Some(found) if found.kind == FileKind::File && found.mode & 0o111 != 0 => {}
            Some(found) if found.kind == FileKind::File => {
                let message = format!(
                    "skipping {} as its not executable or the underlying file system is mounted without executable \
                     permissions.",
                    path.display()
                );
                report.warn(None, message);
                continue;
            }
            _ => {
                tracing::debug!("Not executing special file [{}]", path.display());
                continue;
            }
        }
        attempted += 1;
        let words = prefix.iter().cloned().chain([path.to_string_lossy().into_owned()]);
        if let Err(error) = context.system.commands.run(&Command::line(words).inherit_output().of_user()) {
            tracing::warn!("{error}");
            failed.push(name);
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    Err(ModuleError::Failed(format!(
        "Runparts: {} failures ({}) in {attempted} attempted commands",
        failed.len(),
        failed.join(",")
    )))
}
