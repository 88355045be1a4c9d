//! `phone_home`: reports to a URL that the machine is up.

use std::path::Path;
use std::time::Duration;

use model::effects::{Body, Method, Request};
use model::hostname::host_name;
use model::module::{Described, Listed, Report};
use model::{Context, Frequency, Module, ModuleError, Node, Origin, Spanned, config, Stage};
use schema::forms::Either;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Text, Words};

/// Posts a form.
pub struct PhoneHome;

/// An HTTP request at the end of the first boot that reports the host's names and keys.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// The URL and the data to post.
    pub phone_home: Option<Spanned<Settings>>,
}

/// `phone_home`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(inline, deny_unknown_fields, extend("required" = ["url"]))]
pub struct Settings {
    /// The URL; `$INSTANCE_ID` is replaced.
    #[schemars(extend("format" = "uri"))]
    pub url: Option<Text>,
    /// `all`, or a list of pub_key_rsa, pub_key_ecdsa, pub_key_ed25519, instance_id, hostname, fqdn. Default: all.
    #[schemars(with = "Either<All, Vec<Posted>>")]
    pub post: Option<Words>,
    /// The number of attempts. Default: 10.
    #[schemars(with = "i64", extend("default" = 10))]
    pub tries: Option<Node>,
}

/// `all`.
#[derive(JsonSchema)]
#[schemars(inline, with = "Node", extend("enum" = ["all"]))]
struct All;

/// A value of the form.
#[derive(JsonSchema)]
#[schemars(inline, with = "String", extend("enum" = ALL))]
struct Posted;

const ALL: &[&str] = &["pub_key_rsa", "pub_key_ecdsa", "pub_key_ed25519", "instance_id", "hostname", "fqdn"];

impl Described for PhoneHome {
    const NAME: &'static str = "phone_home";
    const STAGE: Stage = Stage::Final;
    const FREQUENCY: Frequency = Frequency::Instance;
    const KEYS: &'static [&'static str] = &["phone_home"];
    const LISTED: Listed = Listed::Everywhere;
    const TITLE: &'static str = "Phone home";
    const SUMMARY: &'static str = "Posts the host's keys and names to a URL when the boot has finished.";
    type Config = Config;
}

impl Module for PhoneHome {
    fn run(&self, context: &Context<'_>, config: Config, report: &mut Report) -> Result<(), ModuleError> {
        let settings = match context.args.first() {
            Some(file) => Some(from_file(context, file)?),
            None => config.phone_home,
        };
        let Some(Spanned { value: settings, origin }) = settings else {
            report.skip("phone_home is not set");
            return Ok(());
        };
        let Some(url) = settings.url else {
            report.warn(Some(&origin), "phone_home has no url: nothing to post");
            return Ok(());
        };
        let tries = tries(settings.tries.as_ref(), report);
        let names = settings.post.map(|post| post.texts()).filter(|post| *post != ["all"]);
        let names = names.unwrap_or_else(|| ALL.iter().copied().map(str::to_owned).collect());
        let form = form(context, &names, &origin, report);
        let variables = serde_json::json!({"INSTANCE_ID": context.instance.instance_id.as_str()});
        let url = context.templates.render("phone_home.url", &url.0, &variables)?;
        let mut request =
            Request::get(url.trim_end_matches('\n')).method(Method::Post).public().retries(tries - 1);
        request.backoff = Duration::from_secs(3);
        request.body = Body::Bytes(form.into_bytes(), "application/x-www-form-urlencoded");
        if let Err(error) = context.system.http.send(&request) {
            report.warn(Some(&origin), format!("phone_home failed after {tries} attempts: {error}"));
        }
        Ok(())
    }
}

/// `single --name phone_home FILE`: the settings from a file.
fn from_file(context: &Context<'_>, file: &str) -> Result<Spanned<Settings>, ModuleError> {
    let bytes = context.system.files.read(Path::new(file))?;
    let node = Node::from_yaml(file, &bytes).map_err(|error| ModuleError::Failed(error.to_string()))?;
    Ok(config::from_node(&node.unwrap_or_else(|| Node::empty_map(Origin::whole(file))))?)
}

fn tries(node: Option<&Node>, report: &mut Report) -> u32 {
    const DEFAULT: u32 = 10;
    let Some(node) = node.filter(|node| !node.is_null()) else { return DEFAULT };
    match node.scalar_text().and_then(|text| text.trim().parse::<u32>().ok()) {
        Some(tries) => tries.max(1),
        None => {
            report.warn(Some(&node.origin), format!("phone_home.tries must be a number; using {DEFAULT}"));
            DEFAULT
        }
    }
}

fn form(context: &Context<'_>, names: &[String], origin: &Origin, report: &mut Report) -> String {
    // The metadata's value, regardless of the configuration.
    let host = host_name(context.system, &Node::empty_map(Origin::built_in()), context.instance);
    let mut fields = Vec::new();
    for name in names {
        let value = match name.as_str() {
            "instance_id" => Some(context.instance.instance_id.to_string()),
            "hostname" => Some(host.hostname.clone()),
            "fqdn" => Some(host.fqdn.clone()),
            "pub_key_rsa" | "pub_key_ecdsa" | "pub_key_ed25519" => {
                let kind = name.trim_start_matches("pub_key_");
                let path = context.distro.ssh().directory().join(format!("ssh_host_{kind}_key.pub"));
                let key = context.system.files.text(&path);
                if key.is_none() {
                    report.warn(Some(origin), format!("{} does not exist: posting N/A", path.display()));
                }
                key
            }
            other => {
                report.warn(
                    Some(origin),
                    format!("phone_home.post: unknown value '{other}': posting N/A"),
                );
                None
            }
        };
        fields.push(format!("{}={}", encoded(name), encoded(value.as_deref().unwrap_or("N/A"))));
    }
    fields.join("&")
}

/// application/x-www-form-urlencoded, encoded like browsers do.
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b'-' | b'~' => {
                char::from(byte).to_string()
            }
            b' ' => "+".to_owned(),
            other => format!("%{other:02X}"),
        })
        .collect()
}
