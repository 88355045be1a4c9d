//! Accounts that an interrupted run may have left half made.
//!
//! A tool changes up to six files and a home directory for an account. A power cut between two of them leaves an account that
//! exists, so that later runs would skip it: without a password, a group or a line in shadow. So the names of new accounts are
//! on the disk before the first tool runs, until all of them are made; a run that finds such names begins anew with them.

use std::path::PathBuf;

use model::effects::Attributes;
use model::{Context, ModuleError};
use serde::{Deserialize, Serialize};

use crate::accounts::Accounts;

/// The names of accounts and groups that did not exist before.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Unfinished {
    users: Vec<String>,
    groups: Vec<String>,
}

fn file(context: &Context<'_>) -> PathBuf {
    context.paths.instance("accounts-in-progress.json")
}

/// Discards what an interrupted run has left; returns its names, which stay unfinished until all accounts are made.
pub(super) fn discard(context: &Context<'_>) -> Result<Unfinished, ModuleError> {
    let files = &context.system.files;
    let Some(bytes) = files.read_optional(&file(context))? else { return Ok(Unfinished::default()) };
    // With a semaphore, the run was complete, and only the removal of its names did not reach the disk. If the boot was finished
    // although the stage was killed, people have used these accounts since.
    let is_over = ["sem/config_users_groups", "boot-finished"]
        .iter()
        .any(|record| files.exists(&context.paths.instance(record)));
    // A list that a power cut has emptied is of a run that had not begun.
    let unfinished: Unfinished = serde_json::from_slice(&bytes).unwrap_or_default();
    if is_over || unfinished == Unfinished::default() {
        return Ok(Unfinished::default());
    }
    tracing::warn!(
            "An earlier run was interrupted while it created accounts; creating them again: {}",
            [unfinished.users.as_slice(), &unfinished.groups].concat().join(", ")
        );
    context.distro.users().discard(&unfinished.users, &unfinished.groups)?;
    Ok(unfinished)
}

/// Notes the names that are about to be created, beside those of an interrupted run.
pub(super) fn begin(
    context: &Context<'_>,
    accounts: &Accounts,
    mut unfinished: Unfinished,
) -> Result<(), ModuleError> {
    let tools = context.distro.users();
    let mut note_group = |name: &str| {
        let is_known = unfinished.groups.iter().any(|known| known == name);
        if !is_known && tools.find_group(name)?.is_none() {
            unfinished.groups.push(name.to_owned());
        }
        Ok::<(), ModuleError>(())
    };
    for (name, _) in &accounts.groups {
        note_group(name)?;
    }
    for user in &accounts.users {
        for name in user.spec.group_names().iter().chain(&user.spec.primary_group) {
            note_group(name)?;
        }
        // snapd creates its accounts by itself.
        let name = &user.spec.name;
        let is_known = user.spec.snapuser.is_some() || unfinished.users.contains(name);
        if !is_known && tools.find(name)?.is_none() {
            unfinished.users.push(name.clone());
        }
    }
    if unfinished == Unfinished::default() {
        return Ok(());
    }
    let text = serde_json::to_vec(&unfinished).unwrap_or_default();
    context.system.files.write(&file(context), &text, &Attributes::mode(0o600))?;
    Ok(context.system.files.settle()?)
}

/// All accounts are made.
pub(super) fn finish(context: &Context<'_>) -> Result<(), ModuleError> {
    Ok(context.system.files.remove(&file(context))?)
}
