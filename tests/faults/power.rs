//! A machine that can lose its power: effects are counted, and after the last one that is let through every further
//! one stops the program where it is, as a cut does.

use std::collections::HashMap;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use model::effects::{
    Attributes, Command, CommandError, Commands, Environment, FileError, Files, Journal, Metadata, Output,
    Owner, ReadFiles, Uname,
};
use model::{Stage, System};

/// What the panic of a cut carries.
pub struct Cut;

/// What the machine notes of itself while it has power.
#[derive(Default)]
struct State {
    /// Effects that are still let through; `None` is a machine with a good supply.
    left: Option<usize>,
    effects: usize,
    commands: Vec<String>,
    /// Results of commands that have ended before anyone wants them.
    started: HashMap<String, Result<Output, CommandError>>,
    modules: Vec<String>,
    inputs: Vec<String>,
    messages: Vec<String>,
    randomness: usize,
}

/// The supply, shared by all parts of the machine.
#[derive(Clone, Default)]
pub struct Power(Arc<Mutex<State>>);

impl Power {
    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.0.lock().expect("nothing panics while it is held"))
    }

    /// From now on this many effects are let through; what was noted so far is forgotten.
    pub fn restore(&self, left: Option<usize>) {
        self.with(|state| *state = State { left, ..State::default() });
    }

    /// Effects since then.
    pub fn effects(&self) -> usize {
        self.with(|state| state.effects)
    }

    /// Command lines that ran since then.
    pub fn commands(&self) -> Vec<String> {
        self.with(|state| state.commands.clone())
    }

    /// What commands were given on their standard input.
    pub fn inputs(&self) -> Vec<String> {
        self.with(|state| state.inputs.clone())
    }

    /// Modules that ran since then, in order.
    pub fn modules(&self) -> Vec<String> {
        self.with(|state| state.modules.clone())
    }

    /// What was told on standard error.
    pub fn messages(&self) -> Vec<String> {
        self.with(|state| state.messages.clone())
    }

    /// Bytes of randomness that were taken.
    pub fn randomness(&self) -> usize {
        self.with(|state| state.randomness)
    }

    /// One effect; it does not happen when the power is gone.
    fn spend(&self) {
        let alive = self.with(|state| {
            if state.left == Some(0) {
                return false;
            }
            state.left = state.left.map(|left| left - 1);
            state.effects += 1;
            true
        });
        if !alive {
            // Without the message of a panic: nothing is wrong.
            resume_unwind(Box::new(Cut));
        }
    }

    /// The machine on this supply.
    pub fn feed(&self, system: &System) -> System {
        let fed = Arc::new(Fed { system: system.clone(), power: self.clone() });
        System {
            files: fed.clone(),
            commands: fed.clone(),
            environment: fed.clone(),
            journal: fed,
            ..system.clone()
        }
    }
}

/// The parts of a machine that have effects.
struct Fed {
    system: System,
    power: Power,
}

impl ReadFiles for Fed {
    fn read(&self, path: &Path) -> Result<Vec<u8>, FileError> {
        self.system.files.read(path)
    }

    fn stat(&self, path: &Path) -> Result<Option<Metadata>, FileError> {
        self.system.files.stat(path)
    }

    fn lstat(&self, path: &Path) -> Result<Option<Metadata>, FileError> {
        self.system.files.lstat(path)
    }

    fn list(&self, directory: &Path) -> Result<Vec<String>, FileError> {
        self.system.files.list(directory)
    }

    fn read_link(&self, path: &Path) -> Result<PathBuf, FileError> {
        self.system.files.read_link(path)
    }
}

impl Files for Fed {
    fn write(&self, path: &Path, content: &[u8], attributes: &Attributes) -> Result<(), FileError> {
        self.power.spend();
        self.system.files.write(path, content, attributes)
    }

    fn append(&self, path: &Path, content: &[u8], attributes: &Attributes) -> Result<(), FileError> {
        self.power.spend();
        self.system.files.append(path, content, attributes)
    }

    fn create_dir(&self, path: &Path, mode: Option<u32>) -> Result<(), FileError> {
        self.power.spend();
        self.system.files.create_dir(path, mode)
    }

    fn sync(&self) -> Result<(), FileError> {
        self.system.files.sync()
    }

    fn symlink(&self, target: &Path, link: &Path) -> Result<(), FileError> {
        self.power.spend();
        self.system.files.symlink(target, link)
    }

    fn remove(&self, path: &Path) -> Result<(), FileError> {
        self.power.spend();
        self.system.files.remove(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), FileError> {
        self.power.spend();
        self.system.files.rename(from, to)
    }

    fn set_mode(&self, path: &Path, mode: u32) -> Result<(), FileError> {
        self.power.spend();
        self.system.files.set_mode(path, mode)
    }

    fn set_owner(&self, path: &Path, owner: Owner) -> Result<(), FileError> {
        self.power.spend();
        self.system.files.set_owner(path, owner)
    }
}

impl Commands for Fed {
    fn run(&self, command: &Command) -> Result<Output, CommandError> {
        if let Some(result) = self.power.with(|state| state.started.remove(&command.shown().join(" "))) {
            return result;
        }
        self.power.spend();
        let input = command.stdin.as_ref().map(|bytes| String::from_utf8_lossy(bytes.expose()).into_owned());
        self.power.with(|state| {
            state.commands.push(command.shown().join(" "));
            state.inputs.extend(input);
        });
        self.system.commands.run(command)
    }

    fn can_start(&self) -> bool {
        true
    }

    fn start(&self, command: &Command) {
        let result = self.run(command);
        self.power.with(|state| state.started.insert(command.shown().join(" "), result));
    }

    fn is_started(&self, command: &Command) -> bool {
        self.power.with(|state| state.started.contains_key(&command.shown().join(" ")))
    }

    fn which(&self, program: &str) -> Option<PathBuf> {
        self.system.commands.which(program)
    }

    fn spawn_detached(&self, command: &Command) -> Result<(), CommandError> {
        self.power.spend();
        self.power.with(|state| state.commands.push(command.shown().join(" ")));
        self.system.commands.spawn_detached(command)
    }
}

impl Environment for Fed {
    fn var(&self, name: &str) -> Option<String> {
        self.system.environment.var(name)
    }

    fn pid(&self) -> u32 {
        self.system.environment.pid()
    }

    fn uid(&self) -> u32 {
        self.system.environment.uid()
    }

    fn uname(&self) -> Uname {
        self.system.environment.uname()
    }

    fn random(&self, buffer: &mut [u8]) {
        self.power.with(|state| state.randomness += buffer.len());
        self.system.environment.random(buffer);
    }

    fn tell(&self, text: &str) {
        self.power.with(|state| state.messages.push(text.to_owned()));
    }
}

impl Journal for Fed {
    fn enter(&self, stage: Stage, module: Option<&str>) {
        if let Some(module) = module {
            self.power.with(|state| state.modules.push(module.to_owned()));
        }
        self.system.journal.enter(stage, module);
    }
}
