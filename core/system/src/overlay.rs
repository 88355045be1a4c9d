//! Copy on write over a root: everything stays in memory, and every effect is recorded.

mod commands;
mod content;
mod http;
mod machine;
mod tree;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use model::effects::{BlockDevice, Http, ReadFiles};
use model::{Stage, System};

pub use content::Content;
pub use http::TreeHttp;

/// An effect on the machine, actual or planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EffectKind {
    /// A file was written.
    Write {
        /// The path, with links resolved.
        path: PathBuf,
        /// The previous content.
        before: Option<Content>,
        /// The new content.
        after: Content,
        /// Permission bits.
        mode: u32,
        /// The owner's IDs.
        owner: (u32, u32),
        /// Whether the content is secret.
        secret: bool,
    },
    /// A directory was created, or its mode changed.
    Directory {
        /// The path.
        path: PathBuf,
        /// Permission bits.
        mode: u32,
    },
    /// A symbolic link was created.
    Link {
        /// The link.
        path: PathBuf,
        /// The target.
        target: PathBuf,
    },
    /// A file or directory was removed.
    Remove(PathBuf),
    /// A file or directory was renamed.
    Rename {
        /// The old path.
        from: PathBuf,
        /// The new path.
        to: PathBuf,
    },
    /// Mode or owner changed.
    Attributes {
        /// The path.
        path: PathBuf,
        /// Permission bits.
        mode: u32,
        /// The owner's IDs.
        owner: (u32, u32),
    },
    /// A command would run.
    Command {
        /// Its words, with secrets replaced.
        words: Vec<String>,
        /// Whether it would read an input.
        stdin: bool,
        /// The other root that it would run in.
        root: Option<PathBuf>,
    },
    /// A request was sent to the tree that stands for the network.
    Request {
        /// GET, PUT, …
        method: &'static str,
        /// The URL.
        url: String,
        /// The status of the response; `None` without a response.
        status: Option<u16>,
    },
    /// A serial port would be used.
    Serial {
        /// The port.
        port: PathBuf,
    },
    /// The boot would wait for network devices.
    AwaitLinks,
    /// A network device would be configured temporarily.
    Ephemeral {
        /// A description.
        what: String,
    },
}

/// An effect with its stage and module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// The stage.
    pub stage: Option<Stage>,
    /// The module.
    pub module: Option<String>,
    /// The effect.
    pub kind: EffectKind,
}

/// The recorded effects, shared by all parts of an overlay.
#[derive(Clone, Default)]
pub struct Recording {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    stage: Option<Stage>,
    module: Option<String>,
    effects: Vec<Effect>,
    notes: Vec<String>,
}

impl Recording {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn push(&self, kind: EffectKind) {
        let mut state = self.lock();
        let (stage, module) = (state.stage, state.module.clone());
        state.effects.push(Effect { stage, module, kind });
    }

    fn enter(&self, stage: Stage, module: Option<&str>) {
        let mut state = self.lock();
        state.stage = Some(stage);
        state.module = module.map(str::to_owned);
    }

    /// The number of effects so far, and the current stage and module.
    pub fn now(&self) -> (usize, Option<Stage>, Option<String>) {
        let state = self.lock();
        (state.effects.len(), state.stage, state.module.clone())
    }

    pub(crate) fn note(&self, text: &str) {
        self.lock().notes.push(text.to_owned());
    }

    /// What depends on the real machine, in order.
    pub fn notes(&self) -> Vec<String> {
        self.lock().notes.clone()
    }

    /// All effects so far, in order.
    pub fn effects(&self) -> Vec<Effect> {
        self.lock().effects.clone()
    }

    /// The words of all commands so far, in order.
    pub fn commands(&self) -> Vec<String> {
        let state = self.lock();
        let words = state.effects.iter().filter_map(|effect| match &effect.kind {
            EffectKind::Command { words, .. } => Some(words.join(" ")),
            _ => None,
        });
        words.collect()
    }
}

/// A virtual machine state over a read-only root.
pub struct Overlay {
    /// The root.
    pub lower: Arc<dyn ReadFiles>,
    /// The tree that answers requests; see [`TreeHttp`].
    pub http: Arc<dyn Http>,
    /// Block devices, each with the directory of the root or the host that contains its files.
    pub devices: Vec<(BlockDevice, PathBuf)>,
    /// The wall clock at the start.
    pub now: Duration,
    /// The seed of the generator that replaces randomness, so that a plan is reproducible.
    pub seed: u64,
}

impl Overlay {
    /// The effects, and their recording.
    pub fn system(self) -> (System, Recording) {
        let recording = Recording::default();
        let files = Arc::new(tree::OverlayFiles::new(self.lower, recording.clone()));
        let commands = Arc::new(commands::ModelledCommands::new(files.clone(), recording.clone()));
        let machine = Arc::new(machine::Machine::new(
            recording.clone(),
            files.clone(),
            self.now,
            self.seed,
            self.devices,
        ));
        let http = Arc::new(http::Recorded::new(self.http, recording.clone()));
        let system = System {
            links: Arc::new(crate::links::SysLinks::of_root(files.clone(), recording.clone())),
            files,
            commands,
            outbox: http.clone(),
            http,
            clock: machine.clone(),
            ephemeral: machine.clone(),
            devices: machine.clone(),
            serial: machine.clone(),
            environment: machine.clone(),
            sandbox: crate::Host::sandbox(),
            journal: machine,
        };
        (system, recording)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use model::effects::{Attributes, Command, CommandError, FileKind, SerialError};

    use super::*;
    use crate::Scratch;

    fn paths(recording: &Recording) -> Vec<String> {
        recording.effects().iter().map(|effect| format!("{:?}", effect.kind)).collect()
    }

    #[test]
    fn the_root_shows_through_until_it_is_changed() {
        let (system, recording) =
            Scratch::new().file("/etc/a", "1").file("/etc/d/x", "x").link("/lnk", "etc").system();
        let files = &system.files;
        files.write(Path::new("/lnk/a"), b"2", &Attributes::default()).expect("written");
        assert_eq!(files.read(Path::new("/etc/a")).expect("there"), b"2");
        files.remove(Path::new("/etc/d")).expect("removed");
        assert!(!files.exists(Path::new("/etc/d/x")));
        files.create_dir(Path::new("/etc/d"), Some(0o700)).expect("made");
        assert_eq!(files.list(Path::new("/etc/d")).expect("there"), Vec::<String>::new());
        files.write(Path::new("/etc/d/y"), b"", &Attributes::mode(0o600)).expect("written");
        assert_eq!(files.list(Path::new("/etc/d")).expect("there"), ["y"]);
        files.rename(Path::new("/etc/d"), Path::new("/etc/e")).expect("renamed");
        assert!(!files.exists(Path::new("/etc/d")));
        assert_eq!(files.stat(Path::new("/etc/e/y")).expect("no error").expect("there").mode, 0o600);
        assert_eq!(files.lstat(Path::new("/lnk")).expect("no error").expect("there").kind, FileKind::Link);
        let effects = paths(&recording);
        assert!(
            effects[0].starts_with("Write { path: \"/etc/a\", before: Some([49]), after: [50]"),
            "{effects:?}"
        );
    }

    #[test]
    fn a_command_of_another_root_is_recorded_with_it() {
        let (system, recording) =
            Scratch::new().program("/mnt/usr/sbin/useradd").file("/etc/passwd", "").system();
        system.commands.run(&Command::line(["useradd", "bob"]).in_root("/mnt")).expect("it is there");
        let command = Command::new("sh").in_root("/mnt");
        assert!(matches!(system.commands.run(&command), Err(CommandError::NotFound(_))));
        assert_eq!(
            system.files.text(Path::new("/etc/passwd")).as_deref(),
            Some(""),
            "not this machine's account"
        );
        let EffectKind::Command { words, root, .. } = &recording.effects()[0].kind else {
            panic!("{:?}", recording.effects());
        };
        assert_eq!((words.join(" "), root.as_deref()), ("useradd bob".into(), Some(Path::new("/mnt"))));
    }

    #[test]
    fn who_is_asked_over_a_serial_port_and_links_that_are_waited_for_are_recorded() {
        let (system, recording) = Scratch::new().node("/dev/ttyS1").system();
        let asked = system.serial.open(Path::new("/dev/ttyS1"), None).map(drop);
        assert!(matches!(asked, Err(SerialError::NotAsked(port)) if port == Path::new("/dev/ttyS1")));
        assert!(matches!(system.serial.open(Path::new("/dev/ttyS2"), None), Err(SerialError::Io { .. })));
        let mut events = system.links.events().expect("none, but no error");
        assert_eq!(events.next(Duration::from_secs(3600)).expect("no error"), None);
        let kinds: Vec<EffectKind> = recording.effects().into_iter().map(|effect| effect.kind).collect();
        assert_eq!(kinds, [EffectKind::Serial { port: "/dev/ttyS1".into() }, EffectKind::AwaitLinks]);
    }

    #[test]
    fn account_commands_are_seen_by_later_steps() {
        let (system, recording) =
            Scratch::new().program("/usr/sbin/useradd").file("/etc/passwd", "").system();
        assert_eq!(recording.now(), (0, None, None));
        system.journal.enter(Stage::Network, Some("users_groups"));
        system.commands.run(&Command::line(["useradd", "bob", "-m"])).expect("modelled");
        assert!(system.files.is_dir(Path::new("/home/bob")));
        assert!(system.files.text(Path::new("/etc/passwd")).expect("there").starts_with("bob:x:1000:"));
        let effects = recording.effects();
        assert_eq!(effects.len(), 1, "the command tells it all: {effects:?}");
        assert_eq!(effects[0].module.as_deref(), Some("users_groups"));
        assert!(system.commands.run(&Command::new("nmcli")).is_err(), "not in this root");
        let done = recording.effects().len();
        assert_eq!(recording.now(), (done, Some(Stage::Network), Some("users_groups".to_owned())));
        assert!(recording.notes().is_empty() && system.journal.note("depends on the machine"));
        assert_eq!(recording.notes(), ["depends on the machine"]);
    }
}
