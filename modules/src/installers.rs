//! Software that modules install: scripts of vendors, downloaded and run as root, and programs of new packages.

use std::path::Path;
use std::time::Duration;

use model::effects::{Attributes, Class, Command, CommandError, HttpError, Output, Request};
use model::{Context, ModuleError};

/// The maximum size of a script.
const MAX_BYTES: u64 = 16 << 20;
/// The time limit of each attempt.
const TIMEOUT: Duration = Duration::from_secs(60);
/// The pause before each retry.
const PAUSE: Duration = Duration::from_secs(1);

/// Downloads a script and runs it once with these arguments.
pub(crate) fn run(
    context: &Context<'_>,
    url: &str,
    retries: u32,
    name: &str,
    args: &[String],
) -> Result<(), ModuleError> {
    let mut request = Request::get(url).public().timeout(TIMEOUT).retries(retries).pause(PAUSE);
    request.max_bytes = MAX_BYTES;
    let script = match context.system.http.send(&request) {
        Err(HttpError::NotAsked { url })
            if context.system.journal.note(&format!("the installer {url} is downloaded and run")) =>
        {
            return Ok(());
        }
        answer => answer?.body,
    };
    // Nobody but root can write here, unlike to /var/tmp, which may be mounted noexec too.
    let directory = context.paths.instance("installers");
    let path = directory.join(name);
    let files = &context.system.files;
    let done = write(context, &directory, &path, &script).and_then(|()| {
        let command = Command::new(path.to_string_lossy()).args(args.iter().cloned());
        context.system.commands.run(&command.of_class(Class::Package).inherit_output())?;
        Ok(())
    });
    files.remove(&directory)?;
    done
}

fn write(context: &Context<'_>, directory: &Path, path: &Path, script: &[u8]) -> Result<(), ModuleError> {
    context.system.files.create_dir(directory, Some(0o700))?;
    Ok(context.system.files.write(path, script, &Attributes::mode(0o700))?)
}

/// Runs a program that a package brings. A plan, which installs none, only notes it.
pub(crate) fn run_installed(context: &Context<'_>, command: &Command) -> Result<Output, CommandError> {
    match context.system.commands.run(command) {
        Err(CommandError::NotFound(program))
            if context.system.journal.note(&format!("{program} comes with a package or an installer")) =>
        {
            Ok(Output::default())
        }
        done => done,
    }
}
