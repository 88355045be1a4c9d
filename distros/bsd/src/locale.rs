//! The locale: `lang` of the default class in login.conf(5), compiled by cap_mkdb(1). NetBSD and OpenBSD have no such
//! setting.

use std::path::Path;

use model::distro::Locale;
use model::effects::{Attributes, Command};
use model::{DistroError, System};

const FILE: &str = "/etc/login.conf";
const BACKUP: &str = "/etc/login.conf.orig";

/// The locale of login classes.
pub(crate) struct LoginClass {
    pub(crate) system: System,
    /// Whether the system's login classes have a locale.
    pub(crate) used: bool,
}

/// `default:` with another locale. One set by an earlier call is replaced.
fn with_locale(text: &str, locale: &str) -> String {
    let changed = |line: &str| -> Option<String> {
        let rest = line.strip_prefix("default:")?;
        let rest =
            rest.strip_prefix("lang=").and_then(|rest| rest.split_once(':')).map_or(rest, |(_, rest)| rest);
        Some(format!("default:lang={locale}:{rest}"))
    };
    text.lines().fold(String::new(), |text, line| text + changed(line).as_deref().unwrap_or(line) + "\n")
}

impl Locale for LoginClass {
    fn apply(&self, locale: &str, file: Option<&Path>) -> Result<(), DistroError> {
        if !self.used {
            tracing::debug!("Cannot set the locale.");
            return Ok(());
        }
        let file = file.unwrap_or(Path::new(FILE));
        let invalid = locale.contains([':', '\n', '\\']);
        if invalid {
            let reason = format!("invalid locale '{}'", locale.escape_default());
            return Err(DistroError::BadFile { path: file.to_owned(), reason });
        }
        let before = self.system.files.read(file)?;
        let text = with_locale(&String::from_utf8_lossy(&before), locale);
        let attributes = Attributes::mode(0o644);
        self.system.files.write(Path::new(BACKUP), &before, &attributes)?;
        self.system.files.write(file, text.as_bytes(), &attributes)?;
        let compile = Command::line(["cap_mkdb"]).arg(file.display().to_string());
        if let Err(error) = self.system.commands.run(&compile) {
            // Logins keep the compiled database, which must match the text.
            self.system.files.write(file, &before, &attributes)?;
            return Err(error.into());
        }
        Ok(())
    }

    fn current(&self) -> Result<String, DistroError> {
        let text = self.system.files.text(Path::new(FILE)).unwrap_or_default();
        let classes = text.lines().skip_while(|line| !line.starts_with("default:"));
        let found = classes.take_while(|line| !line.is_empty()).find_map(|line| {
            line.split(':').find_map(|field| field.trim().strip_prefix("lang=").map(str::to_owned))
        });
        Ok(found.unwrap_or_else(|| "C.UTF-8".to_owned()))
    }
}
