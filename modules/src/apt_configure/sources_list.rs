//! The list of the distribution's own sources.

use std::path::{Path, PathBuf};

use model::effects::{Attributes, Command};
use model::module::Report;
use model::{Context, ModuleError, Node};

use super::mirrors::Chosen;
use super::{Apt, place, suites};

/// Where apt looks for sources.
struct Places {
    /// The file in one-line format.
    list: PathBuf,
    /// The directory for further files.
    parts: PathBuf,
}

impl Places {
    /// As `apt-config dump` shows them, else apt's defaults.
    fn new(context: &Context<'_>) -> Self {
        let dump = context.system.commands.run(&Command::line(["apt-config", "dump"]));
        let dump = dump.map(|output| output.text()).unwrap_or_default();
        let set = |name: &str, default: &str| {
            let value = |line: &str| Some(line.strip_prefix(name)?.strip_prefix(" \"")?.split('"').next()?.to_owned());
            dump.lines().filter_map(value).rfind(|value| !value.is_empty()).unwrap_or_else(|| default.to_owned())
        };
        let directory = Path::new("/").join(set("Dir::Etc", "etc/apt"));
        Self {
            list: directory.join(set("Dir::Etc::sourcelist", "sources.list")),
            parts: directory.join(set("Dir::Etc::sourceparts", "sources.list.d")),
        }
    }
}

/// Writes the list from user-data's template, else from the image's.
pub(super) fn write(
    context: &Context<'_>,
    apt: &Apt,
    node: &Node,
    release: &str,
    chosen: &Chosen,
    keys: &[(&'static str, String)],
    report: &mut Report,
) -> Result<(), ModuleError> {
    let places = Places::new(context);
    let distro = &context.distro.info().name;
    let deb822 = places.parts.join(format!("{distro}.sources"));
    let own = apt.sources_list.as_ref().map(|text| text.0.clone()).filter(|text| !text.is_empty());
    let shipped = || {
        [format!("sources.list.{distro}.deb822"), "sources.list".to_owned()]
            .iter()
            .find_map(|name| context.templates.shipped(name))
    };
    let Some(template) = own.or_else(shipped) else {
        report.warn(Some(&node.origin), format!("No template found, not rendering {}", deb822.display()));
        return Ok(());
    };
    let mut variables = variables(chosen, release);
    for (name, path) in keys {
        variables.insert((*name).to_owned(), path.as_str().into());
    }
    let text = context.templates.render("apt.sources_list", &template, &variables.into())?;
    let format = suites::is_deb822(&text);
    if format.is_none() {
        let message = "apt.sources_list value does not match either deb822 source keys or deb/deb-src list keys. \
                       Assuming APT deb/deb-src list format.";
        report.warn(Some(place(node, &["sources_list"])), message);
    }
    let is_deb822 = format.unwrap_or(false);
    let disabled: Vec<String> = apt.disable_suites.iter().flatten().map(|suite| suite.0.clone()).collect();
    let disabled = suites::names(context, &disabled, release)?;
    let text = match is_deb822 {
        _ if disabled.is_empty() => text,
        true => suites::disable_deb822(&text, &disabled),
        false => suites::disable_lines(&text, &disabled),
    };
    let path = if is_deb822 { &deb822 } else { &places.list };
    context.system.files.write(path, text.as_bytes(), &Attributes::mode(0o644))?;
    if is_deb822 { clear(context, &places.list) } else { Ok(()) }
}

/// Variables of templates.
pub(super) fn variables(chosen: &Chosen, release: &str) -> serde_json::Map<String, serde_json::Value> {
    let mut variables = serde_json::Map::new();
    for (name, url) in &chosen.0 {
        variables.insert(name.clone(), url.as_str().into());
        variables.insert(name.to_lowercase(), url.as_str().into());
    }
    variables.insert("RELEASE".to_owned(), release.into());
    variables.insert("codename".to_owned(), release.into());
    variables
}

/// Takes the sources out of the file in one-line format, which would be used twice. Ubuntu's images have one with only
/// comments, which stays.
fn clear(context: &Context<'_>, list: &Path) -> Result<(), ModuleError> {
    let files = &context.system.files;
    let Some(bytes) = files.read_optional(list)? else { return Ok(()) };
    if context.distro.info().name != "ubuntu" {
        tracing::info!("Removing {} to favor deb822 source format", list.display());
        return Ok(files.remove(list)?);
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let is_comment = |line: &str| line.trim().is_empty() || line.trim_start().starts_with('#');
    if text.lines().all(is_comment) {
        return Ok(());
    }
    tracing::info!("Replacing {} to favor deb822 source format", list.display());
    let note = "# The sources of Ubuntu are in sources.list.d/ubuntu.sources, in deb822 format: see sources.list(5).\n";
    Ok(files.write(list, note.as_bytes(), &Attributes::mode(0o644))?)
}

/// Writes the mirrors as lists for apt-transport-mirror(1).
pub(super) fn write_mirror_lists(context: &Context<'_>, chosen: &Chosen) -> Result<(), ModuleError> {
    let (files, directory) = (&context.system.files, Path::new("/etc/apt/mirrors"));
    let distro = &context.distro.info().name;
    for (name, variable) in [(format!("{distro}.list"), "PRIMARY"), (format!("{distro}-security.list"), "SECURITY")] {
        let text = format!("{}\n", chosen.0[variable]);
        files.write(&directory.join(name), text.as_bytes(), &Attributes::mode(0o644))?;
    }
    Ok(())
}
