//! Service management for each init system.

use model::distro::{Init, PowerState, ServiceAction, Services};
use model::effects::Command;
use model::{DistroError, System};

/// The init system of a root.
pub struct InitSystem {
    /// Effects.
    pub system: System,
    /// Its type.
    pub init: Init,
}

fn words(init: Init, action: ServiceAction, service: &str) -> Vec<&str> {
    use ServiceAction::{Disable, Enable, Reload, Restart, Start, Status, Stop, TryReload};
    match (init, action) {
        (Init::Systemd, action) => {
            let verb = match action {
                Start => "start",
                Stop => "stop",
                Restart => "restart",
                Reload => "reload-or-restart",
                TryReload => "try-reload-or-restart",
                Status => "status",
                Enable => "enable",
                Disable => "disable",
            };
            vec!["systemctl", verb, service]
        }
        // rc-service(8), rc-update(8).
        (Init::OpenRc, Enable) => vec!["rc-update", "add", service],
        (Init::OpenRc, Disable) => vec!["rc-update", "del", service],
        (Init::OpenRc, action) => {
            let verb = match action {
                Start | Enable => "start",
                Stop | Disable => "stop",
                Restart | Reload | TryReload => "restart",
                Status => "status",
            };
            vec!["rc-service", "--nocolor", service, verb]
        }
        // FreeBSD's service(8) has enable and disable, which write rc.conf.
        (Init::Bsd, Enable) => vec!["service", service, "enable"],
        (Init::Bsd, Disable) => vec!["service", service, "disable"],
        (Init::SysV | Init::Bsd, action) => {
            let verb = match action {
                Start | Enable => "start",
                Stop | Disable => "stop",
                Restart | Reload | TryReload => "restart",
                Status => "status",
            };
            vec!["service", service, verb]
        }
    }
}

impl InitSystem {
    fn run(&self, words: &[&str]) -> Result<(), DistroError> {
        self.system.commands.run(&Command::line(words.iter().copied()))?;
        Ok(())
    }
}

impl Services for InitSystem {
    fn manage(&self, action: ServiceAction, service: &str) -> Result<(), DistroError> {
        self.run(&words(self.init, action, service))
    }

    fn init(&self) -> Init {
        self.init
    }

    fn is_active(&self, service: &str) -> Result<bool, DistroError> {
        if self.init != Init::Systemd {
            let (distro, what) = (format!("{:?}", self.init), "queries of service states".to_owned());
            return Err(DistroError::Unsupported { distro, what });
        }
        let show = ["systemctl", "show", "--property", "ActiveState", "--value", service];
        let state = self.system.commands.run(&Command::line(show))?.text();
        Ok(matches!(state.trim().to_lowercase().as_str(), "active" | "activating" | "reloading"))
    }

    fn restart_unordered(&self, service: &str) -> Result<(), DistroError> {
        match self.init {
            Init::Systemd => self.run(&["systemctl", "restart", service, "--job-mode=ignore-dependencies"]),
            _ => self.manage(ServiceAction::Restart, service),
        }
    }

    fn reload_configuration(&self) -> Result<(), DistroError> {
        match self.init {
            Init::Systemd => self.run(&["systemctl", "daemon-reload"]),
            _ => Ok(()),
        }
    }

    fn shutdown_command(&self, to: PowerState, minutes: Option<i64>, message: &str) -> Vec<String> {
        let option = match to {
            PowerState::Halt => "-H",
            PowerState::Poweroff => "-P",
            PowerState::Reboot => "-r",
        };
        let delay = minutes.map_or_else(|| "now".to_owned(), |minutes| format!("+{minutes}"));
        let mut words = vec!["shutdown".to_owned(), option.to_owned(), delay];
        if !message.is_empty() {
            words.push(message.to_owned());
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shutdown_is_told_when_and_how() {
        let (system, _) = system::scratch();
        let init = InitSystem { system, init: Init::SysV };
        let words = |to, minutes| init.shutdown_command(to, minutes, "bye").join(" ");
        assert_eq!(words(PowerState::Reboot, Some(5)), "shutdown -r +5 bye");
        assert_eq!(words(PowerState::Halt, None), "shutdown -H now bye");
    }
}
