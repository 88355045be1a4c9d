//! Sets the locale: update-locale and locale-gen on Debian, a shell-variable file on others.

use std::path::Path;

use ifcfg::{Document, Quoting};
use model::distro::{Locale, PackageSpec, Packages};
use model::effects::{Attributes, Command};
use model::{DistroError, System};

use crate::{PackageManagers, header};

/// A shell-variable file with one variable changed; a new file gets the header.
pub(crate) fn with_variable(
    system: &System,
    before: Option<&[u8]>,
    name: &str,
    value: &str,
) -> Result<Vec<u8>, ifcfg::Error> {
    let mut file = Document::parse(before.unwrap_or_default())?;
    file.set(name, value, Quoting::Sysconf)?;
    let mut text = Vec::new();
    if before.is_none() {
        text.extend_from_slice(header(system, "Created").as_bytes());
        text.push(b'\n');
    }
    text.extend_from_slice(&file.write());
    if !text.ends_with(b"\n") {
        text.push(b'\n');
    }
    Ok(text)
}

fn variable(system: &System, path: &Path, name: &str) -> Option<String> {
    let bytes = system.files.read(path).ok()?;
    Document::parse(&bytes).ok()?.get(name).filter(|value| !value.is_empty())
}

/// A variable in a file that the system reads.
pub struct LocaleFile {
    /// Effects.
    pub system: System,
    /// The file.
    pub file: &'static str,
    /// The variable (`LANG`).
    pub variable: &'static str,
    /// A service to restart, so that it reads the file.
    pub service: Option<&'static str>,
}

impl LocaleFile {
    /// locale.conf(5) of systemd.
    pub fn systemd(system: &System) -> Self {
        Self { system: system.clone(), file: "/etc/locale.conf", variable: "LANG", service: None }
    }
}

impl Locale for LocaleFile {
    fn apply(&self, locale: &str, file: Option<&Path>) -> Result<(), DistroError> {
        let path = file.unwrap_or(Path::new(self.file));
        let before = self.system.files.read_optional(path)?;
        let text = with_variable(&self.system, before.as_deref(), self.variable, locale)
            .map_err(|error| DistroError::BadFile { path: path.to_owned(), reason: error.to_string() })?;
        self.system.files.write(path, &text, &Attributes::mode(0o644))?;
        if let Some(service) = self.service {
            self.system.commands.run(&Command::line(["systemctl", "restart", service]))?;
        }
        Ok(())
    }

    fn current(&self) -> Result<String, DistroError> {
        let found = variable(&self.system, Path::new(self.file), self.variable);
        Ok(found.unwrap_or_else(|| "en_US.UTF-8".into()))
    }
}

/// Debian's implementation.
pub struct DebianLocale {
    /// Effects.
    pub system: System,
    /// For installing the package `locales` if its programs are missing.
    pub packages: PackageManagers,
}

const DEFAULT: &str = "C.UTF-8";
const FILE: &str = "/etc/default/locale";
const LOCALE_GEN: &str = "/etc/locale.gen";
const SUPPORTED: &str = "/usr/share/i18n/SUPPORTED";

/// Locales that need not be generated.
fn is_built_in(locale: &str) -> bool {
    matches!(locale.to_ascii_lowercase().as_str(), "c" | "c.utf-8" | "c.utf8" | "posix")
}

/// The language, character set and modifier of a locale's name; all of another name is the language.
fn parts(locale: &str) -> (&str, Option<&str>, Option<&str>) {
    let (rest, modifier) =
        locale.split_once('@').map_or((locale, None), |(rest, modifier)| (rest, Some(modifier)));
    let (base, charset) = rest.split_once('.').map_or((rest, None), |(base, charset)| (base, Some(charset)));
    let fits = |text: &str, others: &str| {
        !text.is_empty()
            && text.chars().all(|letter| letter.is_ascii_alphanumeric() || others.contains(letter))
    };
    let named = fits(base, "_")
        && !base.contains(|letter: char| letter.is_ascii_digit())
        && charset.is_none_or(|charset| fits(charset, "-"))
        && modifier.is_none_or(|modifier| fits(modifier, "_-"));
    if named { (base, charset, modifier) } else { (locale, None, None) }
}

impl DebianLocale {
    fn run(&self, command: Command) -> Result<(), DistroError> {
        let variables = ["LANGUAGE", "LANG", "LC_ALL"];
        let command = variables.iter().fold(command, |command, name| command.env(*name, DEFAULT));
        self.system.commands.run(&command.inherit_output())?;
        Ok(())
    }

    fn need(&self, program: &str) -> Result<(), DistroError> {
        if self.system.commands.which(program).is_some() {
            return Ok(());
        }
        let locales = PackageSpec::named("locales");
        self.packages.install(&[locales])
    }

    /// The line of SUPPORTED for a locale, preferring UTF-8 if no character set was given.
    fn supported(&self, locale: &str) -> String {
        let (base, charset, modifier) = parts(locale);
        let text = self.system.files.text(Path::new(SUPPORTED)).unwrap_or_default();
        let candidates: Vec<&str> = text
            .lines()
            .map(str::trim)
            .filter(|line| {
                let name = line.split_whitespace().next().unwrap_or_default();
                let (name, found) =
                    name.split_once('@').map_or((name, None), |(name, found)| (name, Some(found)));
                name.split('.').next() == Some(base) && found == modifier
            })
            .collect();
        let named = charset.and_then(|charset| {
            let wanted = format!("{base}.{charset}");
            candidates.iter().find(|line| {
                line.split(['@', ' ']).next().is_some_and(|name| name.eq_ignore_ascii_case(&wanted))
            })
        });
        let utf8 = || candidates.iter().find(|line| line.to_ascii_uppercase().ends_with(" UTF-8"));
        match named.or_else(utf8).or(candidates.first()) {
            Some(line) => (*line).to_owned(),
            None => {
                let charset = charset.unwrap_or("UTF-8");
                let modifier = modifier.map(|modifier| format!("@{modifier}")).unwrap_or_default();
                format!("{base}{modifier}.{charset} {charset}")
            }
        }
    }

    fn generate(&self, locale: &str) -> Result<(), DistroError> {
        if is_built_in(locale) {
            return Ok(());
        }
        self.need("locale-gen")?;
        let wanted = self.supported(locale);
        let before = self.system.files.text(Path::new(LOCALE_GEN)).unwrap_or_default();
        let mut found = false;
        let mut lines: Vec<&str> = before
            .lines()
            .map(|line| {
                let bare = line.trim().trim_start_matches(['#', ' ']).trim_end();
                if !bare.is_empty() && bare == wanted {
                    found = true;
                    wanted.as_str()
                } else {
                    line
                }
            })
            .collect();
        if !found {
            lines.push(&wanted);
        }
        let text = lines.join("\n").trim_end().to_owned() + "\n";
        self.system.files.write(Path::new(LOCALE_GEN), text.as_bytes(), &Attributes::mode(0o644))?;
        self.run(Command::line(["locale-gen", "--keep-existing"]))
    }
}

impl Locale for DebianLocale {
    fn apply(&self, locale: &str, file: Option<&Path>) -> Result<(), DistroError> {
        if locale.is_empty() {
            let (distro, what) = ("Debian".to_owned(), "an empty locale".to_owned());
            return Err(DistroError::Unsupported { distro, what });
        }
        let file = file.unwrap_or(Path::new(FILE));
        let set = variable(&self.system, Path::new(FILE), "LANG");
        let missing = !self.system.files.exists(file) || set.is_none();
        let current = set.unwrap_or_else(|| DEFAULT.into());
        if !missing && locale.eq_ignore_ascii_case(&current) {
            tracing::debug!("System has 'LANG={current}' requested '{locale}', skipping regeneration.");
            return Ok(());
        }
        self.generate(locale)?;
        if is_built_in(locale) && self.system.commands.which("update-locale").is_none() {
            // The C library has it: the package that generates locales is not needed.
            let plain =
                LocaleFile { system: self.system.clone(), file: FILE, variable: "LANG", service: None };
            return plain.apply(locale, Some(file));
        }
        self.need("update-locale")?;
        let option = format!("--locale-file={}", file.display());
        self.run(Command::line(["update-locale", &option, &format!("LANG={locale}")]))
    }

    fn current(&self) -> Result<String, DistroError> {
        Ok(variable(&self.system, Path::new(FILE), "LANG").unwrap_or_else(|| DEFAULT.into()))
    }
}
