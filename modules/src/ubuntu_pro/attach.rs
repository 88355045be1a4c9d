//! Attaching, by itself or with a token, and enabling services.

use model::effects::{Command, CommandError};
use model::module::Report;
use model::{Context, ModuleError, Node};
use serde_json::{Value, json};

use super::{PROGRAM, invalid};

const SHOULD_ATTACH: &str = "u.pro.attach.auto.should_auto_attach.v1";
const ATTACH: &str = "u.pro.attach.auto.full_auto_attach.v1";

/// An answer of the client's interface (`pro api`): what it has found, or the code and the title of the first error.
fn ask(context: &Context<'_>, command: &Command) -> Result<Result<Value, (String, String)>, ModuleError> {
    let output = context.system.commands.run(&command.clone().accept(&[0, 1]))?;
    if output.stdout.is_empty()
        && context.system.journal.note("the plan assumes that Ubuntu Pro is not offered to this machine")
    {
        return Ok(Ok(Value::Null));
    }
    let answer: Value = serde_json::from_slice(&output.stdout)
        .map_err(|_| ModuleError::Failed(format!("the answer of {} is not JSON", command.shown().join(" "))))?;
    if answer["result"] == "success" {
        return Ok(Ok(answer["data"]["attributes"].clone()));
    }
    let text = |name: &str| answer["errors"][0][name].as_str().unwrap_or("unknown").to_owned();
    Ok(Err((text("code"), text("title"))))
}

/// Whether this is an Ubuntu Pro image, which can be attached without a token.
pub(super) fn is_offered(context: &Context<'_>, report: &mut Report) -> Result<bool, ModuleError> {
    match ask(context, &Command::line([PROGRAM, "api", SHOULD_ATTACH]))? {
        Ok(found) => Ok(found["should_auto_attach"] == true),
        Err((_, title)) => {
            tracing::debug!("Error during `should_auto_attach`: {title}");
            let message =
                "Unable to determine if this is an Ubuntu Pro instance. Fallback to normal Pro attach.";
            report.warn(None, message);
            Ok(false)
        }
    }
}

/// Attaches without a token.
pub(super) fn automatically(
    context: &Context<'_>,
    section: &Node,
    report: &mut Report,
) -> Result<(), ModuleError> {
    let mut options = serde_json::Map::new();
    for key in ["enable", "enable_beta"] {
        if let Some(services) = section.get(key).filter(|node| !node.is_null()) {
            options.insert(key.to_owned(), services.to_json());
        }
    }
    let chosen = !options.is_empty();
    let command = Command::line([PROGRAM, "api", ATTACH, "--data", &json!(options).to_string()]);
    match ask(context, &command)? {
        Ok(_) => Ok(()),
        Err((code, _)) if code == "already-attached" => {
            if chosen {
                let message = "The instance is already attached to Pro. Leaving enabled services untouched. \
                               Ignoring config directives ubuntu_pro: enable and enable_beta";
                report.warn(Some(&section.origin), message);
            }
            Ok(())
        }
        Err((_, title)) => Err(invalid(section, format!("Error during `full_auto_attach`: {title}"))),
    }
}

/// Attaches with the token, and enables services.
pub(super) fn with_token(
    context: &Context<'_>,
    section: &Node,
    report: &mut Report,
) -> Result<(), ModuleError> {
    let token = section.get("token").filter(|token| token.is_truthy()).and_then(Node::scalar_text);
    let Some(token) = token else {
        let message = "`ubuntu_pro.token` required in non-Pro Ubuntu instances.".to_owned();
        return Err(invalid(section, message));
    };
    if section.get("enable_beta").is_some_and(Node::is_truthy) {
        tracing::debug!("Ignoring `ubuntu_pro.enable_beta` services in Pro attach");
    }
    let services = services(section.get("enable"), report);
    let mut command = Command::line([PROGRAM, "attach"]);
    if !services.is_empty() {
        command = command.arg("--no-auto-enable");
    }
    // 2: it is attached already.
    let command = command.secret_arg(token.clone()).accept(&[0, 2]);
    if let Err(error) = context.system.commands.run(&command) {
        let reason = match &error {
            CommandError::Failed { output, .. } => {
                let said = String::from_utf8_lossy(&output.stderr).trim().replace(&token, "REDACTED");
                format!("exit code {}: {said}", output.code)
            }
            other => other.to_string(),
        };
        return Err(ModuleError::Failed(format!("Failure attaching Ubuntu Pro: {reason}")));
    }
    if services.is_empty() { Ok(()) } else { enable(context, &services, report) }
}

/// The services of `enable`.
fn services(node: Option<&Node>, report: &mut Report) -> Vec<String> {
    let Some(node) = node.filter(|node| !node.is_null()) else { return Vec::new() };
    if let Some(items) = node.as_list() {
        return items.iter().filter_map(Node::scalar_text).collect();
    }
    if let Some(service) = node.as_str() {
        let message = "ubuntu_pro: enable should be a list, not a string; treating as a single enable";
        report.warn(Some(&node.origin), message);
        return vec![service.to_owned()];
    }
    let kind = node.value.a_kind();
    let message = format!("ubuntu_pro: enable should be a list, not {kind}; skipping enabling services");
    report.warn(Some(&node.origin), message);
    Vec::new()
}

fn enable(context: &Context<'_>, services: &[String], report: &mut Report) -> Result<(), ModuleError> {
    let command = Command::line([PROGRAM, "enable", "--assume-yes", "--format", "json"])
        .args(services.iter().cloned())
        .accept(&[0, 1]);
    let output = context.system.commands.run(&command).map_err(|_| {
        ModuleError::Failed(format!("Error while enabling service(s): {}", services.join(", ")))
    })?;
    if output.stdout.is_empty() && context.system.journal.note("the plan assumes that services are enabled") {
        return Ok(());
    }
    let answer: Value = serde_json::from_slice(&output.stdout)
        .map_err(|_| ModuleError::Failed(format!("Pro response was not json: {}", output.text().trim())))?;
    let errors = answer["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut failed = Vec::new();
    let mut any = false;
    for error in errors.iter().filter(|error| error["message_code"] != "service-already-enabled") {
        any = true;
        let text = |name: &str| error[name].as_str().unwrap_or_default();
        let message = match error["service"].as_str() {
            Some(service) => {
                failed.push(service.to_owned());
                format!("Failure enabling `{service}`: {}", text("message"))
            }
            None => format!("Failure of type `{}`: {}", text("type"), text("message")),
        };
        report.warn(None, message);
    }
    if !any {
        return Ok(());
    }
    Err(ModuleError::Failed(format!("Failure enabling Ubuntu Pro service(s): {}", failed.join(", "))))
}
