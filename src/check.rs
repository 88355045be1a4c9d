//! A cloud-config or a network-config against its schema: what is wrong, where, and what to do.

use schema::{Document, Schema, network};
use yaml::{Limits, Node};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Severity {
    /// Valid, and probably not what was meant.
    Advice,
    /// Valid, and an old spelling is used.
    Deprecation,
    /// Not valid.
    Error,
}

/// Something that is wrong, old or doubtful in a document.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// The key: `users.0.name`; empty for the document itself.
    pub path: String,
    /// What is wrong. A value that may be a secret is not in it.
    pub message: String,
    /// What to do, where that is known.
    pub hint: Option<String>,
    /// The finding for people: with the file's name, its line, and marks below what it is about.
    pub shown: String,
}

/// A document that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// It is no YAML: the place, the line and what is wrong. A value that may be a secret is not in it.
    #[error("{0}")]
    Yaml(String),
    /// It is no mapping of keys.
    #[error("{0}: this is no mapping of keys")]
    NoMapping(String),
}

/// Checks a cloud-config. `name` is what findings call it, usually its path. The keys are those of every module of the
/// original, also of those that are not built in.
///
/// ```
/// use cloud_init::check::{Severity, cloud_config};
///
/// let found = cloud_config("x.yaml", "#cloud-config\nusers:\n- name: pi\n  chpasswd: {expire: false}\n")?;
/// assert_eq!((found[0].line, found[0].column, found[0].severity), (4, 3, Severity::Error));
/// assert_eq!(found[0].path, "users.0.chpasswd");
/// assert!(found[0].hint.as_ref().is_some_and(|hint| hint.contains("belongs to the top level")));
///
/// // Valid, and probably meant otherwise.
/// let found = cloud_config("x.yaml", "#cloud-config\nwrite_files: [{path: ~/x}]\n")?;
/// assert_eq!(found[0].severity, Severity::Advice);
/// # Ok::<(), cloud_init::check::CheckError>(())
/// ```
///
/// # Errors
///
/// What is no YAML, or no mapping.
pub fn cloud_config(name: &str, text: &str) -> Result<Vec<Finding>, CheckError> {
    let tree = read(name, text)?;
    let schema = modules::cloud_config_schema();
    let advice = schema::advise(&tree);
    Ok(findings(name, text, &tree, schema::check(&Schema::new(&schema), &tree).into_iter().chain(advice)))
}

/// Checks a network-config of version 1 or 2, with or without the key `network` around it.
///
/// ```
/// let found = cloud_init::check::network_config("net.yaml", "version: 2\nethernets: {eth0: {dhcp4: 3}}\n")?;
/// assert_eq!(found[0].path, "ethernets.eth0.dhcp4");
/// # Ok::<(), cloud_init::check::CheckError>(())
/// ```
///
/// # Errors
///
/// What is no YAML, or no mapping.
pub fn network_config(name: &str, text: &str) -> Result<Vec<Finding>, CheckError> {
    let tree = read(name, text)?;
    let schema = if network::version(&tree) == Some(1) { network::v1_schema() } else { network::v2_schema() };
    Ok(findings(name, text, &tree, schema::check(&Schema::new(&schema), &tree).into_iter()))
}

fn read(name: &str, text: &str) -> Result<Node, CheckError> {
    let tree = yaml::parse(name, text.as_bytes(), &Limits::default())
        .map_err(|error| CheckError::Yaml(schema::yaml_error(text, &error)))?;
    tree.filter(|tree| tree.value.as_map().is_some()).ok_or_else(|| CheckError::NoMapping(name.to_owned()))
}

/// The findings in the order of the text, without those of which another says more.
fn findings(
    name: &str,
    text: &str,
    tree: &Node,
    found: impl Iterator<Item = schema::Finding>,
) -> Vec<Finding> {
    let document = Document::new(name, text, tree);
    let mut all: Vec<Finding> = found
        .filter(|finding| !finding.summary)
        .map(|finding| {
            let at = document.locate(&finding).start;
            Finding {
                severity: match finding.severity {
                    schema::Severity::Error => Severity::Error,
                    schema::Severity::Deprecation { .. } => Severity::Deprecation,
                    schema::Severity::Advice => Severity::Advice,
                },
                line: at.line,
                column: at.column,
                path: finding.shown_path(),
                shown: document.shown(&finding),
                message: finding.detailed,
                hint: finding.hint,
            }
        })
        .collect();
    all.sort_by_key(|finding| (finding.line, finding.column));
    all
}
