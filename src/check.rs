//! Validation of a cloud-config or a network-config: what is wrong, where, and how to fix it.

use model::Order as _;
use schema::{Document, Schema, network};
use yaml::{Limits, Node};

/// The severity of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Severity {
    /// Valid, but probably not what was intended.
    Advice,
    /// Valid, but deprecated.
    Deprecation,
    /// Invalid.
    Error,
}

/// An invalid, deprecated or doubtful value in a document.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The severity.
    pub severity: Severity,
    /// The line, starting at 1.
    pub line: usize,
    /// The column in characters, starting at 1.
    pub column: usize,
    /// The path of the key, such as `users.0.name`; empty for the document itself.
    pub path: String,
    /// What is wrong. Never contains a value that may be a secret.
    pub message: String,
    /// How to fix it, if known.
    pub hint: Option<String>,
    /// The finding as printed: file name, line, and the source line with the value underlined.
    pub shown: String,
}

/// A document that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// Not valid YAML: the place and the reason. Never contains a value that may be a secret.
    #[error("{0}")]
    Yaml(String),
    /// Not a mapping.
    #[error("{0}: expected a mapping of keys")]
    NoMapping(String),
}

/// Validates a cloud-config. `name` appears in the findings; it is usually the path. The keys of every upstream module
/// are known, including those of modules that are not built in.
///
/// ```
/// use cloud_init::check::{Severity, cloud_config};
///
/// let found = cloud_config("x.yaml", "#cloud-config\nusers:\n- name: pi\n  chpasswd: {expire: false}\n")?;
/// assert_eq!((found[0].line, found[0].column, found[0].severity), (4, 3, Severity::Error));
/// assert_eq!(found[0].path, "users.0.chpasswd");
/// assert!(found[0].hint.as_ref().is_some_and(|hint| hint.contains("belongs to the top level")));
///
/// // Valid, but probably not what was intended.
/// let found = cloud_config("x.yaml", "#cloud-config\nwrite_files: [{path: ~/x}]\n")?;
/// assert_eq!(found[0].severity, Severity::Advice);
/// # Ok::<(), cloud_init::check::CheckError>(())
/// ```
///
/// # Errors
///
/// A document that is not valid YAML, or not a mapping.
pub fn cloud_config(name: &str, text: &str) -> Result<Vec<Finding>, CheckError> {
    let tree = read(name, text)?;
    let schema = modules::cloud_config_schema();
    let advice = modules::advise(&tree);
    Ok(findings(name, text, &tree, schema::check(&Schema::new(&schema), &tree).into_iter().chain(advice)))
}

/// Validates a network-config of version 1 or 2, with or without the top-level key `network`.
///
/// ```
/// let found = cloud_init::check::network_config("net.yaml", "version: 2\nethernets: {eth0: {dhcp4: 3}}\n")?;
/// assert_eq!(found[0].path, "ethernets.eth0.dhcp4");
///
/// // Valid, but probably a misspelling.
/// let found = cloud_init::check::network_config("net.yaml", "version: 2\nethernets: {eth0: {dchp4: true}}\n")?;
/// assert_eq!(found[0].hint.as_deref(), Some("did you mean 'dhcp4'?"));
/// # Ok::<(), cloud_init::check::CheckError>(())
/// ```
///
/// # Errors
///
/// A document that is not valid YAML, or not a mapping.
pub fn network_config(name: &str, text: &str) -> Result<Vec<Finding>, CheckError> {
    let tree = read(name, text)?;
    let schema = if network::version(&tree) == Some(1) { network::v1_schema() } else { network::v2_schema() };
    let advice = network::advise(&tree);
    Ok(findings(name, text, &tree, schema::check(&Schema::new(&schema), &tree).into_iter().chain(advice)))
}

fn read(name: &str, text: &str) -> Result<Node, CheckError> {
    let tree = yaml::parse(name, text.as_bytes(), &Limits::default())
        .map_err(|error| CheckError::Yaml(schema::yaml_error(text, &error)))?;
    tree.filter(|tree| tree.value.as_map().is_some()).ok_or_else(|| CheckError::NoMapping(name.to_owned()))
}

/// The findings in document order, without those that a more detailed one covers.
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
    all.order_by_key(|finding| (finding.line, finding.column));
    all
}
