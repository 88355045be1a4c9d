//! Host keys of the SSH server, and the authorized keys of users.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use model::datasource::HostKey;
use model::effects::{Attributes, Command, CommandError, Output};
use model::module::{Described, Listed, Report};
use model::{Context, Frequency, Module, ModuleError, Secret, Spanned, Stage};
use schema::forms::Object;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::accounts::Accounts;
use crate::authorized_keys::{self, REDIRECT_OPTIONS, redirect};
use crate::lenient::{Flag, Text, Words};
use crate::sshd_config;

/// Replaces the image's host keys and adds authorized keys.
pub struct Ssh;

/// The server's host keys, provided or generated, and the authorized keys of the default user and root.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// Host keys and certificates as `TYPE_private`, `TYPE_public`, `TYPE_certificate`, where TYPE is rsa, ecdsa or
    /// ed25519. If set, no keys are generated. Default: keys are generated.
    #[schemars(with = "Option<HostKeys>")]
    pub ssh_keys: Option<IndexMap<String, Spanned<Secret<Text>>>>,
    /// Public keys for the default user and root.
    #[serde(default)]
    #[schemars(extend("minItems" = 1))]
    pub ssh_authorized_keys: Words,
    /// Remove existing host keys, so that clones do not share them. Default: true.
    #[serde(default = "Flag::yes", deserialize_with = "unless_empty")]
    #[schemars(extend("default" = true))]
    pub ssh_deletekeys: Flag,
    /// Types of host keys to generate; null for none. Default: depends on the distribution (rsa, ecdsa, ed25519).
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<Vec<KeyType>>", extend("minItems" = 1, "default" = ["ecdsa", "ed25519", "rsa"]))]
    pub ssh_genkeytypes: Option<Words>,
    /// Make logins as root print a message to log in as the default user. Default: true.
    #[serde(default = "Flag::yes")]
    #[schemars(extend("default" = true))]
    pub disable_root: Flag,
    /// The options for root's keys in that case; `$USER` and `$DISABLE_USER` are replaced.
    pub disable_root_opts: Option<Text>,
    /// Use the public keys of the data source. Default: true.
    #[serde(default = "Flag::yes")]
    #[schemars(extend("default" = true))]
    pub allow_public_ssh_keys: Flag,
    /// Suppress the output of ssh-keygen. Default: false.
    #[serde(default)]
    #[schemars(extend("default" = false))]
    pub ssh_quiet_keygen: Flag,
    /// Publication of host keys to the data source. Default: all keys, if the source supports it.
    pub ssh_publish_hostkeys: Option<Publish>,
}

/// Host keys by type and part.
#[derive(JsonSchema)]
#[schemars(inline, with = "Object", extend("additionalProperties" = false, "patternProperties" = {
    "^(ecdsa|ed25519|rsa)_(public|private|certificate)$": {"type": "string", "writeOnly": true}
}))]
struct HostKeys;

/// A key type.
#[derive(JsonSchema)]
#[schemars(inline, with = "String", extend("enum" = ["ecdsa", "ed25519", "rsa"]))]
struct KeyType;

/// `ssh_publish_hostkeys`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(inline, deny_unknown_fields)]
pub struct Publish {
    /// Publish host keys. Default: true.
    #[schemars(extend("default" = true))]
    pub enabled: Flag,
    /// Types of keys not to publish. Default: none.
    pub blacklist: Words,
}

impl Default for Publish {
    fn default() -> Self {
        Self { enabled: Flag::yes(), blacklist: Words::default() }
    }
}

/// A key that is set, including to null.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Words>, D::Error> {
    Words::deserialize(deserializer).map(Some)
}

/// Key types that can be provided, in the order in which public keys are derived.
const TYPES: &[&str] = &["rsa", "ecdsa", "ed25519"];

/// What is not a boolean asks for the deletion, like upstream: clones must not share their keys for a mistake.
fn unless_empty<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Flag, D::Error> {
    Ok(Flag(model::Node::deserialize(deserializer)?.is_truthy()))
}

impl Described for Ssh {
    const NAME: &'static str = "ssh";
    const STAGE: Stage = Stage::Network;
    const FREQUENCY: Frequency = Frequency::Instance;
    const KEYS: &'static [&'static str] = &[];
    const OWN_KEYS: &'static [&'static str] = &["ssh_keys", "ssh_deletekeys", "ssh_genkeytypes", "ssh_authorized_keys"];
    const LISTED: Listed = Listed::Everywhere;
    const TITLE: &'static str = "SSH";
    const SUMMARY: &'static str = "Replaces the image's SSH host keys, and adds authorized keys for the default user and root.";
    const DETAILS: &'static str = "Every clone of an image needs its own host keys, which are generated or provided.";
    type Config = Config;
}

impl Module for Ssh {
    /// Host keys take longer than all else that a boot does, an RSA key up to a second: users are created meanwhile.
    fn start(&self, context: &Context<'_>, config: Config) {
        if config.ssh_keys.is_some() || !context.system.commands.can_start() {
            return;
        }
        let directory = context.distro.ssh().directory();
        for job in jobs(context, &directory, &config) {
            if let Ok(command) = job.prepare(context, &directory) {
                context.system.commands.start(&command);
            }
        }
    }

    fn run(&self, context: &Context<'_>, config: Config, report: &mut Report) -> Result<(), ModuleError> {
        let directory = context.distro.ssh().directory();
        let kept = match &config.ssh_keys {
            Some(keys) => Some(place_keys(context, &directory, keys, report)?),
            None => generate_keys(context, &directory, &config, report)?,
        };
        match kept {
            Some(kept) if config.ssh_deletekeys.0 => delete_keys(context, &directory, &kept, report),
            _ => {}
        }
        if config.ssh_keys.is_none() {
            context.distro.ssh().restore_context(&directory)?;
        }
        report.host_keys = public_keys(context, &directory, &config);
        authorize(context, &config, report)?;
        Ok(())
    }
}

fn key_file(directory: &Path, kind: &str) -> PathBuf {
    directory.join(format!("ssh_host_{kind}_key"))
}

/// The file of a public key.
fn public_file(private: &Path) -> PathBuf {
    PathBuf::from(format!("{}.pub", private.display()))
}

/// Removes the image's host keys, once their successors exist. A public key goes before its private one, which
/// [`Job::put_back`] relies on.
fn delete_keys(context: &Context<'_>, directory: &Path, kept: &BTreeSet<PathBuf>, report: &mut Report) {
    let names = context.system.files.list(directory).unwrap_or_default();
    let is_key = |name: &&String| name.strip_prefix("ssh_host_").is_some_and(|rest| rest.contains("key"));
    for name in names.iter().rev().filter(is_key) {
        let path = directory.join(name);
        if kept.contains(&path) {
            continue;
        }
        if let Err(error) = context.system.files.remove(&path) {
            report.warn(None, format!("cannot remove a host key of the image: {error}"));
        }
    }
}

/// Writes the configured keys, and derives missing public keys. Returns all of them.
fn place_keys(
    context: &Context<'_>,
    directory: &Path,
    keys: &IndexMap<String, Spanned<Secret<Text>>>,
    report: &mut Report,
) -> Result<BTreeSet<PathBuf>, ModuleError> {
    let mut placed = BTreeSet::new();
    let mut certificates = Vec::new();
    for (name, key) in keys {
        let known =
            name.rsplit_once('_').filter(|(kind, _)| TYPES.contains(kind)).and_then(|(kind, part)| {
                let private = key_file(directory, kind);
                let beside = |suffix: &str| PathBuf::from(format!("{}{suffix}", private.display()));
                match part {
                    "private" => Some((private, Attributes::secret())),
                    "public" => Some((beside(".pub"), Attributes::mode(0o644))),
                    "certificate" => Some((beside("-cert.pub"), Attributes::mode(0o644))),
                    _ => None,
                }
            });
        let Some((path, attributes)) = known else {
            let hardware = ["ecdsa-sk", "ed25519-sk"].iter().any(|kind| name.starts_with(kind));
            let what = if hardware { "unsupported" } else { "unrecognized" };
            report.warn(Some(&key.origin), format!("Skipping {what} ssh_keys entry: \"{name}\""));
            continue;
        };
        context.system.files.write(&path, key.value.expose().0.as_bytes(), &attributes)?;
        if name.ends_with("_certificate") {
            certificates.push(path.to_string_lossy().into_owned());
        }
        placed.insert(path);
    }
    if !certificates.is_empty() {
        let lines: Vec<(&str, &str)> =
            certificates.iter().map(|path| ("HostCertificate", path.as_str())).collect();
        sshd_config::append(context, &lines)?;
    }
    for &kind in TYPES {
        if keys.contains_key(&format!("{kind}_public")) || !keys.contains_key(&format!("{kind}_private")) {
            continue;
        }
        let file = key_file(directory, kind);
        let private = file.to_string_lossy().into_owned();
        let script =
            format!("o=$(ssh-keygen -yf \"{private}\") && echo \"$o\" root@localhost > \"{private}.pub\"");
        match context.system.commands.run(&Command::line(["sh", "-xc", &script]).inherit_output()) {
            Ok(_) => {
                context.distro.ssh().restore_context(directory)?;
                placed.insert(public_file(&file));
            }
            Err(error) => report.warn(None, format!("cannot derive the public key of {private}: {error}")),
        }
    }
    Ok(placed)
}

/// Whether the kernel is in FIPS mode.
fn fips(context: &Context<'_>) -> bool {
    context
        .system
        .files
        .text(Path::new("/proc/sys/crypto/fips_enabled"))
        .is_some_and(|text| text.trim() == "1")
}

/// Generates host keys. The image's are set aside until their successors exist, since a machine without host keys is out
/// of reach. Returns what must be kept; `None` if everything must, because no key could be generated.
fn generate_keys(
    context: &Context<'_>,
    directory: &Path,
    config: &Config,
    report: &mut Report,
) -> Result<Option<BTreeSet<PathBuf>>, ModuleError> {
    let jobs = jobs(context, directory, config);
    let mut kept = BTreeSet::new();
    let (mut generated, mut unknown) = (false, 0);
    for (job, outcome) in jobs.iter().zip(generate(context, directory, &jobs)) {
        let error = match outcome {
            Ok(output) => {
                generated = true;
                kept.extend([public_file(&job.file), job.file.clone()]);
                if let Err(error) = job.finish(context, &output, config.ssh_quiet_keygen.0) {
                    report.warn(None, error.to_string());
                }
                continue;
            }
            Err(error) => error,
        };
        let is_kept = job.put_back(context) || job.is_untouched(context, &error);
        if is_unknown_type(&error) {
            tracing::debug!("ssh-keygen does not support key type '{}'", job.kind);
            unknown += 1;
            continue;
        }
        if is_kept {
            // Those that could not be put back stay where they are.
            kept.extend(job.places().into_iter().flat_map(|(place, aside)| [place, aside]));
        }
        let consequence = if is_kept { ": keeping the image's" } else { "" };
        report.warn(None, format!("cannot generate a {} host key{consequence}: {error}", job.kind));
    }
    if !jobs.is_empty() && unknown == jobs.len() {
        report.warn(None, "ssh-keygen supports none of the types in ssh_genkeytypes: keeping the image's host keys");
    }
    Ok((generated || jobs.is_empty()).then_some(kept))
}

/// Whether ssh-keygen failed because it does not know the type of the key.
fn is_unknown_type(error: &ModuleError) -> bool {
    let ModuleError::Command(CommandError::Failed { output, .. }) = error else { return false };
    output.code == 1 && String::from_utf8_lossy(&output.stderr).to_lowercase().starts_with("unknown key")
}

/// The host keys to generate.
fn jobs(context: &Context<'_>, directory: &Path, config: &Config) -> Vec<Job> {
    let types = match &config.ssh_genkeytypes {
        Some(words) => words.texts(),
        None => context.distro.ssh().key_types().iter().map(|&kind| kind.to_owned()).collect(),
    };
    let fips = fips(context);
    let mut jobs = Vec::<Job>::new();
    for kind in types {
        let job = Job { file: key_file(directory, &kind), kind };
        if jobs.iter().any(|other| other.file == job.file) {
            continue;
        }
        if !context.system.commands.is_started(&job.command()) {
            // A power cut may have left them aside.
            job.put_back(context);
            if !config.ssh_deletekeys.0 && context.system.files.exists(&job.file) {
                continue;
            }
        }
        if fips && job.kind == "ed25519" {
            tracing::debug!("no ed25519 host key: the kernel is in FIPS mode");
            continue;
        }
        jobs.push(job);
    }
    jobs
}

/// A host key to generate.
struct Job {
    kind: String,
    file: PathBuf,
}

impl Job {
    fn command(&self) -> Command {
        let path = self.file.to_string_lossy().into_owned();
        Command::line(["ssh-keygen", "-t", &self.kind, "-N", "", "-f", &path]).env("LANG", "C")
    }

    /// The files of the key, the public one first, and where the image's are until it exists.
    fn places(&self) -> [(PathBuf, PathBuf); 2] {
        let aside = PathBuf::from(format!("{}.image", self.file.display()));
        [(public_file(&self.file), public_file(&aside)), (self.file.clone(), aside)]
    }

    /// Makes room for what the command writes: ssh-keygen asks before it overwrites a private key.
    fn prepare(&self, context: &Context<'_>, directory: &Path) -> Result<Command, ModuleError> {
        let (command, files) = (self.command(), &context.system.files);
        if !context.system.commands.is_started(&command) {
            files.create_dir(directory, None)?;
            if files.exists(&self.file) {
                for (place, aside) in self.places().iter().filter(|(place, _)| files.exists(place)) {
                    files.rename(place, aside)?;
                }
            }
        }
        Ok(command)
    }

    /// Puts the image's key back, in place of one that was not completed. Returns whether it was aside.
    fn put_back(&self, context: &Context<'_>) -> bool {
        let files = &context.system.files;
        let [(public, public_aside), (private, private_aside)] = self.places();
        let (has_public, has_private) = (files.exists(&public_aside), files.exists(&private_aside));
        let restore = || {
            // The order is such that after a power cut, what is still aside says what is missing.
            if has_private && !has_public {
                // The image had none: this one is the other key's.
                files.remove(&public)?;
            }
            if has_private {
                files.rename(&private_aside, &private)?;
            }
            if has_public { files.rename(&public_aside, &public) } else { Ok(()) }
        };
        if let Err(error) = restore() {
            tracing::warn!("cannot restore a host key of the image: {error}");
        }
        has_private
    }

    /// Whether the key in its place is the image's, which could not be set aside.
    fn is_untouched(&self, context: &Context<'_>, error: &ModuleError) -> bool {
        !matches!(error, ModuleError::Command(_)) && context.system.files.exists(&self.file)
    }

    /// Prints what the command printed, and gives its file the owner and mode that this distribution's sshd requires.
    fn finish(&self, context: &Context<'_>, output: &Output, quiet: bool) -> Result<(), ModuleError> {
        if !quiet {
            context.system.environment.tell(&output.text());
        }
        set_owner(context, &self.file)
    }
}

/// Generates host keys, side by side: an RSA key takes longer than the others together.
fn generate(context: &Context<'_>, directory: &Path, jobs: &[Job]) -> Vec<Result<Output, ModuleError>> {
    let prepared: Vec<Result<Command, ModuleError>> =
        jobs.iter().map(|job| job.prepare(context, directory)).collect();
    let commands: Vec<Command> = prepared.iter().filter_map(|command| command.as_ref().ok()).cloned().collect();
    let mut outcomes = context.system.commands.run_all(&commands).into_iter();
    prepared
        .into_iter()
        .map(|command| {
            command?;
            let missing = || ModuleError::Failed("ssh-keygen did not run".to_owned());
            Ok(outcomes.next().ok_or_else(missing)??)
        })
        .collect()
}

/// Sets owner and mode of a private key, if ssh-keygen chose others.
fn set_owner(context: &Context<'_>, file: &Path) -> Result<(), ModuleError> {
    let files = &context.system.files;
    let Some(found) = files.stat(file)? else { return Ok(()) };
    let (owner, mode) = context.distro.ssh().private_key_owner()?;
    if owner.uid.is_some_and(|uid| uid != found.uid) || owner.gid.is_some_and(|gid| gid != found.gid) {
        files.set_owner(file, owner)?;
    }
    if found.mode != mode {
        files.set_mode(file, mode)?;
    }
    Ok(())
}

/// Type and key of every public host key that can be published.
fn public_keys(context: &Context<'_>, directory: &Path, config: &Config) -> Vec<HostKey> {
    let all = Publish::default();
    let publish = config.ssh_publish_hostkeys.as_ref().unwrap_or(&all);
    if !publish.enabled.0 {
        return Vec::new();
    }
    let hidden: Vec<String> =
        publish.blacklist.texts().iter().map(|kind| format!("ssh_host_{kind}_key.pub")).collect();
    let names = context.system.files.list(directory).unwrap_or_default();
    let public = |name: &&String| {
        name.starts_with("ssh_host_") && name.ends_with("_key.pub") && !hidden.contains(name)
    };
    let read = |name: &String| {
        let text = context.system.files.text(&directory.join(name))?;
        let mut words = text.split_whitespace().map(str::to_owned);
        Some(HostKey { kind: words.next()?, key: words.next()? })
    };
    names.iter().filter(public).filter_map(read).collect()
}

/// The keys of the data source and the configuration, for the default user and for root.
fn authorize(context: &Context<'_>, config: &Config, report: &mut Report) -> Result<(), ModuleError> {
    // users_groups reports anomalies of users.
    let accounts = Accounts::read(context, &mut Report::default())?;
    let user = accounts.default_name();
    let mut keys = Vec::new();
    if config.allow_public_ssh_keys.0 {
        keys.extend(context.instance.public_keys.iter().cloned());
    } else {
        tracing::debug!("ignoring the SSH keys of the data source: allow_public_ssh_keys is false");
    }
    keys.extend(config.ssh_authorized_keys.texts());
    let options = if config.disable_root.0 {
        let options =
            config.disable_root_opts.as_ref().map_or(REDIRECT_OPTIONS, |options| options.0.as_str());
        redirect(options, user.unwrap_or("NONE"), "root")
    } else {
        String::new()
    };
    let mut place = |user: &str, options: &str| {
        if let Err(error) = authorized_keys::add(context, &keys, user, options) {
            report.warn(None, format!("cannot write the SSH keys of {user}: {error}"));
            return false;
        }
        true
    };
    if user.is_none_or(|user| place(user, "")) {
        place("root", &options);
    }
    Ok(())
}
