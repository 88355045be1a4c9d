//! `yum_repos`: repositories for yum and dnf.

use indexmap::IndexMap;
use schema::forms::OneOfThree;
use model::module::{Described, Listed};
use model::{Frequency, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Text};

/// The module; what it is for is in its [`Described::SUMMARY`].
pub struct YumAddRepo;

/// Package repositories of yum and dnf, each in a file of the repository directory.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// The repository directory. Default: /etc/yum.repos.d.
    #[schemars(extend("default" = "/etc/yum.repos.d"))]
    pub yum_repo_dir: Option<Text>,
    /// Repositories by ID, which is also the file name.
    pub yum_repos: Option<Repositories>,
}

impl Described for YumAddRepo {
    const NAME: &'static str = "yum_add_repo";
    const STAGE: Stage = Stage::Config;
    const FREQUENCY: Frequency = Frequency::Instance;
    const DISTROS: &'static [&'static str] = &["almalinux", "amazon", "azurelinux", "centos", "cloudlinux", "eurolinux", "fedora", "mariner", "openeuler", "OpenCloudOS", "openmandriva", "photon", "rhel", "rocky", "TencentOS", "virtuozzo"];
    const KEYS: &'static [&'static str] = &["yum_repos"];
    const LISTED: Listed = Listed::Except(&["debian", "ubuntu"]);
    const TITLE: &'static str = "yum repositories";
    const SUMMARY: &'static str = "Adds repositories for yum and dnf.";
    const DETAILS: &'static str = "Existing files are left unchanged.";
    type Config = Config;
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
