//! `ansible`: Ansible is installed and pulls playbooks, or this machine becomes a controller.

use schema::forms::Either;
use schema::notes::deprecated;
use model::module::{Described, Listed};
use model::{Frequency, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Text};

/// The module; what it is for is in its [`Described::SUMMARY`].
pub struct Ansible;

/// Ansible: how it is installed, which playbooks this machine pulls, and what it runs as a controller of others.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// What is installed and run.
    pub ansible: Option<Settings>,
}

impl Described for Ansible {
    const NAME: &'static str = "ansible";
    const STAGE: Stage = Stage::Final;
    const FREQUENCY: Frequency = Frequency::Instance;
    const KEYS: &'static [&'static str] = &["ansible"];
    const LISTED: Listed = Listed::Everywhere;
    const TITLE: &'static str = "Ansible";
    const SUMMARY: &'static str = "Installs Ansible, pulls playbooks and runs them.";
    type Config = Config;
}

/// `ansible`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Settings {
    /// Where Ansible comes from: `distro` for the distribution's package, or `pip`. Default: distro.
    #[schemars(extend("default" = "distro", "enum" = ["distro", "pip"]))]
    pub install_method: Option<Text>,
    /// The user who runs Ansible, and pip where it is installed by that. Default: root.
    pub run_user: Option<Text>,
    /// The file of Ansible's configuration (ANSIBLE_CONFIG). Default: Ansible's own choice.
    pub ansible_config: Option<Text>,
    /// What a controller runs on other machines.
    pub setup_controller: Option<Controller>,
    /// Collections and roles from Galaxy.
    pub galaxy: Option<Galaxy>,
    /// The package. Default: ansible.
    #[schemars(extend("default" = "ansible"))]
    pub package_name: Option<Text>,
    /// Playbooks that ansible-pull fetches from a repository and runs on this machine.
    pub pull: Option<Either<Vec<Pull>, OnePull>>,
}

/// `ansible.setup_controller`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Controller {
    /// Repositories that git clones before.
    pub repositories: Option<Vec<Repository>>,
    /// Runs of ansible-playbook, in order.
    pub run_ansible: Option<Vec<Run>>,
}

/// A repository.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Repository {
    /// The directory that it is cloned into.
    pub path: Text,
    /// Its address.
    pub source: Text,
}

/// A run of ansible-playbook; keys without a meaning of their own are its options.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Run {
    /// The playbook's file.
    pub playbook_name: Option<Text>,
    /// The directory that it is run in.
    pub playbook_dir: Option<Text>,
    /// Option: a file with the password for becoming another user.
    pub become_password_file: Option<Text>,
    /// Option: a file with the password of connections.
    pub connection_password_file: Option<Text>,
    /// Option: only list the hosts. Default: false.
    #[schemars(extend("default" = false))]
    pub list_hosts: Option<Flag>,
    /// Option: only check the syntax. Default: false.
    #[schemars(extend("default" = false))]
    pub syntax_check: Option<Flag>,
    /// Option: seconds until a connection is given up.
    #[schemars(extend("minimum" = 0))]
    pub timeout: Option<f64>,
    /// Option: the vault's identity.
    pub vault_id: Option<Text>,
    /// Option: a file with the vault's password.
    pub vault_password_file: Option<Text>,
    /// Option: seconds after which a task in the background fails.
    #[schemars(extend("minimum" = 0))]
    pub background: Option<f64>,
    /// Option: change nothing, say what would be changed. Default: false.
    #[schemars(extend("default" = false))]
    pub check: Option<Flag>,
    /// Option: show what differs in files. Default: false.
    #[schemars(extend("default" = false))]
    pub diff: Option<Flag>,
    /// Option: where modules are looked for.
    pub module_path: Option<Text>,
    /// Option: seconds between two looks at a task in the background.
    #[schemars(extend("minimum" = 0))]
    pub poll: Option<f64>,
    /// Option: arguments of the module.
    pub args: Option<Text>,
    /// Option: further variables.
    pub extra_vars: Option<Text>,
    /// Option: how many hosts at the same time.
    #[schemars(extend("minimum" = 0))]
    pub forks: Option<f64>,
    /// Option: the inventory.
    pub inventory: Option<Text>,
    /// Option: arguments of scp.
    pub scp_extra_args: Option<Text>,
    /// Option: arguments of sftp.
    pub sftp_extra_args: Option<Text>,
    /// Option: the file of the private key.
    pub private_key: Option<Text>,
    /// Option: the kind of connection.
    pub connection: Option<Text>,
    /// Option: the module's name.
    pub module_name: Option<Text>,
    /// Option: the most seconds to wait before starting.
    pub sleep: Option<Text>,
    /// Option: only tasks with these tags.
    pub tags: Option<Text>,
    /// Option: only tasks without these tags.
    pub skip_tags: Option<Text>,
}

/// `ansible.galaxy`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Galaxy {
    /// Command lines, each a list: `[ansible-galaxy, collection, install, NAME]`.
    pub actions: Vec<Vec<Word>>,
}

/// A word of a command line.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, extend("pattern" = "^.*$"))]
#[serde(transparent)]
pub struct Word(pub Text);

/// One pull in the place of a list.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, transform = deprecated("25.2", "Write a list of such mappings."))]
#[serde(transparent)]
pub struct OnePull(pub Pull);

/// A run of ansible-pull; keys without a meaning of their own are its options.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "ansible.pull", deny_unknown_fields, extend("oneOf" = [
    {"required": ["url", "playbook_name"]}, {"required": ["url", "playbook_names"]},
]))]
pub struct Pull {
    /// Option: take the repository's host key as it comes. Default: false.
    #[schemars(extend("default" = false))]
    pub accept_host_key: Option<Flag>,
    /// Option: throw away what was changed in the checkout. Default: false.
    #[schemars(extend("default" = false))]
    pub clean: Option<Flag>,
    /// Option: clone with the whole history. Default: false.
    #[schemars(extend("default" = false))]
    pub full: Option<Flag>,
    /// Option: show what differs in files. Default: false.
    #[schemars(extend("default" = false))]
    pub diff: Option<Flag>,
    /// Option: arguments of ssh, scp and sftp.
    pub ssh_common_args: Option<Text>,
    /// Option: arguments of scp.
    pub scp_extra_args: Option<Text>,
    /// Option: arguments of sftp.
    pub sftp_extra_args: Option<Text>,
    /// Option: the file of the private key.
    pub private_key: Option<Text>,
    /// Option: the branch, tag or commit.
    pub checkout: Option<Text>,
    /// Option: where modules are looked for.
    pub module_path: Option<Text>,
    /// Option: seconds until a connection is given up, as a text.
    pub timeout: Option<Text>,
    /// The repository's address.
    pub url: Option<Text>,
    /// Option: the kind of connection.
    pub connection: Option<Text>,
    /// Option: the vault's identity.
    pub vault_id: Option<Text>,
    /// Option: a file with the vault's password.
    pub vault_password_file: Option<Text>,
    /// Option: refuse a commit without a good signature. Default: false.
    #[schemars(extend("default" = false))]
    pub verify_commit: Option<Flag>,
    /// Option: the inventory.
    pub inventory: Option<Text>,
    /// Option: the module that checks out. Default: git.
    pub module_name: Option<Text>,
    /// Option: the most seconds to wait before starting.
    pub sleep: Option<Text>,
    /// Option: only tasks with these tags.
    pub tags: Option<Text>,
    /// Option: only tasks without these tags.
    pub skip_tags: Option<Text>,
    /// One playbook.
    #[schemars(transform = deprecated("25.2", "Use playbook_names."))]
    pub playbook_name: Option<Text>,
    /// The playbooks that are run, in order.
    pub playbook_names: Option<Vec<Text>>,
}
