//! Messages to the hypervisor about a customization.

use std::path::Path;
use std::time::Duration;

use model::System;
use model::datasource::SourceError;
use model::effects::Command;

use super::Specification;

/// States of a customization.
const RUNNING: u32 = 4;
const DONE: u32 = 5;
const SUCCESS: u32 = 0;
/// Events and errors.
pub(super) const SCRIPT_DISABLED: u32 = 6;
pub(super) const WRONG_METADATA: u32 = 9;
pub(super) const CUSTOMIZE_FAILED: u32 = 100;
pub(super) const NETWORK_FAILED: u32 = 101;
const ENABLE_NICS: u32 = 103;
const QUERY_NICS: u32 = 104;
/// The log that the hypervisor shows.
const LOG: &str = "/var/log/cloud-init.log";
/// How often network devices are connected and asked about.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_secs(1);
/// The maximum length of the list of devices.
const MAX_NICS: usize = 1024;

/// The hypervisor.
pub(super) struct Host<'a> {
    system: &'a System,
    /// Whether it wants `guestinfo.gc.status`.
    posts: bool,
}

impl<'a> Host<'a> {
    pub(super) fn new(system: &'a System, specification: &Specification) -> Result<Self, SourceError> {
        Ok(Self { system, posts: specification.yes("MISC|POST-GC-STATUS")? })
    }

    /// Sends a request; the answer is empty on failure.
    fn send(&self, request: &str) -> String {
        match self.system.commands.run(&Command::line(["vmware-rpctool", request])) {
            Ok(output) => output.text().trim_end().to_owned(),
            Err(error) => {
                tracing::debug!("Failed to send RPC command: {error}");
                String::new()
            }
        }
    }

    fn update(&self, state: u32, event: u32, message: Option<&str>) -> String {
        let message = message.map_or_else(|| LOG.to_owned(), |message| format!("{LOG}@{message}"));
        self.send(&format!("deployPkg.update.state {state} {event} {message}"))
    }

    /// Sets the status that a specification may ask for.
    pub(super) fn status(&self, text: &str) {
        if self.posts {
            self.send(&format!("info-set guestinfo.gc.status {text}"));
        }
    }

    /// Tells that the customization was successful.
    pub(super) fn done(&self) {
        self.update(DONE, SUCCESS, None);
        self.status("Successful");
    }

    /// Tells that a step failed; the error itself is reported by its caller.
    pub(super) fn failed(&self, what: &str, event: u32) {
        tracing::warn!("{what}");
        self.update(RUNNING, event, None);
        self.status(what);
    }

    /// Connects the network devices that a file lists.
    pub(super) fn connect(&self, path: &Path) {
        let Some(text) = self.system.files.text(path) else { return };
        let nics: String = text.chars().take(MAX_NICS).collect();
        if nics.is_empty() {
            tracing::warn!("No Nics found");
            return;
        }
        for _ in 0..TRIES {
            match self.update(RUNNING, ENABLE_NICS, Some(&nics)).as_str() {
                "" => {
                    self.system.clock.sleep(PAUSE * TRIES);
                    continue;
                }
                "queryNicsSupported" => {}
                _ => {
                    tracing::warn!("NICS connection status query is not supported");
                    return;
                }
            }
            for _ in 0..TRIES {
                if self.update(RUNNING, QUERY_NICS, Some(&nics)) == "connected" {
                    return;
                }
                self.system.clock.sleep(PAUSE);
            }
        }
        tracing::warn!("Can't connect network interfaces after {TRIES} attempts");
    }
}
