//! The agent's installation, its settings, its service and its run.

use std::path::PathBuf;

use model::distro::{PackageSpec, ServiceAction};
use model::effects::Command;
use model::module::Report;
use model::{Context, DistroError, ModuleError, Node, Value};

use super::Settings;
use crate::installers;
use crate::lenient::Text;

/// The names of the package and of its service.
const NAMES: &[&str] = &["puppet-agent", "puppet"];
const AIO_URL: &str = "https://raw.githubusercontent.com/puppetlabs/install-puppet/main/install.sh";
const AIO_RETRIES: u32 = 5;

/// The agent of the distribution's packages, or Puppet's own.
pub(super) struct Agent<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) aio: bool,
}

/// The agent's files.
pub(super) struct Paths {
    pub(super) conf: PathBuf,
    pub(super) ssl: PathBuf,
    pub(super) attributes: PathBuf,
}

fn filled(text: Option<&Text>) -> Option<String> {
    text.map(|text| text.0.clone()).filter(|text| !text.is_empty())
}

impl Agent<'_> {
    fn program(&self) -> &'static str {
        if self.aio { "/opt/puppetlabs/bin/puppet" } else { "puppet" }
    }

    /// The owner of keys and certificates.
    pub(super) fn owner(&self) -> &'static str {
        if self.aio { "root:root" } else { "puppet:root" }
    }

    pub(super) fn install_package(&self, settings: &Settings, report: &mut Report) -> Result<(), ModuleError> {
        let version = filled(settings.version.as_ref());
        let install = |name: &str| {
            let package = PackageSpec { name: name.to_owned(), version: version.clone(), manager: None };
            self.context.distro.packages().install(&[package])
        };
        if let Some(name) = &settings.package_name {
            return Ok(install(&name.0)?);
        }
        for name in NAMES {
            match install(name) {
                Err(DistroError::NotInstalled { .. }) => {}
                done => return Ok(done?),
            }
        }
        report.warn(None, format!("No installable puppet package in any of: {}", NAMES.join(", ")));
        Ok(())
    }

    pub(super) fn install_aio(&self, settings: &Settings) -> Result<(), ModuleError> {
        let url = settings.aio_install_url.as_ref().map_or(AIO_URL, |url| url.0.as_str());
        let mut args = Vec::new();
        for (option, value) in [("-v", &settings.version), ("-c", &settings.collection)] {
            if let Some(value) = value {
                args.extend([option.to_owned(), value.0.clone()]);
            }
        }
        if settings.cleanup.is_none_or(|cleanup| cleanup.0) {
            args.push("--cleanup".to_owned());
        }
        installers::run(self.context, url, AIO_RETRIES, "puppet-install", &args)
    }

    /// The files as configured, else as the agent reports them.
    pub(super) fn paths(&self, settings: &Settings) -> Result<Paths, ModuleError> {
        Ok(Paths {
            conf: self.path(settings.conf_file.as_ref(), "config", "puppet.conf")?,
            ssl: self.path(settings.ssl_dir.as_ref(), "ssldir", "ssl")?,
            attributes: self.path(
                settings.csr_attributes_path.as_ref(),
                "csr_attributes",
                "csr_attributes.yaml",
            )?,
        })
    }

    fn path(&self, own: Option<&Text>, setting: &str, name: &str) -> Result<PathBuf, ModuleError> {
        let print = Command::line([self.program(), "config", "print", setting]);
        let printed = installers::run_installed(self.context, &print)?.text();
        let path = own.filter(|own| !own.0.is_empty()).map_or(printed.trim_end(), |own| own.0.as_str());
        if !path.is_empty() {
            return Ok(path.into());
        }
        let directory = if self.aio { "/etc/puppetlabs/puppet" } else { "/etc/puppet" };
        let path = PathBuf::from(directory).join(name);
        let note = format!("puppet reports the path of {name}; {} is assumed", path.display());
        if self.context.system.journal.note(&note) {
            return Ok(path);
        }
        Err(ModuleError::Failed(format!("puppet config print {setting}: no path was printed")))
    }

    /// Enables or starts the first of the services that exists.
    pub(super) fn manage(&self, action: ServiceAction, verb: &str, report: &mut Report) {
        let services = self.context.distro.services();
        if !NAMES.iter().any(|name| services.manage(action, &format!("{name}.service")).is_ok()) {
            let message =
                format!("Could not '{verb}' any of the following services: {}", NAMES.join(", "));
            report.warn(None, message);
        }
    }

    pub(super) fn exec(&self, args: Option<&Node>, report: &mut Report) -> Result<(), ModuleError> {
        let default = || vec!["--test".to_owned()];
        let words = match args.map(|node| (node, &node.value)) {
            None => default(),
            Some((_, Value::List(items))) => items
                .iter()
                .map(|item| {
                    item.scalar_text().ok_or_else(|| ModuleError::Invalid {
                        origin: item.origin.clone(),
                        message: format!("expected text, found {}", item.value.a_kind()),
                    })
                })
                .collect::<Result<_, _>>()?,
            Some((_, Value::Str(text))) => text.split_whitespace().map(str::to_owned).collect(),
            Some((node, value)) => {
                let message =
                    format!("puppet.exec_args: expected a list or a string, found {}", value.a_kind());
                report.warn(Some(&node.origin), message);
                default()
            }
        };
        let command = Command::line([self.program(), "agent"]).args(words);
        installers::run_installed(self.context, &command.of_user().inherit_output())?;
        Ok(())
    }
}
