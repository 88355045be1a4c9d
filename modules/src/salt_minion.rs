//! `salt_minion`: installs, configures and starts the Salt minion.

use std::path::{Path, PathBuf};

use model::distro::{PackageSpec, ServiceAction};
use model::effects::{Attributes, Command};
use model::module::{Described, Listed, Report};
use model::{Context, Frequency, Module, ModuleError, Node, Secret, Stage};
use schema::forms::Object;
use schemars::JsonSchema;
use serde::Deserialize;
use yaml::write::{Style, dump};

use crate::installers;
use crate::lenient::Text;

/// Installs and configures the minion, then starts it or applies its states once.
pub struct SaltMinion;

/// The Salt minion: package, service, configuration files and keys.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// The minion configuration.
    pub salt_minion: Option<Settings>,
}

impl Described for SaltMinion {
    const NAME: &'static str = "salt_minion";
    const STAGE: Stage = Stage::Final;
    const FREQUENCY: Frequency = Frequency::Instance;
    const KEYS: &'static [&'static str] = &["salt_minion"];
    const LISTED: Listed = Listed::Everywhere;
    const TITLE: &'static str = "Salt";
    const SUMMARY: &'static str = "Installs, configures and starts the Salt minion.";
    type Config = Config;
}

impl Module for SaltMinion {
    fn run(&self, context: &Context<'_>, config: Config, report: &mut Report) -> Result<(), ModuleError> {
        let Some(settings) = config.salt_minion else {
            report.skip("salt_minion is not set");
            return Ok(());
        };
        let freebsd = context.distro.info().name == "freebsd";
        let text = |own: &Option<Text>, [usual, on_freebsd]: [&str; 2]| {
            let usual = if freebsd { on_freebsd } else { usual };
            own.as_ref().map_or_else(|| usual.to_owned(), |own| own.0.clone())
        };
        let name = text(&settings.pkg_name, ["salt-minion", "py-salt"]);
        let service = text(&settings.service_name, ["salt-minion", "salt_minion"]);
        let directory = PathBuf::from(text(&settings.config_dir, ["/etc/salt", "/usr/local/etc/salt"]));
        context.distro.packages().install(&[PackageSpec::named(name)])?;
        let files = &context.system.files;
        files.create_dir(&directory, None)?;
        for (name, content) in [("minion", &settings.conf), ("grains", &settings.grains)] {
            if let Some(content) = content {
                let text = dump(&content.to_yaml().value, &Style::default());
                files.write(&directory.join(name), text.as_bytes(), &Attributes::mode(0o644))?;
            }
        }
        write_keys(context, &settings, &directory)?;
        let mode = settings.conf.as_ref().and_then(|conf| conf.get("file_client"));
        let masterless = mode.and_then(Node::as_str) == Some("local");
        use ServiceAction::{Disable, Enable, Restart, Stop};
        let services = context.distro.services();
        for action in if masterless { [Disable, Stop] } else { [Enable, Restart] } {
            services.manage(action, &service)?;
        }
        if masterless {
            // A state may reboot the machine.
            (context.mark_done)()?;
            let apply = Command::line(["salt-call", "--local", "state.apply"]);
            installers::run_installed(context, &apply.of_user().inherit_output())?;
        }
        Ok(())
    }
}

/// Writes the key pair, if both keys are configured.
fn write_keys(context: &Context<'_>, settings: &Settings, config: &Path) -> Result<(), ModuleError> {
    let (Some(public), Some(private)) = (&settings.public_key, &settings.private_key) else { return Ok(()) };
    let files = &context.system.files;
    let directory = settings.pki_dir.as_ref().map_or_else(
        || {
            let usual = config.join("pki/minion");
            if files.is_dir(&usual) { usual } else { config.join("pki") }
        },
        |own| PathBuf::from(&own.0),
    );
    // Missing parents are private too.
    let missing: Vec<&Path> = directory.ancestors().take_while(|path| !files.exists(path)).collect();
    for path in missing.into_iter().rev() {
        files.create_dir(path, Some(0o700))?;
    }
    files.write(&directory.join("minion.pub"), public.0.as_bytes(), &Attributes::mode(0o644))?;
    Ok(files.write(&directory.join("minion.pem"), private.expose().0.as_bytes(), &Attributes::secret())?)
}

/// `salt_minion`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Settings {
    /// The package name. Default: salt-minion.
    pub pkg_name: Option<Text>,
    /// The service name. Default: salt-minion.
    pub service_name: Option<Text>,
    /// The configuration directory. Default: /etc/salt.
    pub config_dir: Option<Text>,
    /// The content of the file `minion` in that directory.
    #[schemars(with = "Option<Object>")]
    pub conf: Option<Node>,
    /// The content of the file `grains` in that directory.
    #[schemars(with = "Option<Object>")]
    pub grains: Option<Node>,
    /// The minion's public key.
    pub public_key: Option<Text>,
    /// The minion's private key.
    pub private_key: Option<Secret<Text>>,
    /// The key directory. Default: `pki/minion` below `config_dir`.
    pub pki_dir: Option<Text>,
}
