//! `ansible`: installs Ansible, pulls playbooks, or sets this machine up as a controller.

mod check;
mod tool;
mod work;

use schema::forms::Either;
use schema::notes::deprecated;
use model::module::{Described, Listed, Report};
use model::{Context, Frequency, Module, ModuleError, Node, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Text};

/// Installs Ansible, then runs what is configured.
pub struct Ansible;

/// Ansible: its installation, the playbooks to pull, and the setup as a controller.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// Ansible's installation and use.
    pub ansible: Option<Settings>,
}

impl Described for Ansible {
    const NAME: &'static str = "ansible";
    const STAGE: Stage = Stage::Final;
    const FREQUENCY: Frequency = Frequency::Instance;
    const KEYS: &'static [&'static str] = &["ansible"];
    const LISTED: Listed = Listed::Everywhere;
    const TITLE: &'static str = "Ansible";
    const SUMMARY: &'static str = "Installs Ansible, and pulls and runs playbooks.";
    type Config = Config;
}

impl Module for Ansible {
    fn run(&self, context: &Context<'_>, config: Config, report: &mut Report) -> Result<(), ModuleError> {
        let node = context.config.get("ansible").filter(|node| node.is_truthy());
        let (Some(node), Some(settings)) = (node, config.ansible) else {
            report.skip("ansible is not set");
            return Ok(());
        };
        let wanted = check::checked(node, &settings)?;
        let user = filled(settings.run_user.as_ref());
        let mut tool = tool::Tool::new(context, user, wanted.method)?;
        tool.install(wanted.package, report)?;
        tool.configuration = filled(settings.ansible_config.as_ref());
        // A playbook may reboot the machine.
        (context.mark_done)()?;
        if let Some(galaxy) = settings.galaxy.as_ref().filter(|galaxy| galaxy.is_truthy()) {
            work::galaxy(&tool, galaxy, report)?;
        }
        for pull in wanted.pulls {
            work::pull(&tool, pull, report)?;
        }
        match settings.setup_controller.as_ref().filter(|controller| controller.is_truthy()) {
            Some(controller) => work::controller(&tool, controller),
            None => Ok(()),
        }
    }
}

fn filled(text: Option<&Text>) -> Option<String> {
    text.map(|text| text.0.clone()).filter(|text| !text.is_empty())
}

/// `ansible`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Settings {
    /// How to install Ansible: `distro` for the distribution's package, or `pip`. Default: distro.
    #[schemars(extend("default" = "distro", "enum" = ["distro", "pip"]))]
    pub install_method: Option<Text>,
    /// The user that runs Ansible, and installs it with pip. Default: root.
    pub run_user: Option<Text>,
    /// Ansible's configuration file (ANSIBLE_CONFIG). Default: determined by Ansible.
    pub ansible_config: Option<Text>,
    /// Playbooks to run as a controller of other machines.
    #[schemars(with = "Option<Controller>")]
    pub setup_controller: Option<Node>,
    /// Collections and roles to install from Galaxy.
    #[schemars(with = "Option<Galaxy>")]
    pub galaxy: Option<Node>,
    /// The package name. Default: ansible.
    #[schemars(extend("default" = "ansible"))]
    pub package_name: Option<Text>,
    /// Playbooks that ansible-pull fetches from a repository and runs on this machine.
    #[schemars(with = "Option<Either<Vec<Pull>, OnePull>>")]
    pub pull: Option<Node>,
}

/// `ansible.setup_controller`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Controller {
    /// Repositories to clone first.
    pub repositories: Option<Vec<Repository>>,
    /// Runs of ansible-playbook, in order.
    pub run_ansible: Option<Vec<Run>>,
}

/// A repository.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Repository {
    /// The directory to clone into.
    pub path: Text,
    /// The repository URL.
    pub source: Text,
}

/// A run of ansible-playbook; all other keys are passed as options.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Run {
    /// The playbook's file.
    pub playbook_name: Option<Text>,
    /// The directory to run it in.
    pub playbook_dir: Option<Text>,
    /// Option: a file with the privilege escalation password.
    pub become_password_file: Option<Text>,
    /// Option: a file with the connection password.
    pub connection_password_file: Option<Text>,
    /// Option: list matching hosts only. Default: false.
    #[schemars(extend("default" = false))]
    pub list_hosts: Option<Flag>,
    /// Option: check the syntax only. Default: false.
    #[schemars(extend("default" = false))]
    pub syntax_check: Option<Flag>,
    /// Option: the connection timeout in seconds.
    #[schemars(extend("minimum" = 0))]
    pub timeout: Option<f64>,
    /// Option: the vault identity.
    pub vault_id: Option<Text>,
    /// Option: a file with the vault password.
    pub vault_password_file: Option<Text>,
    /// Option: the timeout of a background task in seconds.
    #[schemars(extend("minimum" = 0))]
    pub background: Option<f64>,
    /// Option: report changes without making them. Default: false.
    #[schemars(extend("default" = false))]
    pub check: Option<Flag>,
    /// Option: show differences in changed files. Default: false.
    #[schemars(extend("default" = false))]
    pub diff: Option<Flag>,
    /// Option: the search path for modules.
    pub module_path: Option<Text>,
    /// Option: the poll interval of a background task in seconds.
    #[schemars(extend("minimum" = 0))]
    pub poll: Option<f64>,
    /// Option: the module's arguments.
    pub args: Option<Text>,
    /// Option: extra variables.
    pub extra_vars: Option<Text>,
    /// Option: the number of parallel processes.
    #[schemars(extend("minimum" = 0))]
    pub forks: Option<f64>,
    /// Option: the inventory.
    pub inventory: Option<Text>,
    /// Option: extra arguments for scp.
    pub scp_extra_args: Option<Text>,
    /// Option: extra arguments for sftp.
    pub sftp_extra_args: Option<Text>,
    /// Option: the private key file.
    pub private_key: Option<Text>,
    /// Option: the connection type.
    pub connection: Option<Text>,
    /// Option: the module name.
    pub module_name: Option<Text>,
    /// Option: the maximum random delay before starting, in seconds.
    pub sleep: Option<Text>,
    /// Option: run only tasks with these tags.
    pub tags: Option<Text>,
    /// Option: skip tasks with these tags.
    pub skip_tags: Option<Text>,
}

/// `ansible.galaxy`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Galaxy {
    /// Command lines, each a list: `[ansible-galaxy, collection, install, NAME]`.
    pub actions: Vec<Vec<Word>>,
}

/// A command-line argument.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, extend("pattern" = "^.*$"))]
#[serde(transparent)]
pub struct Word(pub Text);

/// A single pull instead of a list.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, transform = deprecated("25.2", "Use a list of such mappings."))]
#[serde(transparent)]
pub struct OnePull(pub Pull);

/// A run of ansible-pull; all other keys are passed as options.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "ansible.pull", deny_unknown_fields, extend("oneOf" = [
    {"required": ["url", "playbook_name"]}, {"required": ["url", "playbook_names"]},
]))]
pub struct Pull {
    /// Option: accept the repository's host key. Default: false.
    #[schemars(extend("default" = false))]
    pub accept_host_key: Option<Flag>,
    /// Option: discard local changes in the checkout. Default: false.
    #[schemars(extend("default" = false))]
    pub clean: Option<Flag>,
    /// Option: clone the full history. Default: false.
    #[schemars(extend("default" = false))]
    pub full: Option<Flag>,
    /// Option: show differences in changed files. Default: false.
    #[schemars(extend("default" = false))]
    pub diff: Option<Flag>,
    /// Option: extra arguments for ssh, scp and sftp.
    pub ssh_common_args: Option<Text>,
    /// Option: extra arguments for scp.
    pub scp_extra_args: Option<Text>,
    /// Option: extra arguments for sftp.
    pub sftp_extra_args: Option<Text>,
    /// Option: the private key file.
    pub private_key: Option<Text>,
    /// Option: the branch, tag or commit to check out.
    pub checkout: Option<Text>,
    /// Option: the search path for modules.
    pub module_path: Option<Text>,
    /// Option: the connection timeout in seconds, as a string.
    pub timeout: Option<Text>,
    /// The repository URL.
    pub url: Option<Text>,
    /// Option: the connection type.
    pub connection: Option<Text>,
    /// Option: the vault identity.
    pub vault_id: Option<Text>,
    /// Option: a file with the vault password.
    pub vault_password_file: Option<Text>,
    /// Option: verify the GPG signature of the commit. Default: false.
    #[schemars(extend("default" = false))]
    pub verify_commit: Option<Flag>,
    /// Option: the inventory.
    pub inventory: Option<Text>,
    /// Option: the checkout module. Default: git.
    pub module_name: Option<Text>,
    /// Option: the maximum random delay before starting, in seconds.
    pub sleep: Option<Text>,
    /// Option: run only tasks with these tags.
    pub tags: Option<Text>,
    /// Option: skip tasks with these tags.
    pub skip_tags: Option<Text>,
    /// One playbook.
    #[schemars(transform = deprecated("25.2", "Use playbook_names."))]
    pub playbook_name: Option<Text>,
    /// The playbooks to run, in order.
    pub playbook_names: Option<Vec<Text>>,
}
