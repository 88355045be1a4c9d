//! The environment of a machine in memory, with a kernel, variables or random bytes that a test gives.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::System;
use model::effects::{Environment, Uname};

/// The environment of a machine, of which some is given.
pub struct Given {
    environment: Arc<dyn Environment>,
    release: Option<String>,
    variables: BTreeMap<String, String>,
    bytes: Vec<u8>,
}

impl Given {
    /// The environment of a machine, of which nothing is given yet.
    pub fn over(system: &System) -> Self {
        let environment = system.environment.clone();
        Self { environment, release: None, variables: BTreeMap::new(), bytes: Vec::new() }
    }

    /// The release of the kernel.
    #[must_use]
    pub fn release(self, release: String) -> Self {
        Self { release: Some(release), ..self }
    }

    /// Variables in addition to the machine's.
    #[must_use]
    pub fn variables(self, variables: BTreeMap<String, String>) -> Self {
        Self { variables, ..self }
    }

    /// Random bytes, again and again.
    #[must_use]
    pub fn random(self, bytes: Vec<u8>) -> Self {
        Self { bytes, ..self }
    }
}

impl Environment for Given {
    fn var(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned().or_else(|| self.environment.var(name))
    }

    fn pid(&self) -> u32 {
        self.environment.pid()
    }

    fn uid(&self) -> u32 {
        self.environment.uid()
    }

    fn uname(&self) -> Uname {
        let found = self.environment.uname();
        Uname { release: self.release.clone().unwrap_or(found.release), ..found }
    }

    fn random(&self, buffer: &mut [u8]) {
        if self.bytes.is_empty() {
            return self.environment.random(buffer);
        }
        for (byte, given) in buffer.iter_mut().zip(self.bytes.iter().cycle()) {
            *byte = *given;
        }
    }

    fn tell(&self, text: &str) {
        self.environment.tell(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Scratch;

    #[test]
    fn what_is_given_takes_the_place_of_the_machines_own() {
        let (system, _) = Scratch::new().file("/etc/hostname", "node\n").system();
        let own = system.environment.clone();
        let plain = Given::over(&system);
        assert_eq!(plain.uname(), own.uname());
        assert_eq!((plain.pid(), plain.uid()), (own.pid(), own.uid()));
        assert_eq!(plain.var("PATH"), own.var("PATH"));
        let mut bytes = [0; 8];
        Environment::random(&plain, &mut bytes);
        assert_ne!(bytes, [0; 8]);
        let variables =
            BTreeMap::from([("A".to_owned(), "1".to_owned()), ("PATH".to_owned(), "/x".to_owned())]);
        let given = Given::over(&system).release("6.1".to_owned()).variables(variables).random(vec![1, 2, 3]);
        assert_eq!(given.uname(), Uname { release: "6.1".to_owned(), ..own.uname() });
        assert_eq!((given.var("A").as_deref(), given.var("PATH").as_deref()), (Some("1"), Some("/x")));
        assert_eq!(given.var("NONE"), None);
        Environment::random(&given, &mut bytes);
        assert_eq!(bytes, [1, 2, 3, 1, 2, 3, 1, 2]);
    }
}
