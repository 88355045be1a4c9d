//! Variables that a VMware hypervisor shares with its virtual machine (`guestinfo.NAME`), through VMware's tools.

use std::path::PathBuf;

use model::System;
use model::effects::{Command, CommandError};

/// What the tools print on standard error for a variable that is not set.
const NO_VALUE: &str = "No value found";

/// A program that reaches the hypervisor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tool {
    /// `vmware-rpctool REQUEST`.
    Rpctool(PathBuf),
    /// `vmtoolsd --cmd REQUEST`.
    Toolsd(PathBuf),
}

impl Tool {
    /// The installed programs in the order of preference.
    pub fn installed(system: &System) -> Vec<Self> {
        let found = [
            system.commands.which("vmware-rpctool").map(Self::Rpctool),
            system.commands.which("vmtoolsd").map(Self::Toolsd),
        ];
        found.into_iter().flatten().collect()
    }

    /// The command that sends a request; `secret` hides it in logs.
    pub fn command(&self, request: &str, secret: bool) -> Command {
        let command = match self {
            Self::Rpctool(path) => Command::new(path.display().to_string()),
            Self::Toolsd(path) => Command::new(path.display().to_string()).arg("--cmd"),
        };
        if secret { command.secret_arg(request) } else { command.arg(request) }
    }

    /// A variable; `None` if it is not set or empty.
    pub fn get(&self, system: &System, name: &str) -> Result<Option<String>, CommandError> {
        match system.commands.run(&self.command(&format!("info-get guestinfo.{name}"), false)) {
            Ok(output) => Ok(Some(output.text()).filter(|text| !text.is_empty())),
            Err(CommandError::Failed { output, .. })
                if String::from_utf8_lossy(&output.stderr).trim_end() == NO_VALUE =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Sets a variable. The hypervisor has no empty values: a space stands for one.
    pub fn set(&self, system: &System, name: &str, value: &str) -> Result<(), CommandError> {
        let value = if value.is_empty() { " " } else { value };
        system.commands.run(&self.command(&format!("info-set guestinfo.{name} {value}"), false)).map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use system::Scratch;

    #[test]
    fn both_programs_take_the_same_request() {
        let (system, _) =
            Scratch::new().program("/usr/bin/vmtoolsd").program("/usr/bin/vmware-rpctool").system();
        let lines: Vec<String> = Tool::installed(&system)
            .iter()
            .map(|tool| tool.command("info-get guestinfo.metadata", false).shown().join("|"))
            .collect();
        assert_eq!(
            lines,
            [
                "/usr/bin/vmware-rpctool|info-get guestinfo.metadata",
                "/usr/bin/vmtoolsd|--cmd|info-get guestinfo.metadata"
            ]
        );
    }
}
