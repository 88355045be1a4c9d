//! rc.d scripts of the BSDs: `service`, with the differences in how a service is enabled, and OpenBSD's `rcctl`.

use std::path::Path;

use ifcfg::RcConf;
use model::distro::{Init, PowerState, ServiceAction, Services};
use model::effects::{Attributes, Command};
use model::{DistroError, System};

use super::shutdown;

/// How a BSD manages services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rc {
    /// service(8) with `enable` and `disable`, which write rc.conf (FreeBSD, DragonFly).
    Service,
    /// service(8) without them: NetBSD's rc.conf is edited.
    RcConf,
    /// rcctl(8) (OpenBSD).
    Rcctl,
}

/// The services of a BSD.
pub struct RcServices {
    /// Effects.
    pub system: System,
    /// How they are managed.
    pub rc: Rc,
}

fn verb(rc: Rc, action: ServiceAction) -> &'static str {
    match action {
        ServiceAction::Start => "start",
        ServiceAction::Stop => "stop",
        ServiceAction::Restart | ServiceAction::Reload | ServiceAction::TryReload => "restart",
        ServiceAction::Status if rc == Rc::Rcctl => "check",
        ServiceAction::Status => "status",
        ServiceAction::Enable => "enable",
        ServiceAction::Disable => "disable",
    }
}

impl RcServices {
    fn run(&self, words: [&str; 3]) -> Result<(), DistroError> {
        self.system.commands.run(&Command::line(words))?;
        Ok(())
    }

    fn set(&self, service: &str, value: &str) -> Result<(), DistroError> {
        let path = Path::new("/etc/rc.conf");
        let before = self.system.files.read_optional(path)?.unwrap_or_default();
        let mut file = RcConf::parse(&String::from_utf8_lossy(&before));
        // The variable is named like the script, as a shell's name.
        file.set(&service.replace('-', "_"), value);
        Ok(self.system.files.write(path, file.write().as_bytes(), &Attributes::mode(0o644))?)
    }
}

impl Services for RcServices {
    fn manage(&self, action: ServiceAction, service: &str) -> Result<(), DistroError> {
        let verb = verb(self.rc, action);
        match (self.rc, action) {
            (Rc::RcConf, ServiceAction::Enable) => {
                self.set(service, "YES")?;
                self.run(["service", service, "start"])
            }
            (Rc::RcConf, ServiceAction::Disable) => {
                self.run(["service", service, "stop"])?;
                self.set(service, "NO")
            }
            (Rc::Rcctl, _) => self.run(["rcctl", verb, service]),
            _ => self.run(["service", service, verb]),
        }
    }

    fn init(&self) -> Init {
        Init::Bsd
    }

    fn is_active(&self, _service: &str) -> Result<bool, DistroError> {
        let (distro, what) = ("rc.d".to_owned(), "queries of service states".to_owned());
        Err(DistroError::Unsupported { distro, what })
    }

    fn restart_unordered(&self, service: &str) -> Result<(), DistroError> {
        self.manage(ServiceAction::Restart, service)
    }

    fn reload_configuration(&self) -> Result<(), DistroError> {
        Ok(())
    }

    fn shutdown_command(&self, to: PowerState, minutes: Option<i64>, message: &str) -> Vec<String> {
        shutdown(Init::Bsd, to, minutes, message)
    }
}
