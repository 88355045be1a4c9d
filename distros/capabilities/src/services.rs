//! Service management for each init system.

mod rc;

use std::path::Path;

pub use rc::{Rc, RcServices};

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
        (Init::OpenRc, Enable) => vec!["rc-update", "--nocolor", "add", service],
        (Init::OpenRc, Disable) => vec!["rc-update", "--nocolor", "del", service],
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

/// The commands that enable or disable a script of /etc/init.d at boot, each with its tool; those of the first installed
/// tool are used.
fn at_boot(service: &str, on: bool) -> [(&'static str, Vec<Vec<&str>>); 2] {
    let (debian, red_hat) = if on { ("enable", "on") } else { ("disable", "off") };
    // update-rc.d(8): `enable` requires links, which `defaults` creates unless they exist.
    let update = vec![vec!["update-rc.d", service, "defaults"], vec!["update-rc.d", service, debian]];
    [("update-rc.d", update), ("chkconfig", vec![vec!["chkconfig", service, red_hat]])]
}

/// `shutdown` with its options; the BSDs power off with `-p`.
fn shutdown(init: Init, to: PowerState, minutes: Option<i64>, message: &str) -> Vec<String> {
    let option = match to {
        PowerState::Halt => "-H",
        PowerState::Poweroff if init == Init::Bsd => "-p",
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

impl InitSystem {
    fn set_at_boot(&self, service: &str, on: bool) -> Result<(), DistroError> {
        if !self.system.files.exists(&Path::new("/etc/init.d").join(service)) {
            return Ok(());
        }
        let tools = at_boot(service, on);
        let tool = tools.iter().find(|(tool, _)| self.system.commands.which(tool).is_some());
        tool.map_or(Ok(()), |(_, commands)| commands.iter().try_for_each(|words| self.run(words)))
    }

    fn run(&self, words: &[&str]) -> Result<(), DistroError> {
        self.system.commands.run(&Command::line(words.iter().copied()))?;
        Ok(())
    }
}

impl Services for InitSystem {
    fn manage(&self, action: ServiceAction, service: &str) -> Result<(), DistroError> {
        let mut words = words(self.init, action, service);
        if self.init == Init::Systemd && action == ServiceAction::TryReload {
            // A service that is already running is not ordered after the stage that changes its configuration.
            words.push("--job-mode=ignore-dependencies");
        }
        if self.init == Init::SysV {
            match action {
                ServiceAction::Enable => self.set_at_boot(service, true)?,
                ServiceAction::Disable => self.set_at_boot(service, false)?,
                _ => {}
            }
        }
        self.run(&words)
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
        shutdown(self.init, to, minutes, message)
    }
}

/// OpenRC of Alpine, which has no shutdown(8).
pub struct AlpineServices {
    /// OpenRC.
    pub inner: InitSystem,
}

impl Services for AlpineServices {
    fn manage(&self, action: ServiceAction, service: &str) -> Result<(), DistroError> {
        self.inner.manage(action, service)
    }

    fn init(&self) -> Init {
        self.inner.init
    }

    fn is_active(&self, service: &str) -> Result<bool, DistroError> {
        self.inner.is_active(service)
    }

    fn restart_unordered(&self, service: &str) -> Result<(), DistroError> {
        self.inner.restart_unordered(service)
    }

    fn reload_configuration(&self) -> Result<(), DistroError> {
        self.inner.reload_configuration()
    }

    fn shutdown_command(&self, to: PowerState, minutes: Option<i64>, _message: &str) -> Vec<String> {
        let program = match to {
            PowerState::Halt => "halt",
            PowerState::Poweroff => "poweroff",
            PowerState::Reboot => "reboot",
        };
        // The delay of Busybox is in seconds.
        let seconds = minutes.unwrap_or_default().saturating_mul(60);
        vec![program.to_owned(), "-d".to_owned(), seconds.to_string()]
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
        // The original's cloudinit/distros/bsd.py: shutdown_options_map.
        assert_eq!(shutdown(Init::Bsd, PowerState::Poweroff, None, "").join(" "), "shutdown -p now");
    }

    fn root() -> system::Scratch {
        let programs = ["service", "rc-service", "rc-update", "rcctl"];
        programs.iter().fold(system::Scratch::new(), |root, name| root.program(&format!("/usr/sbin/{name}")))
    }

    /// The original's `manage_service` (cloudinit/distros/alpine.py, freebsd.py, openbsd.py and the base class).
    #[test]
    fn each_init_system_is_asked_in_its_own_words() {
        use ServiceAction::{Disable, Enable, Reload, Start, Status};
        let actions = [Start, Reload, Status, Enable, Disable];
        let of = |services: &dyn Fn(System) -> Box<dyn Services>| {
            let (system, recording) = root().system();
            let services = services(system);
            for action in actions {
                services.manage(action, "ntpd").expect("run");
            }
            recording.commands()
        };
        let openrc = of(&|system| Box::new(InitSystem { system, init: Init::OpenRc }));
        assert_eq!(
            openrc,
            [
                "rc-service --nocolor ntpd start",
                "rc-service --nocolor ntpd restart",
                "rc-service --nocolor ntpd status",
                "rc-update --nocolor add ntpd",
                "rc-update --nocolor del ntpd",
            ]
        );
        let freebsd = of(&|system| Box::new(RcServices { system, rc: Rc::Service }));
        assert_eq!(
            freebsd,
            ["start", "restart", "status", "enable", "disable"].map(|verb| format!("service ntpd {verb}"))
        );
        let openbsd = of(&|system| Box::new(RcServices { system, rc: Rc::Rcctl }));
        assert_eq!(
            openbsd,
            ["start", "restart", "check", "enable", "disable"].map(|verb| format!("rcctl {verb} ntpd"))
        );
    }

    /// update-rc.d(8), chkconfig(8); NetBSD's rc.conf(5). The original only starts or stops the service there.
    #[test]
    fn a_script_is_also_enabled_for_the_next_boot() {
        let enabled = |tool: &str| {
            let root = root().program("/etc/init.d/ntp").program(&format!("/usr/sbin/{tool}"));
            let (system, recording) = root.system();
            InitSystem { system, init: Init::SysV }.manage(ServiceAction::Enable, "ntp").expect("run");
            recording.commands()
        };
        assert_eq!(
            enabled("update-rc.d"),
            ["update-rc.d ntp defaults", "update-rc.d ntp enable", "service ntp start"]
        );
        assert_eq!(enabled("chkconfig"), ["chkconfig ntp on", "service ntp start"]);
        assert_eq!(enabled("other"), ["service ntp start"]);
        let (system, recording) = root().file("/etc/rc.conf", "rc_configured=YES\nntpd=NO\n").system();
        let services = RcServices { system: system.clone(), rc: Rc::RcConf };
        services.manage(ServiceAction::Enable, "ntpd").expect("run");
        assert_eq!(recording.commands(), ["service ntpd start"]);
        let text = system.files.text(Path::new("/etc/rc.conf")).expect("there");
        assert_eq!(text, "rc_configured=YES\nntpd=YES\n");
    }
}
