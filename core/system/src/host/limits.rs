//! Time limits of commands without one of their own, and of a stage.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use model::effects::Class;

/// The limits; `None` is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// [`Class::Service`].
    pub service: Option<Duration>,
    /// [`Class::Package`].
    pub package: Option<Duration>,
    /// [`Class::Disk`].
    pub disk: Option<Duration>,
    /// [`Class::Script`].
    pub script: Option<Duration>,
    /// [`Class::Other`].
    pub other: Option<Duration>,
}

/// Generous: they end what would otherwise hang for ever. Only the user knows how long a script may take.
const DEFAULTS: Limits = Limits {
    service: Some(Duration::from_secs(300)),
    package: Some(Duration::from_secs(3600)),
    disk: Some(Duration::from_secs(3600)),
    script: None,
    other: Some(Duration::from_secs(600)),
};

/// One per process, like its configuration.
static LIMITS: Mutex<Limits> = Mutex::new(DEFAULTS);

impl Default for Limits {
    fn default() -> Self {
        DEFAULTS
    }
}

impl Limits {
    /// Applies them to the commands that start from now on.
    pub fn apply(self) {
        *LIMITS.lock().unwrap_or_else(PoisonError::into_inner) = self;
    }

    /// The limit of a class.
    fn of(self, class: Class) -> Option<Duration> {
        match class {
            Class::Service => self.service,
            Class::Package => self.package,
            Class::Disk => self.disk,
            Class::Script => self.script,
            Class::Other => self.other,
        }
    }
}

/// The limit of a command of this class.
pub(super) fn of(class: Class) -> Option<Duration> {
    LIMITS.lock().unwrap_or_else(PoisonError::into_inner).of(class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_class_has_its_own_limit() {
        let seconds = |number| Some(Duration::from_secs(number));
        let limits = Limits {
            service: seconds(1),
            package: seconds(2),
            disk: seconds(3),
            script: seconds(4),
            other: seconds(5),
        };
        let classes = [Class::Service, Class::Package, Class::Disk, Class::Script, Class::Other];
        assert_eq!(classes.map(|class| limits.of(class)), [1, 2, 3, 4, 5].map(seconds));
        // Only the user knows how long a script may take.
        assert_eq!(
            classes.map(|class| Limits::default().of(class).is_some()),
            [true, true, true, false, true]
        );
    }

    #[test]
    fn what_is_applied_is_what_commands_get() {
        let _process = crate::host::alone::process();
        let before = of(Class::Script);
        Limits { script: Some(Duration::from_secs(77)), ..Limits::default() }.apply();
        let during = (of(Class::Script), of(Class::Service));
        Limits { script: before, ..Limits::default() }.apply();
        assert_eq!(during, (Some(Duration::from_secs(77)), DEFAULTS.service));
    }
}
