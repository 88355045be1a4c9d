//! Ansible's installation, and its commands as root or as a user.

use model::distro::PackageSpec;
use model::effects::{Class, Command, CommandError, Output, without_url_secrets};
use model::module::Report;
use model::{Context, ModuleError};

use super::check::Method;
use crate::installers;

/// Prints the directory of the standard library, and whether pip can be imported.
const ABOUT_PYTHON: &str = "import importlib.util, sysconfig; print(sysconfig.get_path('stdlib')); print(importlib.util.find_spec('pip') is not None)";

/// The installed Ansible.
pub(super) struct Tool<'a> {
    pub(super) context: &'a Context<'a>,
    /// The user that runs it; root without one.
    user: Option<String>,
    method: Method,
    /// The Python that runs pip.
    python: String,
    /// ANSIBLE_CONFIG.
    pub(super) configuration: Option<String>,
}

impl<'a> Tool<'a> {
    /// Prepares the installation method.
    pub(super) fn new(
        context: &'a Context<'a>,
        user: Option<String>,
        method: Method,
    ) -> Result<Self, ModuleError> {
        let python = "/usr/bin/python3".to_owned();
        let mut tool = Self { context, user, method, python, configuration: None };
        if method == Method::Pip {
            tool.find_python()?;
        }
        Ok(tool)
    }

    /// Looks for Python 3, which pip's package brings if it is missing.
    fn find_python(&mut self) -> Result<(), ModuleError> {
        let commands = &self.context.system.commands;
        if commands.which("python3").is_none() {
            self.install_package(self.pip_package())?;
        }
        if let Some(path) = commands.which("python3") {
            self.python = path.to_string_lossy().into_owned();
        }
        Ok(())
    }

    fn pip_package(&self) -> &'static str {
        if self.context.distro.info().name == "alpine" { "py3-pip" } else { "python3-pip" }
    }

    fn install_package(&self, name: &str) -> Result<(), ModuleError> {
        let package = PackageSpec::named(name);
        Ok(self.context.distro.packages().install(&[package])?)
    }

    /// Installs Ansible if it is missing; an error if it still is missing afterwards.
    pub(super) fn install(&self, package: &str, report: &mut Report) -> Result<(), ModuleError> {
        match self.method {
            Method::Distro if !self.is_installed()? => self.install_package(package)?,
            Method::Distro => {}
            Method::Pip => self.install_by_pip(package, report)?,
        }
        let journal = &self.context.system.journal;
        if self.is_installed()? || journal.note("Ansible is installed before its commands run") {
            return Ok(());
        }
        Err(ModuleError::Failed("command: ansible is not installed".to_owned()))
    }

    fn is_installed(&self) -> Result<bool, ModuleError> {
        if self.method == Method::Distro {
            return Ok(self.context.system.commands.which("ansible").is_some());
        }
        Ok(self.pip(&["list"], &[])?.text().contains("ansible"))
    }

    /// `python3 -m pip VERB OPTIONS [--user] WORDS`.
    fn pip(&self, verb: &[&str], words: &[&str]) -> Result<Output, CommandError> {
        let user = self.user.is_some().then_some("--user");
        let line = [self.python.as_str(), "-m", "pip"].into_iter().chain(verb.iter().copied());
        let line: Vec<String> = line.chain(user).chain(words.iter().copied()).map(str::to_owned).collect();
        self.run_as(&line, None, Class::Package)
    }

    fn install_by_pip(&self, package: &str, report: &mut Report) -> Result<(), ModuleError> {
        let system = self.context.system;
        let ask = Command::line([self.python.as_str(), "-c", ABOUT_PYTHON]);
        let about = || installers::run_installed(self.context, &ask);
        let mut python = about()?.text();
        if python.lines().nth(1) != Some("True") {
            self.install_package(self.pip_package())?;
            python = about()?.text();
        }
        if self.is_installed()? {
            return Ok(());
        }
        let library = python.lines().next().unwrap_or_default();
        // PEP 668: pip otherwise refuses to install into the distribution's Python.
        let managed = !library.is_empty()
            && system.files.exists(&std::path::Path::new(library).join("EXTERNALLY-MANAGED"));
        let verb: &[&str] = if managed { &["install", "--break-system-packages"] } else { &["install"] };
        tracing::info!("Upgrading pip");
        match self.pip(verb, &["--upgrade", "pip"]) {
            Ok(_) => tracing::info!("Upgraded pip"),
            Err(error) => report.warn(
                None,
                format!("Failed at upgrading pip. This is usually not critical, so this step is skipped: {error}"),
            ),
        }
        tracing::info!("Installing the {package} package");
        self.pip(verb, &[package])?;
        tracing::info!("Installed the {package} package");
        Ok(())
    }

    /// Runs a command of the user's configuration.
    pub(super) fn run(&self, words: &[String], directory: Option<&str>) -> Result<Output, CommandError> {
        self.run_as(words, directory, Class::Script)
    }

    fn run_as(
        &self,
        words: &[String],
        directory: Option<&str>,
        class: Class,
    ) -> Result<Output, CommandError> {
        let secret = |word: &String| without_url_secrets(word) != word.as_str();
        let Some(user) = &self.user else {
            let mut command = Command::line(words.iter().cloned()).of_class(class);
            command.secret_args = (1..words.len()).filter(|at| secret(&words[*at])).map(|at| at - 1).collect();
            // Some of Ansible's modules need it.
            let home = self.context.system.environment.var("HOME").unwrap_or_else(|| "/root".to_owned());
            command = command.env("HOME", home);
            if let Some(file) = &self.configuration {
                command = command.env("ANSIBLE_CONFIG", file);
            }
            command.directory = directory.map(Into::into);
            return installers::run_installed(self.context, &command);
        };
        let line = self.shell_line(words, directory);
        let command = Command::line(["su", "-", user, "-c"]).of_class(class);
        let command =
            if words.iter().any(secret) { command.secret_arg(line) } else { command.arg(line) };
        installers::run_installed(self.context, &command)
    }

    /// The line for a user's login shell, which has its own PATH.
    fn shell_line(&self, words: &[String], directory: Option<&str>) -> String {
        let mut line = directory.map(|path| format!("cd {} && ", quoted(path))).unwrap_or_default();
        line.push_str("env PATH=$PATH");
        if let Some(file) = &self.configuration {
            line.push_str(&format!(" ANSIBLE_CONFIG={}", quoted(file)));
        }
        for word in words {
            line.push(' ');
            line.push_str(&quoted(word));
        }
        line
    }
}

/// A word for the shell, in the format of Python's `shlex.quote`.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "_@%+=:,./-".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\"'\"'"))
}

#[cfg(test)]
mod tests {
    /// Expectations: the output of Python's `shlex.quote`.
    #[test]
    fn words_are_quoted_like_shlex() {
        for (word, expected) in
            [("", "''"), ("a/b-c_d@e=1", "a/b-c_d@e=1"), ("a b", "'a b'"), ("it's", r#"'it'"'"'s'"#), ("$x", "'$x'")]
        {
            assert_eq!(super::quoted(word), expected);
        }
    }
}
