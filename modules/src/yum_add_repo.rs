//! `yum_repos`: repositories for yum and dnf.

use indexmap::IndexMap;
use schema::forms::OneOfThree;
use model::module::{Described, Listed, Report};
use model::distro;
use model::{Context, Frequency, Module, ModuleError, Node, Stage, Value};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Text};

/// Writes the files.
pub struct YumAddRepo;

/// Package repositories of yum and dnf, each in a file of the repository directory.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// The repository directory. Default: /etc/yum.repos.d.
    #[schemars(extend("default" = "/etc/yum.repos.d"))]
    pub yum_repo_dir: Option<Text>,
    /// Repositories by ID, which is also the file name.
    #[schemars(with = "Option<Repositories>")]
    pub yum_repos: Option<Node>,
}

impl Described for YumAddRepo {
    const NAME: &'static str = "yum_add_repo";
    const STAGE: Stage = Stage::Config;
    const FREQUENCY: Frequency = Frequency::Instance;
    const DISTROS: &'static [&'static str] = &["almalinux", "amazon", "azurelinux", "centos", "cloudlinux", "eurolinux", "fedora", "mariner", "openeuler", "OpenCloudOS", "openmandriva", "photon", "rhel", "rocky", "TencentOS", "virtuozzo"];
    const KEYS: &'static [&'static str] = &["yum_repos"];
    const LISTED: Listed = Listed::On(&["almalinux", "centos", "cloudlinux", "eurolinux", "miraclelinux", "rhel", "rocky", "virtuozzo", "amazon", "azurelinux", "fedora", "mariner", "openeuler", "openmandriva", "photon"]);
    const TITLE: &'static str = "yum repositories";
    const SUMMARY: &'static str = "Adds repositories for yum and dnf.";
    const DETAILS: &'static str = "Existing files are left unchanged.";
    type Config = Config;
}

/// One of these says where the packages are.
const ADDRESSES: &[&str] = &["baseurl", "metalink", "mirrorlist"];

impl Module for YumAddRepo {
    fn run(&self, context: &Context<'_>, config: Config, report: &mut Report) -> Result<(), ModuleError> {
        let repos = config.yum_repos.as_ref().and_then(Node::as_map).filter(|repos| !repos.is_empty());
        let Some(repos) = repos else {
            report.skip("yum_repos is not set");
            return Ok(());
        };
        let directory = config.yum_repo_dir.map(|directory| directory.0);
        let repositories = context.distro.repositories()?;
        for (id, node) in repos {
            let mut settings: Vec<(String, Vec<String>)> = Vec::new();
            for (key, value) in node.as_map().into_iter().flatten() {
                let key = key.to_string().trim().to_lowercase().replace('-', "_");
                settings.retain(|(known, _)| *known != key);
                if !key.is_empty() {
                    settings.push((key, texts(value)));
                }
            }
            if !settings.iter().any(|(key, _)| ADDRESSES.contains(&key.as_str())) {
                report.warn(
                    Some(&node.origin),
                    format!(
                        "Repository {id} should contain at least one of the following configuration entries: {}, skipping!",
                        ADDRESSES.join(", ")
                    ),
                );
                continue;
            }
            let repository = distro::Repository { id: id.to_string().replace(' ', "-"), settings };
            if !repositories.add(directory.as_deref().map(std::path::Path::new), &repository)? {
                tracing::info!("Skipping repo {id}, its file already exists!");
            }
        }
        Ok(())
    }
}

/// A value as yum.conf(5) has it: 1 and 0 for booleans, a line for each item of a list.
fn texts(node: &Node) -> Vec<String> {
    match &node.value {
        Value::Bool(value) => vec![u8::from(*value).to_string()],
        Value::List(items) => items.iter().flat_map(texts).collect(),
        Value::Null => vec!["None".to_owned()],
        _ => vec![node.scalar_text().unwrap_or_else(|| node.to_json().to_string())],
    }
}

/// `yum_repos`.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct Repositories(pub IndexMap<String, Repository>);

impl JsonSchema for Repositories {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Repositories".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "object",
            "minProperties": 1,
            "additionalProperties": false,
            "patternProperties": {"^[0-9a-zA-Z -_]+$": generator.subschema_for::<Repository>()}
        })
    }
}

/// A repository. Its address is one of `baseurl`, `metalink` and `mirrorlist`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, transform = any_option, extend("anyOf" = [
    {"required": ["baseurl"]}, {"required": ["metalink"]}, {"required": ["mirrorlist"]},
]))]
pub struct Repository {
    /// The URL of the directory that contains `repodata`.
    #[schemars(extend("format" = "uri"))]
    pub baseurl: Option<Text>,
    /// The URL of a metalink file.
    #[schemars(extend("format" = "uri"))]
    pub metalink: Option<Text>,
    /// The URL of a mirror list.
    #[schemars(extend("format" = "uri"))]
    pub mirrorlist: Option<Text>,
    /// A human-readable name.
    pub name: Option<Text>,
    /// Enable the repository. Default: true.
    #[schemars(extend("default" = true))]
    pub enabled: Option<Flag>,
    /// All other keys.
    #[serde(flatten)]
    #[schemars(skip)]
    pub options: IndexMap<String, OneOfThree<i64, Flag, Text>>,
}

fn any_option(schema: &mut schemars::Schema) {
    schema.insert("additionalProperties".to_owned(), false.into());
    let option = serde_json::json!({"^[0-9a-zA-Z_]+$": {
        "description": "An option of yum.conf(5), such as gpgcheck.",
        "oneOf": [{"type": "integer"}, {"type": "boolean"}, {"type": "string"}]
    }});
    schema.insert("patternProperties".to_owned(), option);
}
