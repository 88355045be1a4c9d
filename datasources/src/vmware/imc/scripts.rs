//! What a customization with a marker does once: the customer's script before and after, and passwords.

use std::path::Path;

use metadata::encoding::base64_lenient;
use model::Crawl;
use model::datasource::SourceError;
use model::effects::{Attributes, Command, CommandError};

use super::events::{CUSTOMIZE_FAILED, Host, SCRIPT_DISABLED};
use super::{DIRECTORY, Specification, broken};

/// Where the script runs.
const PLACE: &str = "/root/.customization";
const SCRIPT: &str = "/root/.customization/customize.sh";
/// Runs the script after the customization, at the end of the boot.
const AFTER: &str = "post-customize-guest.sh";
const PENDING: &str = "/.guest-customization-post-reboot-pending";

/// Runs the script, sets passwords, and prepares the script for the end of the boot.
pub(super) fn run(
    crawl: &Crawl<'_>,
    specification: &Specification,
    host: &Host<'_>,
) -> Result<(), SourceError> {
    let script = specification.get("CUSTOM-SCRIPT|SCRIPT-NAME");
    let enabled = match script {
        Some(_) => is_enabled(crawl, specification.yes("MISC|DEFAULT-RUN-POST-CUST-SCRIPT")?),
        None => false,
    };
    let failed = |what: &'static str| move |_: &SourceError| host.failed(what, CUSTOMIZE_FAILED);
    let runnable = script.filter(|_| enabled);
    if let Some(name) = runnable {
        before(crawl, name).inspect_err(failed("Error executing pre-customization script"))?;
    }
    passwords(crawl, specification).inspect_err(failed("Error applying password configuration"))?;
    if let Some(name) = runnable {
        after(crawl, name).inspect_err(failed("Error executing post-customization script"))?;
    }
    if script.is_some() && !enabled {
        host.failed("Custom script is disabled by VM Administrator", SCRIPT_DISABLED);
        let reason = "CUSTOM-SCRIPT: scripts are disabled; enable them with 'vmware-toolbox-cmd config set deployPkg \
                      enable-custom-scripts true'";
        return Err(broken(DIRECTORY, reason.to_owned()));
    }
    Ok(())
}

/// Whether VMware's tools allow scripts.
fn is_enabled(crawl: &Crawl<'_>, usual: bool) -> bool {
    let commands = &crawl.system().commands;
    if commands.which("vmware-toolbox-cmd").is_none() {
        return usual;
    }
    let words = ["vmware-toolbox-cmd", "config", "get", "deployPkg", "enable-custom-scripts"];
    match commands.run(&Command::line(words)) {
        Ok(output) => match output.text().split_once('=') {
            Some((_, value)) => value.trim().eq_ignore_ascii_case("true"),
            None => usual,
        },
        Err(error) => {
            // 69: there is no configuration.
            if !matches!(&error, CommandError::Failed { output, .. } if output.code == 69) {
                tracing::warn!("{error}");
            }
            usual
        }
    }
}

/// Copies the script to where it runs.
fn prepare(crawl: &Crawl<'_>, name: &str) -> Result<(), SourceError> {
    let files = &crawl.system().files;
    let path = Path::new(DIRECTORY).join(name);
    let content: Vec<u8> = files.read(&path)?.into_iter().filter(|byte| *byte != b'\r').collect();
    files.create_dir(Path::new(PLACE), None)?;
    let attributes = Attributes { mode: Some(0o544), ..Attributes::secret() };
    Ok(files.write(Path::new(SCRIPT), &content, &attributes)?)
}

fn before(crawl: &Crawl<'_>, name: &str) -> Result<(), SourceError> {
    prepare(crawl, name)?;
    run_command(crawl, &Command::line([SCRIPT, "precustomization"]))
}

fn after(crawl: &Crawl<'_>, name: &str) -> Result<(), SourceError> {
    prepare(crawl, name)?;
    let files = &crawl.system().files;
    let content = files.read(&Path::new(DIRECTORY).join(AFTER))?;
    let target = crawl.paths().scripts("per-instance").join(AFTER);
    files.write(&target, &content, &Attributes::mode(0o744))?;
    Ok(files.write(Path::new(PENDING), b"", &Attributes::mode(0o644))?)
}

fn run_command(crawl: &Crawl<'_>, command: &Command) -> Result<(), SourceError> {
    let place = command.program.clone();
    let outcome = crawl.system().commands.run(command);
    outcome.map(|_| ()).map_err(|error| SourceError::Broken { place, reason: error.to_string() })
}

/// Sets root's password, and lets the passwords of all administrators expire.
fn passwords(crawl: &Crawl<'_>, specification: &Specification) -> Result<(), SourceError> {
    if let Some(encoded) = specification.get("PASSWORD|-PASS") {
        let password = base64_lenient(encoded)
            .map_err(|_| broken(&specification.name, "PASSWORD|-PASS: not valid base64".to_owned()))?;
        let line = [b"root:".as_slice(), &password, b"\n"].concat();
        run_command(crawl, &Command::new("chpasswd").stdin(line))?;
    }
    if !specification.yes("PASSWORD|RESET")? {
        return Ok(());
    }
    let text = |path: &str| crawl.system().files.text(Path::new(path)).unwrap_or_default();
    let (passwd, shadow) = (text("/etc/passwd"), text("/etc/shadow"));
    let root_users: Vec<&str> = passwd
        .lines()
        .filter(|line| line.split(':').nth(2) == Some("0"))
        .filter_map(|line| line.split(':').next())
        .collect();
    for user in shadow.lines().filter_map(|line| line.split(':').next()) {
        if root_users.contains(&user) {
            expire(crawl, user);
        }
    }
    Ok(())
}

fn expire(crawl: &Crawl<'_>, user: &str) {
    let first = run_command(crawl, &Command::line(["passwd", "--expire", user]));
    let outcome = first.or_else(|_| run_command(crawl, &Command::line(["chage", "-d", "0", user])));
    if let Err(error) = outcome {
        tracing::warn!("Failed to expire password for {user}: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The original's `get_tools_config`, whose exit code 69 is that of a missing configuration.
    #[test]
    fn scripts_are_enabled_by_the_tools() {
        let tools = || system::Scratch::new().program("/usr/bin/vmware-toolbox-cmd");
        let http = || std::sync::Arc::new(system::TreeHttp::new(std::sync::Arc::new(system::Scratch::new()), None));
        let enabled = |machine: &crate::testing::Machine, usual: bool| {
            machine.with_crawl(model::datasource::SourceStage::Local, None, |crawl| is_enabled(crawl, usual))
        };
        for usual in [true, false] {
            let without = crate::testing::Machine::with_http(system::Scratch::new(), http());
            assert_eq!(enabled(&without, usual), usual);
            for (code, text, expected) in [
                (0, "enable-custom-scripts = true\n", Some(true)),
                (0, "enable-custom-scripts = TRUE\n", Some(true)),
                (0, "enable-custom-scripts=false\n", Some(false)),
                (0, "enable-custom-scripts = \n", Some(false)),
                (0, "UNSET\n", None),
                (69, "", None),
                (1, "", None),
            ] {
                let mut machine = crate::testing::Machine::with_http(tools(), http());
                let answers = system::Answering::over(&machine.system);
                let answers = match code {
                    0 => answers.prints("vmware-toolbox-cmd config get deployPkg enable-custom-scripts", text),
                    code => answers.exits("vmware-toolbox-cmd config get deployPkg enable-custom-scripts", code, text),
                };
                machine.system.commands = std::sync::Arc::new(answers);
                assert_eq!(enabled(&machine, usual), expected.unwrap_or(usual), "{code} {text}");
            }
        }
    }
}
