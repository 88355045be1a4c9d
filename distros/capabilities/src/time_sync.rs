//! NTP clients, from a distribution's table.

use model::distro::{Facts, TimeClient, TimeSync};
use model::{DistroError, System};

/// The clients of a distribution.
pub struct TimeClients {
    /// Effects.
    pub system: System,
    /// The distribution's name.
    pub distro: String,
    /// In order of preference among installed ones.
    pub clients: &'static [TimeClient],
}

impl TimeClients {
    /// The clients among a distribution's facts.
    pub fn of(system: &System, facts: &Facts) -> Self {
        Self { system: system.clone(), distro: facts.name.to_owned(), clients: facts.time_clients }
    }
}

impl TimeSync for TimeClients {
    fn clients(&self) -> &[TimeClient] {
        self.clients
    }

    fn choose(&self, name: Option<&str>) -> Result<TimeClient, DistroError> {
        let named = name.filter(|name| *name != "auto");
        let unsupported = |what: String| DistroError::Unsupported { distro: self.distro.clone(), what };
        if let Some(name) = named {
            let known = || self.clients.iter().map(|client| client.name).collect::<Vec<_>>().join(", ");
            let found = self.clients.iter().find(|client| client.name == name);
            return found
                .copied()
                .ok_or_else(|| unsupported(format!("NTP client '{name}' (supported: {})", known())));
        }
        let installed = |client: &&TimeClient| self.system.commands.which(client.program).is_some();
        let found = self.clients.iter().find(installed).or(self.clients.first());
        found.copied().ok_or_else(|| unsupported("NTP client".to_owned()))
    }
}
