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
