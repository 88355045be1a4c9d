//! What this process is busy with: recorded for signals, for the lock, and for the console of a machine that waits.

use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use model::Stage;
use model::effects::{Journal, python_list};

use super::{children, lock, shared};

/// How much of a command a message shows.
const SHOWN: usize = 120;

/// The current step of the boot, and since when.
static STEP: Mutex<Option<(Stage, Option<String>, Instant)>> = Mutex::new(None);

/// Records the current step of the boot. A real machine needs no other journal: the log contains the actions.
pub(super) struct Step;

impl Journal for Step {
    fn enter(&self, stage: Stage, module: Option<&str>) {
        match module {
            Some(module) => shared::note(&format!("module {module} of stage {stage}")),
            None => shared::note(&format!("stage {stage}")),
        }
        let mut step = STEP.lock().unwrap_or_else(PoisonError::into_inner);
        *step = Some((stage, module.map(str::to_owned), Instant::now()));
        drop(step);
        lock::note_module(module);
    }

    fn part(&self, what: &str) {
        shared::note(what);
    }
}

/// The running stage and module.
pub(super) fn step() -> Option<(Stage, Option<String>)> {
    let step = STEP.lock().unwrap_or_else(PoisonError::into_inner).clone();
    step.map(|(stage, module, _)| (stage, module))
}

/// Calls `tell` after each interval in which a command or, without one, a module was still running.
///
/// # Errors
///
/// If the system provides no thread.
pub fn tell_of_waiting(interval: Duration, tell: impl Fn(&str) + Send + 'static) -> std::io::Result<()> {
    thread::Builder::new().name("waiting".to_owned()).spawn(move || {
        loop {
            thread::sleep(interval);
            for message in waiting(interval) {
                tell(&message);
            }
        }
    })?;
    Ok(())
}

/// A message for each command that has been running for this long, or for the module.
fn waiting(interval: Duration) -> Vec<String> {
    let step = STEP.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let place = match &step {
        Some((stage, Some(module), _)) => format!("module {module} of stage {stage}"),
        Some((stage, None, _)) => format!("stage {stage}"),
        None => "cloud-init".to_owned(),
    };
    let running = children::running();
    let long = running.iter().filter(|(_, since)| since.elapsed() >= interval);
    let messages: Vec<String> = long
        .map(|(words, since)| {
            let mut command = python_list(words);
            if let Some((at, _)) = command.char_indices().nth(SHOWN) {
                command.truncate(at);
                command.push_str("...");
            }
            format!("{place} is waiting for command {command} for {} s", since.elapsed().as_secs())
        })
        .collect();
    match step {
        Some((_, Some(_), since)) if running.is_empty() && since.elapsed() >= interval => {
            vec![format!("{place} has been running for {} s", since.elapsed().as_secs())]
        }
        _ => messages,
    }
}

#[cfg(test)]
mod tests {
    use model::effects::{Command, Commands as _};

    use super::*;
    use crate::host::commands::HostCommands;

    #[test]
    fn a_long_command_is_reported_with_its_module() {
        let _process = crate::host::alone::process();
        Step.enter(Stage::Final, Some("scripts_user"));
        let command = Command::line(["sleep", "1.03125"]).secret_arg("0");
        let running = thread::spawn(move || HostCommands::new(None).run(&command).map(drop));
        let shown = "module scripts_user of stage modules-final is waiting for command ['sleep', '1.03125', 'REDACTED'] for 0 s";
        let begun = Instant::now();
        while !waiting(Duration::from_millis(100)).iter().any(|message| message == shown) {
            assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", waiting(Duration::ZERO));
            thread::sleep(Duration::from_millis(10));
        }
        running.join().expect("no panic").expect("it ends");
        assert!(waiting(Duration::from_secs(3600)).is_empty());
    }

    #[test]
    fn a_long_command_is_cut_and_without_a_module_the_stage_is_named() {
        let _process = crate::host::alone::process();
        Step.enter(Stage::Local, None);
        assert_eq!(step(), Some((Stage::Local, None)));
        // 120 characters of it are shown, however many bytes each has.
        let command = Command::line(["sh", "-c", "sleep 1.0625", &"ä".repeat(200)]);
        let shown = format!(
            "stage init-local is waiting for command ['sh', '-c', 'sleep 1.0625', '{}... for 0 s",
            "ä".repeat(120 - "['sh', '-c', 'sleep 1.0625', '".len())
        );
        let running = thread::spawn(move || HostCommands::new(None).run(&command).map(drop));
        let begun = Instant::now();
        while !waiting(Duration::from_millis(100)).contains(&shown) {
            assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", waiting(Duration::ZERO));
            thread::sleep(Duration::from_millis(10));
        }
        running.join().expect("no panic").expect("it ends");
    }

    #[test]
    fn messages_come_after_each_interval() {
        let (sender, receiver) = std::sync::mpsc::channel();
        let interval = Duration::from_millis(200);
        tell_of_waiting(interval, move |message| {
            let _ = sender.send(message.to_owned());
        })
        .expect("a thread");
        let command = Command::line(["sleep", "1.09375"]);
        HostCommands::new(None).run(&command).expect("it ends");
        let messages: Vec<String> = receiver.try_iter().collect();
        assert!(messages.iter().any(|message| message.contains("['sleep', '1.09375']")), "{messages:?}");
    }
}
