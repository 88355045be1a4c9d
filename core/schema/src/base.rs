//! The keys of a cloud-config that belong to no module.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use crate::forms::{Either, Named, Object, OneOfThree};
use crate::notes::{deprecated, untyped};

/// Which modules each stage runs, how one cloud-config is merged into another, and what an image says of itself.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "base_config")]
pub struct BaseConfig {
    /// Modules of the network stage, in their order. Default: cloud.cfg's.
    pub cloud_init_modules: Option<Modules>,
    /// Modules of the config stage, in their order. Default: cloud.cfg's.
    pub cloud_config_modules: Option<Modules>,
    /// Modules of the final stage, in their order. Default: cloud.cfg's.
    pub cloud_final_modules: Option<Modules>,
    /// Only for the machine with this number among those that were launched together. Default: for all.
    #[serde(rename = "launch-index")]
    pub launch_index: Option<i64>,
    /// How this part is merged into what was read before it. Default: `dict(replace)+list()+str()` for parts of
    /// user-data, `list()+dict()+str()` for files of the system.
    pub merge_how: Option<Merge>,
    /// The same as `merge_how`, which is looked at first.
    pub merge_type: Option<Merge>,
    /// What the image says of its distribution: default user, paths, mirrors, network renderers.
    #[schemars(transform = deprecated("24.2", "It is for the image's cloud.cfg; user-data and vendor-data leave it alone."))]
    pub system_info: Option<Object>,
}

/// A list of modules: a name, or a list of the name, how often, and arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "modules_definition", transparent)]
pub struct Modules(pub Vec<Either<ModuleName, ModuleCall>>);

/// A module's name and how often it runs.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct ModuleCall(pub Vec<serde_json::Value>);

impl JsonSchema for ModuleCall {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "module_call".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let name = generator.subschema_for::<ModuleName>();
        json_schema!({
            "type": "array",
            "prefixItems": [name, {"enum": ["always", "once", "once-per-instance"]}]
        })
    }
}

/// A module's name, with `_` or with `-`.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct ModuleName(pub String);

impl JsonSchema for ModuleName {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "all_modules".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        // Which there are is for the document that is put together to say.
        json_schema!({"type": "string"})
    }
}

/// How values are merged: `list(append)+dict(recurse_array)+str()`, or the same as a list.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "merge_definition", transparent)]
pub struct Merge(pub Either<String, MergeRules>);

/// A rule for each kind of value.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, extend("minItems" = 1))]
#[serde(transparent)]
pub struct MergeRules(pub Vec<MergeRule>);

/// A rule.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct MergeRule {
    /// The kind of value.
    #[schemars(extend("enum" = ["list", "dict", "str"]))]
    pub name: String,
    /// What is done with it.
    pub settings: Vec<MergeSetting>,
}

/// What is done with a kind of value.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, extend("enum" = [
    "allow_delete", "no_replace", "replace", "append", "prepend",
    "recurse_dict", "recurse_list", "recurse_array", "recurse_str",
]))]
#[serde(transparent)]
pub struct MergeSetting(pub String);

/// Where the output of the stages goes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "output_config")]
pub struct OutputConfig {
    /// By stage. Default: `all` into /var/log/cloud-init-output.log and the console.
    pub output: Option<Outputs>,
}

/// `output`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Outputs {
    /// Of every stage.
    pub all: Option<Output>,
    /// Of the network stage.
    pub init: Option<Output>,
    /// Of the config stage.
    pub config: Option<Output>,
    /// Of the final stage.
    pub r#final: Option<Output>,
}

/// Where output goes: one place for all, a list of standard output's and standard error's, or a mapping of them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "output_log_operator", transparent)]
pub struct Output(pub OneOfThree<Place, TwoPlaces, Places>);

/// `> FILE` writes anew, `>> FILE` adds, `| COMMAND` feeds a command; a file alone is added to.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(transparent)]
pub struct Place(pub String);

/// Standard output's place, then standard error's.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, extend("minItems" = 2, "maxItems" = 2))]
#[serde(transparent)]
pub struct TwoPlaces(pub Vec<String>);

/// Places by name.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Places {
    /// Standard output: `> FILE`, `>> FILE` or `| COMMAND`.
    pub output: Option<Place>,
    /// Standard error, in the same form; `&1` is standard output's place.
    pub error: Option<Place>,
}

/// Who is told of the boot's events.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "reporting_config")]
pub struct ReportingConfig {
    /// Receivers under names of your choice. Default: the log.
    pub reporting: Option<Named<Receiver>>,
}

/// A receiver, by its `type`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, extend("type" = "object"))]
#[serde(transparent)]
pub struct Receiver(pub Receivers);

/// The receivers.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Receivers {
    /// Events are posted.
    Webhook(Webhook),
    /// Events go to a Hyper-V host.
    HyperV(HyperV),
    /// Events go to the log.
    Log(Log),
    /// Events are printed.
    Print(Print),
}

impl JsonSchema for Receivers {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "receivers".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({"oneOf": [
            generator.subschema_for::<Log>(),
            generator.subschema_for::<Print>(),
            generator.subschema_for::<Webhook>(),
            generator.subschema_for::<HyperV>(),
        ]})
    }
}

/// Into the log.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields, transform = untyped)]
pub struct Log {
    /// `log`.
    #[schemars(extend("enum" = ["log"]))]
    pub r#type: String,
    /// With which level. Default: DEBUG.
    #[schemars(extend("enum" = ["DEBUG", "INFO", "WARN", "ERROR", "FATAL"], "default" = "DEBUG"))]
    pub level: Option<String>,
}

/// On standard output.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields, transform = untyped)]
pub struct Print {
    /// `print`.
    #[schemars(extend("enum" = ["print"]))]
    pub r#type: String,
}

/// To a web service, as JSON, signed with OAuth 1 where keys are given.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields, transform = untyped)]
pub struct Webhook {
    /// `webhook`.
    #[schemars(extend("enum" = ["webhook"]))]
    pub r#type: String,
    /// The address.
    #[schemars(extend("format" = "uri"))]
    pub endpoint: String,
    /// OAuth: the consumer's key.
    pub consumer_key: Option<String>,
    /// OAuth: the token's key.
    pub token_key: Option<String>,
    /// OAuth: the token's secret.
    pub token_secret: Option<model::Secret<String>>,
    /// OAuth: the consumer's secret.
    pub consumer_secret: Option<model::Secret<String>>,
    /// Seconds to wait for an answer. Default: 10.
    #[schemars(extend("minimum" = 0))]
    pub timeout: Option<f64>,
    /// How often a post that failed is tried again. Default: never.
    #[schemars(extend("minimum" = 0))]
    pub retries: Option<i64>,
}

/// To a Hyper-V host, through its key-value pool.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields, transform = untyped)]
pub struct HyperV {
    /// `hyperv`.
    #[schemars(extend("enum" = ["hyperv"]))]
    pub r#type: String,
    /// The pool's file. Default: /var/lib/hyperv/.kvp_pool_1.
    #[schemars(extend("default" = "/var/lib/hyperv/.kvp_pool_1"))]
    pub kvp_file_path: Option<String>,
    /// Types of events that are sent. Default: all.
    pub event_types: Option<Vec<String>>,
}
