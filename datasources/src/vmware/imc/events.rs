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

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::{Arc, Mutex};

    use model::effects::{CommandError, Commands, Conversation, Output};
    use system::Scratch;

    use super::*;

    /// A hypervisor that answers in this order, then nothing; it records the requests.
    struct Hypervisor {
        answers: Mutex<Vec<&'static str>>,
        asked: Mutex<Vec<String>>,
    }

    impl Commands for Hypervisor {
        fn run(&self, command: &Command) -> Result<Output, CommandError> {
            self.asked.lock().expect("no panic").push(command.args.join(" "));
            let mut answers = self.answers.lock().expect("no panic");
            let answer = if answers.is_empty() { "" } else { answers.remove(0) };
            Ok(Output { stdout: answer.into(), ..Output::default() })
        }
        fn which(&self, _program: &str) -> Option<PathBuf> {
            None
        }
        fn spawn_detached(&self, _command: &Command) -> Result<(), CommandError> {
            Ok(())
        }
        fn converse(&self, _command: &Command) -> Result<Option<Box<dyn Conversation>>, CommandError> {
            Ok(None)
        }
    }

    /// The requests and the seconds that `use_it` takes on a machine with a file of devices.
    fn on(answers: &[&'static str], posts: bool, nics: &str, use_it: impl Fn(&Host<'_>)) -> (Vec<String>, u64) {
        let (mut system, _) = Scratch::new().file("/nics.txt", nics).system();
        let hypervisor = Arc::new(Hypervisor { answers: Mutex::new(answers.to_vec()), asked: Mutex::default() });
        system.commands = hypervisor.clone();
        use_it(&Host { system: &system, posts });
        let asked = hypervisor.asked.lock().expect("no panic").clone();
        (asked, system.clock.monotonic().as_secs())
    }

    /// The original's `enable_nics` (sources/helpers/vmware/imc/guestcust_util.py).
    #[test]
    fn devices_are_connected_and_asked_about() {
        let enable = "deployPkg.update.state 4 103 /var/log/cloud-init.log@eth0,eth1";
        let query = "deployPkg.update.state 4 104 /var/log/cloud-init.log@eth0,eth1";
        for (answers, expected, seconds) in [
            (vec!["queryNicsSupported\n", "connected\n"], vec![enable, query], 0),
            (vec!["queryNicsSupported", "disconnected", "connected"], vec![enable, query, query], 1),
            (vec!["something"], vec![enable], 0),
            (vec!["", "queryNicsSupported", "connected"], vec![enable, enable, query], 5),
            (vec![], vec![enable; 5], 25),
            (
                vec!["queryNicsSupported", "", "", "", "", "", "queryNicsSupported", "connected"],
                vec![enable, query, query, query, query, query, enable, query],
                5,
            ),
        ] {
            let found = on(&answers, false, "eth0,eth1", |host| host.connect(Path::new("/nics.txt")));
            assert_eq!(found, (expected.into_iter().map(str::to_owned).collect(), seconds), "{answers:?}");
        }
        assert_eq!(on(&[], false, "", |host| host.connect(Path::new("/nics.txt"))), (vec![], 0));
        assert_eq!(on(&[], false, "", |host| host.connect(Path::new("/missing.txt"))), (vec![], 0));
    }

    /// `set_customization_status` and `set_gc_status`.
    #[test]
    fn states_are_told() {
        let log = "/var/log/cloud-init.log";
        let told = |posts: bool, use_it: &dyn Fn(&Host<'_>)| on(&[], posts, "", use_it).0;
        assert_eq!(told(false, &|host| host.done()), [format!("deployPkg.update.state 5 0 {log}")]);
        assert_eq!(
            told(true, &|host| host.done()),
            [format!("deployPkg.update.state 5 0 {log}"), "info-set guestinfo.gc.status Successful".to_owned()]
        );
        assert_eq!(
            told(true, &|host| host.failed("no network", NETWORK_FAILED)),
            [format!("deployPkg.update.state 4 101 {log}"), "info-set guestinfo.gc.status no network".to_owned()]
        );
    }
}
