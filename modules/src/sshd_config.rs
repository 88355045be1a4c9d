//! Changes sshd settings: in a separate file if sshd_config includes such files.

use std::path::{Path, PathBuf};

use etc_files::sshd::SshdConfig;
use model::effects::Attributes;
use model::{Context, ModuleError};

/// Whether sshd_config includes the directory beside it, or consists of that directory only.
fn includes(context: &Context<'_>, config: &Path, directory: &Path) -> bool {
    let files = &context.system.files;
    if !files.exists(config) && files.exists(directory) {
        return true;
    }
    let line = format!("Include {}/*.conf", directory.display());
    files.text(config).is_some_and(|text| text.lines().any(|found| found.starts_with(&line)))
}

/// The file to change, and the attributes of a new one.
fn own_file(context: &Context<'_>) -> Result<(PathBuf, Attributes), ModuleError> {
    let ssh = context.distro.ssh().directory();
    let (config, directory) = (ssh.join("sshd_config"), ssh.join("sshd_config.d"));
    if !includes(context, &config, &directory) {
        return Ok((config, Attributes::default()));
    }
    if !context.system.files.is_dir(&directory) {
        context.system.files.create_dir(&directory, Some(0o755))?;
    }
    let file = directory.join("50-cloud-init.conf");
    let fresh = !context.system.files.exists(&file);
    Ok((file, if fresh { Attributes::mode(0o600) } else { Attributes::default() }))
}

fn edit(
    context: &Context<'_>,
    change: impl FnOnce(&mut SshdConfig) -> Result<bool, etc_files::Error>,
) -> Result<bool, ModuleError> {
    let (path, attributes) = own_file(context)?;
    let mut config = SshdConfig::parse(&context.system.files.read_optional(&path)?.unwrap_or_default());
    let changed =
        change(&mut config).map_err(|error| ModuleError::Failed(format!("{}: {error}", path.display())))?;
    if changed {
        context.system.files.write(&path, &config.write(), &attributes)?;
    }
    Ok(changed)
}

/// Sets keywords for all connections; returns whether anything changed.
pub(crate) fn set(context: &Context<'_>, settings: &[(&str, &str)]) -> Result<bool, ModuleError> {
    edit(context, |config| Ok(!config.update(settings)?.is_empty()))
}

/// Appends lines: keywords such as `HostCertificate` can occur several times.
pub(crate) fn append(context: &Context<'_>, lines: &[(&str, &str)]) -> Result<(), ModuleError> {
    edit(context, |config| config.append(lines).map(|()| true)).map(|_| ())
}
