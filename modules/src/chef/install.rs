//! The client's installation and its run.

use std::path::Path;

use model::distro::PackageSpec;
use model::effects::{Class, Command};
use model::module::Report;
use model::{Context, ModuleError, Node, Value};

use super::Settings;
use super::client::VALIDATION_KEY;
use crate::installers;

const CLIENT: &str = "/usr/bin/chef-client";
const DEFAULT_ARGS: &[&str] = &["-d", "-i", "1800", "-s", "20"];
const OMNIBUS_URL: &str = "https://www.chef.io/chef/install.sh";
const OMNIBUS_RETRIES: u32 = 5;
const RUBY: &str = "1.8";

/// Whether the client is an executable program.
pub(super) fn is_installed(context: &Context<'_>) -> bool {
    let found = context.system.files.stat(Path::new(CLIENT)).ok().flatten();
    found.is_some_and(|found| found.kind == model::effects::FileKind::File && found.mode & 0o111 != 0)
}

/// Installs the client; returns whether to run it.
pub(super) fn install(
    context: &Context<'_>,
    settings: &Settings,
    node: &Node,
    report: &mut Report,
) -> Result<bool, ModuleError> {
    let exec = settings.exec.map(|exec| exec.0);
    match settings.install_type.as_ref().map_or("packages", |kind| kind.0.as_str()) {
        "gems" => {
            install_gem(context, settings)?;
            Ok(exec.unwrap_or(true))
        }
        "packages" => {
            install_packages(context, &["chef".to_owned()])?;
            Ok(exec.unwrap_or(false))
        }
        "omnibus" => {
            let url = settings.omnibus_url.as_ref().map_or(OMNIBUS_URL, |url| url.0.as_str());
            let version = settings.omnibus_version.as_ref().map(|version| version.0.clone());
            let args: Vec<String> = version.into_iter().flat_map(|version| ["-v".to_owned(), version]).collect();
            installers::run(context, url, retries(settings)?, "chef-omnibus-install", &args)?;
            Ok(exec.unwrap_or(false))
        }
        other => {
            let place = node.get("install_type").map(|node| &node.origin);
            report.warn(place, format!("Unknown chef install type '{other}'"));
            Ok(false)
        }
    }
}

fn retries(settings: &Settings) -> Result<u32, ModuleError> {
    let Some(node) = &settings.omnibus_url_retries else { return Ok(OMNIBUS_RETRIES) };
    let number = node.scalar_text().and_then(|text| text.trim().parse::<u32>().ok());
    number.ok_or_else(|| ModuleError::Invalid {
        origin: node.origin.clone(),
        message: format!("chef.omnibus_url_retries: expected a number, found {}", node.value.a_kind()),
    })
}

fn install_packages(context: &Context<'_>, names: &[String]) -> Result<(), ModuleError> {
    let packages: Vec<PackageSpec> = names.iter().map(PackageSpec::named).collect();
    Ok(context.distro.packages().install(&packages)?)
}

fn install_gem(context: &Context<'_>, settings: &Settings) -> Result<(), ModuleError> {
    let ruby = settings.ruby_version.as_ref().map_or(RUBY, |version| version.0.as_str());
    let mut packages = vec![format!("ruby{ruby}"), format!("ruby{ruby}-dev")];
    if ruby == RUBY {
        packages.extend(["libopenssl-ruby1.8", "rubygems1.8"].map(str::to_owned));
    }
    install_packages(context, &packages)?;
    let files = &context.system.files;
    for program in ["gem", "ruby"] {
        let link = Path::new("/usr/bin").join(program);
        if !files.exists(&link) {
            files.symlink(Path::new(&format!("/usr/bin/{program}{ruby}")), &link)?;
        }
    }
    let version = settings.version.as_ref().filter(|version| !version.0.is_empty());
    let version = version.map(|version| format!("-v {}", version.0));
    let command = Command::line(["/usr/bin/gem", "install", "chef"]).args(version);
    let command = command.args(["--no-ri", "--no-rdoc", "--bindir", "/usr/bin", "-q"]);
    installers::run_installed(context, &command.of_class(Class::Package).inherit_output())?;
    Ok(())
}

/// Runs the client, and removes the validation key if configured.
pub(super) fn exec(context: &Context<'_>, settings: &Settings, report: &mut Report) -> Result<(), ModuleError> {
    let default = || DEFAULT_ARGS.iter().copied().map(str::to_owned).collect();
    let args: Vec<String> = match settings.exec_arguments.as_ref().map(|node| (node, &node.value)) {
        None => default(),
        Some((_, Value::List(items))) => items.iter().filter_map(Node::scalar_text).collect(),
        Some((_, Value::Str(text))) => vec![text.clone()],
        Some((node, value)) => {
            let message =
                format!("chef.exec_arguments: expected a list or a string, found {}", value.a_kind());
            report.warn(Some(&node.origin), message);
            default()
        }
    };
    tracing::debug!("Running chef-client");
    installers::run_installed(context, &Command::new(CLIENT).args(args).of_user().inherit_output())?;
    let key = Path::new(VALIDATION_KEY);
    if settings.delete_validation_post_exec.is_some_and(|delete| delete.0) && context.system.files.is_file(key) {
        context.system.files.remove(key)?;
    }
    Ok(())
}
