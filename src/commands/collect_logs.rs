//! `collect-logs`: logs and related files in one archive, for debugging.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::{ArgAction, Args};
use engine::logfiles;
use flate2::Compression;
use flate2::write::GzEncoder;
use model::Order as _;
use model::effects::{
    Attributes, Command, CommandError, FileKind, Output, Owner, Reading, without_url_secrets,
};
use model::{Node, Paths, System};

use crate::output;

/// `collect-logs`.
#[derive(Debug, Args)]
pub(crate) struct CollectLogs {
    /// Print each collected file; twice: also each file that was not collected.
    #[arg(short, long, action = ArgAction::Count)]
    verbose: u8,
    /// Path of the archive.
    #[arg(short, long, value_name = "FILE", default_value = "cloud-init.tar.gz")]
    tarfile: PathBuf,
    /// Also collect files that only root can read (user-data, seeds, the kernel log). They may contain passwords and
    /// keys.
    #[arg(short = 'u', long)]
    include_userdata: bool,
    /// Do not collect files that only root can read. This is the default; it overrides --include-userdata.
    #[arg(short, long)]
    redact_sensitive: bool,
}

/// Writes the archive; returns 1 on failure.
pub(crate) fn run(options: &CollectLogs) -> u8 {
    let system = super::host();
    if system.environment.uid() != 0 {
        output::error("This command must be run as root.");
        return 1;
    }
    let (config, paths) = super::configuration(&system);
    let secrets = options.include_userdata && !options.redact_sensitive;
    match collect(&system, &config, &paths, secrets, options) {
        Ok(path) => {
            output::error(&format!("Wrote {}", path.display()));
            if secrets {
                output::error(
                    "WARNING: the archive may contain passwords and keys. Review it before sharing it.",
                );
            }
            0
        }
        Err(error) => {
            output::error(&format!("error: {error}"));
            1
        }
    }
}

/// The maximum size of a collected file in bytes: archives are made in memory.
const LARGEST: u64 = 1 << 30;

/// Files of Ubuntu's installer; the last three hold the user's answers.
const INSTALLER: &[&str] = &[
    "/var/log/installer/ubuntu_desktop_installer.log",
    "/var/log/installer/subiquity-server-debug.log",
    "/var/log/installer/subiquity-client-debug.log",
    "/var/log/installer/curtin-install.log",
    "/var/log/installer/subiquity-curtin-install.conf",
    "/var/log/installer/curtin-install/subiquity-initial.conf",
    "/var/log/installer/curtin-install/subiquity-curthooks.conf",
    "/var/log/installer/curtin-install/subiquity-extract.conf",
    "/var/log/installer/curtin-install/subiquity-partitioning.conf",
    "/var/log/installer/curtin-error-logs.tar",
    "/var/log/installer/curtin-errors.tar",
    "/var/log/installer/block/probe-data.json",
    INSTALLER_SECRETS[0],
    INSTALLER_SECRETS[1],
    INSTALLER_SECRETS[2],
];

const INSTALLER_SECRETS: &[&str] = &[
    "/var/log/installer/autoinstall-user-data",
    "/autoinstall.yaml",
    "/etc/cloud/cloud.cfg.d/99-installer.cfg",
];

fn collect(
    system: &System,
    config: &Node,
    paths: &Paths,
    secrets: bool,
    options: &CollectLogs,
) -> Result<PathBuf, Error> {
    let target = system::absolute(&options.tarfile).map_err(Error::Archive)?;
    let now = system.clock.now();
    let mut archive = Archive {
        system,
        builder: tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default())),
        top: PathBuf::from(format!("cloud-init-logs-{}", now.day())),
        time: now.0.as_secs(),
        verbose: options.verbose,
        secrets,
    };
    archive.told("version", &format!("{} {}\n", program(), crate::VERSION))?;
    archive
        .output("dpkg-version", &["dpkg-query", "--show", "-f=${Package} ${Version}\\n", "cloud-init*"])?;
    if secrets {
        archive.output("dmesg.txt", &["dmesg"])?;
    }
    for (name, boot) in [("journal.txt", "--boot=0"), ("journal-previous.txt", "--boot=-1")] {
        archive.output(name, &["journalctl", boot, "-o", "short-precise"])?;
    }
    // The logs are root-only, but an archive without them is useless; secrets are never logged.
    let mut logs = logfiles::of(system, config);
    logs.extend(
        INSTALLER.iter().filter(|path| secrets || !INSTALLER_SECRETS.contains(path)).map(PathBuf::from),
    );
    for path in logs {
        archive.file(&path, true)?;
    }
    for path in configuration(system).into_iter().chain(state(system, paths)) {
        archive.file(&path, secrets)?;
    }
    let bytes = archive.finish()?;
    system.files.write(&target, &bytes, &Attributes::secret().owned_by(Owner::ROOT))?;
    Ok(target)
}

/// Reasons why an archive cannot be written.
#[derive(Debug, thiserror::Error)]
enum Error {
    /// Reading or writing a file failed.
    #[error(transparent)]
    File(#[from] model::effects::FileError),
    /// Writing the archive failed.
    #[error("cannot write the archive: {0}")]
    Archive(#[from] std::io::Error),
}

fn program() -> String {
    system::executable().map_or_else(|| "cloud-init".to_owned(), |path| path.display().to_string())
}

/// All files below /etc/cloud except keys and templates.
fn configuration(system: &System) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut pending = vec![PathBuf::from("/etc/cloud")];
    while let Some(directory) = pending.pop() {
        for path in entries(system, &directory) {
            match system.files.lstat(&path) {
                Ok(Some(item)) if item.kind == FileKind::Directory => {
                    if !["/etc/cloud/keys", "/etc/cloud/templates"].iter().any(|own| path == Path::new(own)) {
                        pending.push(path);
                    }
                }
                // The installer's file is collected with the installer's other files.
                _ if path == Path::new(INSTALLER_SECRETS[2]) => {}
                _ => found.push(path),
            }
        }
    }
    found.order();
    found
}

/// The state, without the user's scripts and semaphores and without earlier instances.
fn state(system: &System, paths: &Paths) -> Vec<PathBuf> {
    let directories = ["data", "handlers", "seed", "instance", "instance/handlers"];
    let mut found: Vec<PathBuf> =
        directories.iter().flat_map(|name| entries(system, &paths.cloud_dir.join(name))).collect();
    found.extend(entries(system, &paths.run_dir));
    found
}

fn entries(system: &System, directory: &Path) -> Vec<PathBuf> {
    let names = system.files.list(directory).unwrap_or_default();
    names.iter().map(|name| directory.join(name)).collect()
}

/// A tar archive being written.
struct Archive<'a> {
    system: &'a System,
    builder: tar::Builder<GzEncoder<Vec<u8>>>,
    top: PathBuf,
    /// Seconds since 1970, as the time of generated entries.
    time: u64,
    verbose: u8,
    /// Whether secrets were asked for.
    secrets: bool,
}

impl Archive<'_> {
    fn add(&mut self, name: &Path, content: &[u8], mode: u32, time: u64) -> Result<(), Error> {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(mode);
        header.set_mtime(time);
        self.builder.append_data(&mut header, self.top.join(name), content)?;
        Ok(())
    }

    fn told(&mut self, name: &str, text: &str) -> Result<(), Error> {
        self.add(Path::new(name), text.as_bytes(), 0o644, self.time)
    }

    /// The output of a command, or the reason why it failed.
    fn output(&mut self, name: &str, words: &[&str]) -> Result<(), Error> {
        let ran = self.system.commands.run(&Command::line(words.iter().copied()));
        let (text, ok) = match ran {
            Ok(output) => (printed(&output), true),
            Err(CommandError::Failed { output, .. }) => (printed(&output), false),
            Err(error) => (format!("{error}\n"), false),
        };
        if self.verbose > 0 {
            output::error(&format!("{} {name}", if ok { "collected" } else { "could not collect" }));
        }
        let text = if self.secrets { text } else { without_url_secrets(&text).into_owned() };
        self.told(name, &text)
    }

    /// Adds a file; one that only root can read only with `secrets`.
    fn file(&mut self, path: &Path, secrets: bool) -> Result<(), Error> {
        let found = self.system.files.stat(path)?.filter(|found| found.kind == FileKind::File);
        let Some(found) = found else {
            if self.verbose > 1 {
                output::error(&format!("file {} did not exist", path.display()));
            }
            return Ok(());
        };
        if !secrets && found.mode & 0o004 == 0 {
            if self.verbose > 1 {
                output::error(&format!("sensitive file {} was not collected", path.display()));
            }
            return Ok(());
        }
        let content = match self.system.files.read_with(path, &Reading::up_to(LARGEST)) {
            Ok(content) => self.shared(content),
            // The other files are still worth an archive.
            Err(error) => {
                output::error(&format!("warning: not collecting {}: {error}", path.display()));
                return Ok(());
            }
        };
        let name = path.strip_prefix("/").unwrap_or(path);
        self.add(name, &content, found.mode, u64::try_from(found.modified).unwrap_or(0))?;
        if self.verbose > 0 {
            output::error(&format!("collected file: {}", path.display()));
        }
        Ok(())
    }

    /// Content as it is passed on: logs of earlier versions and of scripts may contain URLs with secrets.
    fn shared(&self, content: Vec<u8>) -> Vec<u8> {
        match std::str::from_utf8(&content) {
            Ok(text) if !self.secrets => without_url_secrets(text).into_owned().into_bytes(),
            _ => content,
        }
    }

    fn finish(self) -> Result<Vec<u8>, Error> {
        let mut bytes = self.builder.into_inner()?.finish()?;
        bytes.flush()?;
        Ok(bytes)
    }
}

fn printed(output: &Output) -> String {
    output.text() + &String::from_utf8_lossy(&output.stderr)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    /// Names and contents of the archive collected from a machine.
    fn archived(secrets: bool) -> Vec<(String, String)> {
        let (system, _) = system::Scratch::new()
            .file("/var/log/cloud-init.log", "log")
            .file("/var/log/cloud-init.log.1", "older log: http://u:SECRET@h/x?sig=SECRET: 404\n")
            .file("/etc/cloud/cloud.cfg", "a: 1")
            .file("/etc/cloud/cloud.cfg.d/10.cfg", "b: 1")
            .file("/etc/cloud/templates/hosts.tmpl", "template")
            .file("/etc/cloud/keys/key", "key")
            .file("/run/cloud-init/instance-data.json", "redacted")
            .file("/run/cloud-init/instance-data-sensitive.json", "SECRET")
            .file("/var/lib/cloud/data/status.json", "{}")
            .file("/var/lib/cloud/instance/user-data.txt", "SECRET")
            .file("/var/lib/cloud/instance/scripts/runcmd", "SECRET")
            .file("/autoinstall.yaml", "SECRET")
            .system();
        let root_only =
            ["/run/cloud-init/instance-data-sensitive.json", "/var/lib/cloud/instance/user-data.txt"];
        for path in root_only.into_iter().chain(["/var/log/cloud-init.log"]) {
            system.files.set_mode(Path::new(path), 0o600).expect("set");
        }
        let config =
            Node::from_yaml("t", b"def_log_file: /var/log/cloud-init.log").expect("YAML").expect("there");
        let options = CollectLogs {
            verbose: 0,
            tarfile: "/tmp/a.tgz".into(),
            include_userdata: false,
            redact_sensitive: false,
        };
        let path = collect(&system, &config, &Paths::default(), secrets, &options).expect("collected");
        let mode = system.files.stat(&path).expect("no error").expect("there").mode;
        assert_eq!(mode, 0o600);
        let bytes = system.files.read(&path).expect("there");
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(&bytes[..]));
        let mut found = Vec::new();
        for entry in archive.entries().expect("a tar archive") {
            let mut entry = entry.expect("an entry");
            let name = entry.path().expect("a name").display().to_string();
            let mut text = String::new();
            entry.read_to_string(&mut text).expect("text");
            let below = name.split_once('/').map_or("", |(_, below)| below).to_owned();
            found.push((below, text));
        }
        found
    }

    #[test]
    fn no_secret_unless_asked_for() {
        let plain = archived(false);
        let has = |all: &[(String, String)], name: &str| all.iter().any(|(found, _)| found == name);
        for name in [
            "version",
            "journal.txt",
            "var/log/cloud-init.log",
            "var/log/cloud-init.log.1",
            "etc/cloud/cloud.cfg.d/10.cfg",
            "run/cloud-init/instance-data.json",
            "var/lib/cloud/data/status.json",
        ] {
            assert!(has(&plain, name), "{name} is missing: {plain:?}");
        }
        assert!(plain.iter().all(|(_, text)| !text.contains("SECRET")), "{plain:?}");
        assert!(!has(&plain, "dmesg.txt") && !has(&plain, "etc/cloud/templates/hosts.tmpl"));
        let all = archived(true);
        for name in ["var/lib/cloud/instance/user-data.txt", "autoinstall.yaml", "dmesg.txt"] {
            assert!(has(&all, name), "{name} is missing: {all:?}");
        }
        assert!(!has(&all, "etc/cloud/keys/key") && !has(&all, "var/lib/cloud/instance/scripts/runcmd"));
    }
}
