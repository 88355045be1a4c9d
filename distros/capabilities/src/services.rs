//! Services: systemd, or the `service` command.

use std::path::Path;

use model::distro::{ServiceAction, Services};
use model::effects::{Command, FileKind};
use model::{DistroError, System};

/// Whether systemd is the init of this system, as sd_booted(3) tells.
pub(crate) fn uses_systemd(system: &System) -> bool {
    let found = system.files.lstat(Path::new("/run/systemd/system"));
    matches!(found, Ok(Some(found)) if found.kind == FileKind::Directory)
}

/// The init system.
pub struct InitSystem {
    /// Effects.
    pub system: System,
}

impl Services for InitSystem {
    fn manage(&self, action: ServiceAction, service: &str) -> Result<(), DistroError> {
        let words: Vec<&str> = if uses_systemd(&self.system) {
            let verb = match action {
                ServiceAction::Start => "start",
                ServiceAction::Stop => "stop",
                ServiceAction::Restart => "restart",
                ServiceAction::Reload => "reload-or-restart",
                ServiceAction::TryReload => "try-reload-or-restart",
                ServiceAction::Status => "status",
                ServiceAction::Enable => "enable",
                ServiceAction::Disable => "disable",
            };
            vec!["systemctl", verb, service]
        } else {
            let verb = match action {
                ServiceAction::Start | ServiceAction::Enable => "start",
                ServiceAction::Stop | ServiceAction::Disable => "stop",
                ServiceAction::Restart | ServiceAction::Reload | ServiceAction::TryReload => "restart",
                ServiceAction::Status => "status",
            };
            vec!["service", service, verb]
        };
        self.system.commands.run(&Command::line(words))?;
        Ok(())
    }

    fn uses_systemd(&self) -> bool {
        uses_systemd(&self.system)
    }

    fn shutdown_command(&self, mode: &str, delay: &str, message: &str) -> Result<Vec<String>, DistroError> {
        let option = match mode {
            "halt" => "-H",
            "poweroff" => "-P",
            "reboot" => "-r",
            other => {
                let text = format!("power_state[mode] must be poweroff, reboot or halt, not '{other}'");
                return Err(DistroError::Failed(text));
            }
        };
        let delay = match delay.trim_start_matches('+').parse::<i64>() {
            _ if delay == "now" => "now".to_owned(),
            Ok(minutes) => format!("+{minutes}"),
            Err(_) => {
                let text = format!("power_state[delay] must be 'now' or '+m' (minutes). found '{delay}'.");
                return Err(DistroError::Failed(text));
            }
        };
        let mut words = vec!["shutdown".to_owned(), option.to_owned(), delay];
        if !message.is_empty() {
            words.push(message.to_owned());
        }
        Ok(words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shutdown_is_told_when_and_how() {
        let (system, _) = system::scratch();
        let init = InitSystem { system };
        let words = |mode, delay| init.shutdown_command(mode, delay, "bye").map(|words| words.join(" "));
        assert_eq!(words("reboot", "+5").expect("valid"), "shutdown -r +5 bye");
        assert_eq!(words("halt", "now").expect("valid"), "shutdown -H now bye");
        assert!(words("reboot", "soon").is_err());
        assert!(words("explode", "now").is_err());
    }
}
