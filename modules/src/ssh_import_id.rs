//! `ssh_import_id`: public keys from Launchpad or GitHub.

mod fetch;

use model::module::{Described, Listed, Report};
use std::time::Duration;

use model::effects::Command;
use model::{Context, Frequency, Module, ModuleError, Node, Stage, Value};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::accounts::Accounts;
use crate::lenient::Text;

/// Imports the keys.
pub struct SshImportId;

/// Launchpad and GitHub accounts whose public keys can log in as the default user.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// IDs whose public keys are added for the default user: `gh:NAME`, `lp:NAME`.
    pub ssh_import_id: Option<Vec<Id>>,
}

impl Described for SshImportId {
    const NAME: &'static str = "ssh_import_id";
    const STAGE: Stage = Stage::Config;
    const FREQUENCY: Frequency = Frequency::Instance;
    const DISTROS: &'static [&'static str] = &["alpine", "cos", "debian", "raspberry-pi-os", "ubuntu"];
    const KEYS: &'static [&'static str] = &[];
    const OWN_KEYS: &'static [&'static str] = &["ssh_import_id"];
    const LISTED: Listed = Listed::Except(&["photon"]);
    const TITLE: &'static str = "SSH import ID";
    const SUMMARY: &'static str = "Imports public keys from Launchpad or GitHub.";
    const DETAILS: &'static str = "ssh-import-id(1) is used if it is installed. For other users, set the key of the same name in `users`.";
    type Config = Config;
}

const PROGRAM: &str = "ssh-import-id";
/// The pause before the second attempt.
const PAUSE: Duration = Duration::from_millis(500);

impl Module for SshImportId {
    fn run(&self, context: &Context<'_>, config: Config, report: &mut Report) -> Result<(), ModuleError> {
        if !is_anywhere(context.config) {
            report.skip("ssh_import_id is not set");
            return Ok(());
        }
        if let [user, ids @ ..] = context.args {
            return import(context, user, ids, report);
        }
        let own: Vec<String> = config.ssh_import_id.into_iter().flatten().map(|id| id.0.0).collect();
        let mut failed = Vec::new();
        for user in Accounts::read(context, report)?.users {
            let ids = if user.default { own.clone() } else { ids_of(user.written.get("ssh_import_id")) };
            let name = &user.spec.name;
            if let Err(error) = import(context, name, &ids, report) {
                failed.push(format!("{}: ssh-import-id failed for {name}: {error}", user.origin));
            }
        }
        if failed.is_empty() { Ok(()) } else { Err(ModuleError::Failed(failed.join("; "))) }
    }
}

/// Whether the key is at the top, or in a mapping or list of it.
fn is_anywhere(node: &Node) -> bool {
    match &node.value {
        Value::Map(map) => map.iter().any(|(key, value)| key.as_str() == Some("ssh_import_id") || is_anywhere(value)),
        Value::List(items) => items.iter().any(|item| item.as_map().is_some() && is_anywhere(item)),
        _ => false,
    }
}

/// The IDs of a user, each once.
fn ids_of(node: Option<&Node>) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for id in node.and_then(Node::as_list).into_iter().flatten().filter_map(Node::scalar_text) {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    ids
}

/// Runs the program as the user, once more after a failure: the services limit requests. Without the program, fetches the
/// keys.
fn import(context: &Context<'_>, user: &str, ids: &[String], report: &mut Report) -> Result<(), ModuleError> {
    if ids.is_empty() {
        return Ok(());
    }
    if context.distro.users().find(user)?.is_none() {
        return Err(ModuleError::Failed(format!("user {user} does not exist")));
    }
    let commands = &context.system.commands;
    if commands.which(PROGRAM).is_none() {
        return fetch::import(context, user, ids);
    }
    let switch: &[&str] = if commands.which("sudo").is_some() {
        &["sudo", "--preserve-env=https_proxy", "-Hu"]
    } else if commands.which("doas").is_some() {
        &["doas", "-u"]
    } else {
        report.warn(None, "Neither sudo nor doas available! Unable to import SSH ids.");
        return Ok(());
    };
    let words = switch.iter().copied().chain([user, PROGRAM]).chain(ids.iter().map(String::as_str));
    let command = Command::line(words).inherit_output();
    if commands.run(&command).is_ok() {
        return Ok(());
    }
    context.system.clock.sleep(PAUSE);
    commands.run(&command)?;
    Ok(())
}

/// An ID for ssh-import-id(1).
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(transparent)]
pub struct Id(pub Text);
