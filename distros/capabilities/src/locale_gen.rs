//! Sets the locale where locales are generated from /etc/locale.gen: Arch, Gentoo; and where there is nothing to generate.

use std::path::Path;

use model::distro::Locale;
use model::effects::{Attributes, Command};
use model::{DistroError, System};

use crate::header;

const LOCALE_GEN: &str = "/etc/locale.gen";
const DEFAULT: &str = "en_US.UTF-8";

/// A locale is a word in files that shells and locale-gen read.
fn checked(locale: &str, path: &str) -> Result<(), DistroError> {
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "._@-".contains(letter);
    if !locale.is_empty() && locale.chars().all(allowed) {
        return Ok(());
    }
    Err(DistroError::BadFile { path: path.into(), reason: format!("invalid locale '{locale}'") })
}

/// Arch: locale-gen, and `localectl set-locale`.
pub struct ArchLocale {
    /// Effects.
    pub system: System,
}

impl Locale for ArchLocale {
    fn apply(&self, locale: &str, file: Option<&Path>) -> Result<(), DistroError> {
        checked(locale, LOCALE_GEN)?;
        if let Some(file) = file.filter(|file| *file != Path::new("/etc/locale.conf")) {
            tracing::warn!(
                "Invalid locale_configfile {}, only supported value is /etc/locale.conf",
                file.display()
            );
        }
        let text = format!("{}\n{locale} UTF-8\n", header(&self.system, "Created"));
        self.system.files.write(Path::new(LOCALE_GEN), text.as_bytes(), &Attributes::mode(0o644))?;
        self.system.commands.run(&Command::line(["locale-gen"]).inherit_output())?;
        let set = Command::line(["localectl", "set-locale", locale]);
        self.system.commands.run(&set.inherit_output())?;
        Ok(())
    }

    fn current(&self) -> Result<String, DistroError> {
        Ok(DEFAULT.into())
    }
}

/// Gentoo: locale-gen, and `eselect locale set`, for OpenRC and systemd.
pub struct GentooLocale {
    /// Effects.
    pub system: System,
}

impl Locale for GentooLocale {
    fn apply(&self, locale: &str, _file: Option<&Path>) -> Result<(), DistroError> {
        checked(locale, LOCALE_GEN)?;
        let mut lines = vec!["C.UTF8 UTF-8".to_owned(), format!("{DEFAULT} UTF-8")];
        if locale != DEFAULT {
            let charset =
                locale.split(['.', '@']).nth(1).filter(|charset| locale.contains(&format!(".{charset}")));
            lines.push(format!("{locale} {}", charset.unwrap_or("UTF-8")));
        }
        let attributes = Attributes::mode(0o644);
        self.system.files.write(Path::new(LOCALE_GEN), lines.join("\n").as_bytes(), &attributes)?;
        self.system.commands.run(&Command::line(["locale-gen"]).inherit_output())?;
        let set = Command::line(["eselect", "locale", "set", locale]);
        self.system.commands.run(&set.inherit_output())?;
        Ok(())
    }

    fn current(&self) -> Result<String, DistroError> {
        Ok(DEFAULT.into())
    }
}

const PROFILE: &str = "/etc/profile.d/50-cloud-init-locale.sh";
/// The locale of musl.
const MUSL: &str = "C.UTF-8";

/// Alpine: variables that login shells export, because musl has no locales to generate.
pub struct AlpineLocale {
    /// Effects.
    pub system: System,
}

impl Locale for AlpineLocale {
    fn apply(&self, locale: &str, file: Option<&Path>) -> Result<(), DistroError> {
        let locale = if locale.is_empty() { MUSL } else { locale };
        checked(locale, PROFILE)?;
        let text = format!(
            "#\n# This file is created by cloud-init once per new instance boot\n#\n\
             export CHARSET=UTF-8\nexport LANG={locale}\nexport LC_COLLATE=C\n"
        );
        let path = file.unwrap_or(Path::new(PROFILE));
        Ok(self.system.files.write(path, text.as_bytes(), &Attributes::mode(0o644))?)
    }

    fn current(&self) -> Result<String, DistroError> {
        Ok(MUSL.into())
    }
}

/// Raspberry Pi OS: raspi-config, which generates the locale too.
pub struct RaspberryLocale {
    /// Effects.
    pub system: System,
    /// How the locale is read.
    pub inner: crate::DebianLocale,
}

impl RaspberryLocale {
    fn change(&self, locale: &str) -> Result<(), DistroError> {
        let change = ["/usr/bin/raspi-config", "nonint", "do_change_locale", locale];
        self.system.commands.run(&Command::line(change))?;
        Ok(())
    }
}

impl Locale for RaspberryLocale {
    fn apply(&self, locale: &str, _file: Option<&Path>) -> Result<(), DistroError> {
        match self.change(locale) {
            Err(error) if !locale.ends_with(".UTF-8") => {
                tracing::info!("{error}; trying to set locale {locale}.UTF-8");
                self.change(&format!("{locale}.UTF-8"))
            }
            result => result,
        }
    }

    fn current(&self) -> Result<String, DistroError> {
        self.inner.current()
    }
}
