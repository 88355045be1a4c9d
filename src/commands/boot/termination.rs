//! What a signal that ends a stage leaves: a line in the log, and a stage that is closed in status.json.

use std::sync::{Arc, Mutex, PoisonError};

use engine::status::StatusFile;
use model::Node;
use model::effects::python_list;
use system::Termination;

use crate::logging::Log;
use crate::output;

/// The exit code of the original, to which a signal is a request that it fulfils.
const EXIT_CODE: u8 = 0;

/// The stage's entry in status.json, for whoever closes it first: the stage at its end, or a signal.
#[derive(Clone)]
pub(super) struct Closing(Arc<Mutex<Option<StatusFile>>>);

impl Closing {
    pub(super) fn new(status: StatusFile) -> Self {
        Self(Arc::new(Mutex::new(Some(status))))
    }

    /// The entry, once.
    pub(super) fn take(&self) -> Option<StatusFile> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// From now on SIGTERM, SIGINT, SIGHUP and SIGABRT are logged and close the stage. Without `closing` (`single`) there
/// is no stage to close.
pub(super) fn watch(log: &Log, config: Node, debug: bool, closing: Option<Closing>) {
    let log = log.clone();
    let watched = system::on_termination(move |termination| {
        let status = match &closing {
            // The stage has reached its end by itself, and this process ends next.
            Some(closing) => Some(closing.take()?),
            None => None,
        };
        let message = said(termination);
        // It may come before the stage has opened its log.
        log.configure(&config, debug);
        tracing::info!(target: "signal_handler.py", "{message}");
        output::error(&message);
        if let Some(Err(error)) = status.map(|status| status.finish(None, &[message])) {
            tracing::error!("{error}");
        }
        Some(EXIT_CODE)
    });
    if let Err(error) = watched {
        tracing::warn!("a signal will end this stage without a word in status.json: {error}");
    }
}

/// The original's sentence, with what was interrupted as the cause.
fn said(termination: &Termination) -> String {
    let mut cause = match &termination.step {
        Some((stage, Some(module))) => format!("module {module} of stage {stage}"),
        Some((stage, None)) => format!("stage {stage}"),
        None => "no stage yet".to_owned(),
    };
    for command in &termination.commands {
        cause.push_str(&format!(", running command {}", python_list(command)));
    }
    format!("Received signal {} resulting in exit. Cause: {cause} was interrupted", termination.signal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_names_signal_step_and_command() {
        let termination = Termination {
            signal: "SIGTERM",
            step: Some((model::Stage::Final, Some("scripts_user".into()))),
            commands: vec![vec!["sleep".into(), "9".into()]],
        };
        assert_eq!(
            said(&termination),
            "Received signal SIGTERM resulting in exit. Cause: module scripts_user of stage modules-final, running \
             command ['sleep', '9'] was interrupted"
        );
    }
}
