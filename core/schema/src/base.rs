//! The keys of a cloud-config that do not belong to a module.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use crate::forms::{Either, Named, Object, OneOfThree};
use crate::notes::{deprecated, untyped};

/// The modules of each stage, how cloud-configs are merged, and the image's settings.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "base_config")]
pub struct BaseConfig {
    /// Modules of the network stage, in order. Default: cloud.cfg's.
    pub cloud_init_modules: Option<Modules>,
    /// Modules of the config stage, in order. Default: cloud.cfg's.
    pub cloud_config_modules: Option<Modules>,
    /// Modules of the final stage, in order. Default: cloud.cfg's.
    pub cloud_final_modules: Option<Modules>,
    /// Apply this part only to the machine with this launch index, among machines launched together. Default: to all.
    #[serde(rename = "launch-index")]
    pub launch_index: Option<i64>,
    /// How this part is merged into the preceding ones. Default: `dict(replace)+list()+str()` for parts of user-data,
    /// `list()+dict()+str()` for system files.
    pub merge_how: Option<Merge>,
    /// Alias of `merge_how`, which takes precedence.
    pub merge_type: Option<Merge>,
    /// The image's settings for its distribution: default user, paths, mirrors, network renderers.
    #[schemars(transform = deprecated("24.2", "Only for the image's cloud.cfg; do not use it in user-data or vendor-data."))]
    pub system_info: Option<Object>,
}

/// A list of modules: a name, or a list of name, frequency and arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "modules_definition", transparent)]
pub struct Modules(pub Vec<Either<ModuleName, ModuleCall>>);

/// A module name and its frequency.
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

/// A module name, with `_` or `-`.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct ModuleName(pub String);

impl JsonSchema for ModuleName {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "all_modules".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        // The caller that assembles the document knows the names.
        json_schema!({"type": "string"})
    }
}

/// How values are merged: `list(append)+dict(recurse_array)+str()`, or the same as a list.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "merge_definition", transparent)]
pub struct Merge(pub Either<String, MergeRules>);

/// A rule for each type of value.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, extend("minItems" = 1))]
#[serde(transparent)]
pub struct MergeRules(pub Vec<MergeRule>);

/// A rule.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct MergeRule {
    /// The type of value.
    #[schemars(extend("enum" = ["list", "dict", "str"]))]
    pub name: String,
    /// The merge options.
    pub settings: Vec<MergeSetting>,
}

/// How values of a type are merged.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, extend("enum" = [
    "allow_delete", "no_replace", "replace", "append", "prepend",
    "recurse_dict", "recurse_list", "recurse_array", "recurse_str",
]))]
#[serde(transparent)]
pub struct MergeSetting(pub String);

/// Output redirection of the stages.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "output_config")]
pub struct OutputConfig {
    /// Redirection by stage. Default: `all` to /var/log/cloud-init-output.log and the console.
    pub output: Option<Outputs>,
}

/// `output`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Outputs {
    /// All stages.
    pub all: Option<Output>,
    /// The network stage.
    pub init: Option<Output>,
    /// The config stage.
    pub config: Option<Output>,
    /// The final stage.
    pub r#final: Option<Output>,
}

/// The target: one for all output, a list of those for standard output and standard error, or a mapping of them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "output_log_operator", transparent)]
pub struct Output(pub OneOfThree<Place, TwoPlaces, Places>);

/// `> FILE` overwrites, `>> FILE` appends, `| COMMAND` pipes to a command; a file name alone appends.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(transparent)]
pub struct Place(pub String);

/// The targets of standard output and standard error.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, extend("minItems" = 2, "maxItems" = 2))]
#[serde(transparent)]
pub struct TwoPlaces(pub Vec<String>);

/// Targets by name.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Places {
    /// Standard output: `> FILE`, `>> FILE` or `| COMMAND`.
    pub output: Option<Place>,
    /// Standard error, in the same format; `&1` is the target of standard output.
    pub error: Option<Place>,
}

/// Time limits of stages and commands, in seconds; 0 is no limit. Upstream has none.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "timeouts_config")]
pub struct TimeoutsConfig {
    /// Time limits. Every minute, the console shows what a stage is waiting for.
    pub timeouts: Option<Timeouts>,
}

/// `timeouts`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Timeouts {
    /// Limits of boot stages, under their names in status.json. A stage that takes longer is ended with its commands, and
    /// fails. Default: no limit.
    pub stages: Option<StageTimeouts>,
    /// Limits of commands. A command that takes longer is ended with its children (SIGTERM, after 5 seconds SIGKILL), and
    /// the module that runs it fails.
    pub commands: Option<CommandTimeouts>,
}

/// `timeouts.stages`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
#[serde(rename_all = "kebab-case")]
pub struct StageTimeouts {
    /// The local stage, before the network.
    #[schemars(extend("minimum" = 0))]
    pub init_local: Option<f64>,
    /// The network stage.
    #[schemars(extend("minimum" = 0))]
    pub init: Option<f64>,
    /// The config stage.
    #[schemars(extend("minimum" = 0))]
    pub modules_config: Option<f64>,
    /// The final stage.
    #[schemars(extend("minimum" = 0))]
    pub modules_final: Option<f64>,
}

/// `timeouts.commands`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct CommandTimeouts {
    /// systemctl and the tools of other init systems. Default: 300.
    #[schemars(extend("minimum" = 0, "default" = 300))]
    pub service: Option<f64>,
    /// Package managers. Default: 3600.
    #[schemars(extend("minimum" = 0, "default" = 3600))]
    pub package: Option<f64>,
    /// Tools for partitions, file systems and swap. Default: 3600.
    #[schemars(extend("minimum" = 0, "default" = 3600))]
    pub disk: Option<f64>,
    /// The user's own commands: `bootcmd`, scripts including `runcmd`'s, boothooks, part handlers. Default: 0, no limit.
    #[schemars(extend("minimum" = 0, "default" = 0))]
    pub script: Option<f64>,
    /// All other commands. Default: 600.
    #[schemars(extend("minimum" = 0, "default" = 600))]
    pub other: Option<f64>,
}

/// Event reporting.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "reporting_config")]
pub struct ReportingConfig {
    /// Handlers under names of your choice. Default: log.
    pub reporting: Option<Named<Receiver>>,
}

/// A handler, by its `type`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, extend("type" = "object"))]
#[serde(transparent)]
pub struct Receiver(pub Receivers);

/// The handlers.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Receivers {
    /// Post events to a URL.
    Webhook(Webhook),
    /// Send events to a Hyper-V host.
    HyperV(HyperV),
    /// Write events to the log.
    Log(Log),
    /// Print events.
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

/// Write events to the log.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields, transform = untyped)]
pub struct Log {
    /// `log`.
    #[schemars(extend("enum" = ["log"]))]
    pub r#type: String,
    /// The log level. Default: DEBUG.
    #[schemars(extend("enum" = ["DEBUG", "INFO", "WARN", "ERROR", "FATAL"], "default" = "DEBUG"))]
    pub level: Option<String>,
}

/// Print events on standard output.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields, transform = untyped)]
pub struct Print {
    /// `print`.
    #[schemars(extend("enum" = ["print"]))]
    pub r#type: String,
}

/// Post events to a web service as JSON, signed with OAuth 1 if keys are set.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields, transform = untyped)]
pub struct Webhook {
    /// `webhook`.
    #[schemars(extend("enum" = ["webhook"]))]
    pub r#type: String,
    /// The URL.
    #[schemars(extend("format" = "uri"))]
    pub endpoint: String,
    /// OAuth: the consumer key.
    pub consumer_key: Option<String>,
    /// OAuth: the token key.
    pub token_key: Option<String>,
    /// OAuth: the token secret.
    pub token_secret: Option<model::Secret<String>>,
    /// OAuth: the consumer secret.
    pub consumer_secret: Option<model::Secret<String>>,
    /// The timeout in seconds. Default: 10.
    #[schemars(extend("minimum" = 0))]
    pub timeout: Option<f64>,
    /// The number of retries. Default: 0.
    #[schemars(extend("minimum" = 0))]
    pub retries: Option<i64>,
}

/// Send events to a Hyper-V host through its key-value pool.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields, transform = untyped)]
pub struct HyperV {
    /// `hyperv`.
    #[schemars(extend("enum" = ["hyperv"]))]
    pub r#type: String,
    /// The pool file. Default: /var/lib/hyperv/.kvp_pool_1.
    #[schemars(extend("default" = "/var/lib/hyperv/.kvp_pool_1"))]
    pub kvp_file_path: Option<String>,
    /// The types of events to send. Default: all.
    pub event_types: Option<Vec<String>>,
}
