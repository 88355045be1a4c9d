//! Repositories of dnf and yum: a file for each (yum.conf(5), «[repository] OPTIONS»).

use std::path::Path;

use model::distro::{Repositories, Repository};
use model::effects::Attributes;
use model::{DistroError, System};

const DIRECTORY: &str = "/etc/yum.repos.d";

/// Files in /etc/yum.repos.d.
pub struct YumRepositories {
    /// Effects.
    pub system: System,
}

impl Repositories for YumRepositories {
    fn add(&self, directory: Option<&Path>, repository: &Repository) -> Result<bool, DistroError> {
        let Repository { id, settings } = repository;
        let path = directory.unwrap_or(Path::new(DIRECTORY)).join(format!("{id}.repo"));
        if id.is_empty() || id.contains(['/', '\n', ']']) || id.starts_with('.') {
            return Err(DistroError::BadFile {
                path,
                reason: format!("'{id}' is not a valid repository ID"),
            });
        }
        if self.system.files.exists(&path) {
            return Ok(false);
        }
        let now = self.system.clock.now();
        let date = now.rfc2822(self.system.clock.utc_offset(now));
        let mut text = format!("# Created by cloud-init on {date}\n[{id}]\n");
        for (name, values) in settings {
            // Continuation lines of a value are indented.
            text.push_str(&format!("{name} = {}\n", values.join("\n").replace('\n', "\n\t")));
        }
        text.push('\n');
        self.system.files.write(&path, text.as_bytes(), &Attributes::mode(0o644))?;
        Ok(true)
    }
}
