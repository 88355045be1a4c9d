//! A signal that ends a stage is logged, and the stage is closed in status.json.

use std::sync::{Arc, Mutex, PoisonError};

use engine::status::StatusFile;
use model::Node;
use model::effects::python_list;
use system::Termination;

use crate::logging::Log;
use crate::output;

/// Upstream's exit code: it treats the signal as a request that was fulfilled.
const EXIT_CODE: u8 = 0;
/// The exit code of a stage that took longer than it may.
const LATE: u8 = 1;

/// The stage's entry in status.json, closed once: by the end of the stage or by a signal.
#[derive(Clone)]
pub(super) struct Closing(Arc<Mutex<Option<StatusFile>>>);

impl Closing {
    pub(super) fn new(status: StatusFile) -> Self {
        Self(Arc::new(Mutex::new(Some(status))))
    }

    /// Takes the entry; later calls return `None`.
    pub(super) fn take(&self) -> Option<StatusFile> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Installs handlers: SIGTERM, SIGINT, SIGHUP and SIGABRT are logged and close the stage. Without `closing` (`single`)
/// there is no stage to close.
pub(super) fn watch(log: &Log, config: Node, debug: bool, closing: Option<Closing>) {
    let log = log.clone();
    let watched = system::on_termination(move |termination| {
        let status = match &closing {
            // The stage has already ended, and this process is about to.
            Some(closing) => Some(closing.take()?),
            None => None,
        };
        let message = said(termination);
        // The signal may arrive before the stage has opened its log.
        log.configure(&config, debug);
        match termination.signal {
            Some(_) => tracing::info!(target: "signal_handler.py", "{message}"),
            None => tracing::error!("{message}"),
        }
        output::error(&message);
        if let Some(Err(error)) = status.map(|status| status.finish(None, &[message])) {
            tracing::error!("{error}");
        }
        Some(if termination.signal.is_some() { EXIT_CODE } else { LATE })
    });
    if let Err(error) = watched {
        tracing::warn!(
            "cannot handle signals; status.json will not record one that ends this stage: {error}"
        );
    }
}

/// Upstream's sentence, with the interrupted step as the cause.
fn said(termination: &Termination) -> String {
    let mut cause = match &termination.step {
        Some((stage, Some(module))) => format!("module {module} of stage {stage}"),
        Some((stage, None)) => format!("stage {stage}"),
        None => "no stage yet".to_owned(),
    };
    for command in &termination.commands {
        cause.push_str(&format!(", running command {}", python_list(command)));
    }
    match termination.signal {
        Some(signal) => format!("Received signal {signal} resulting in exit. Cause: {cause} was interrupted"),
        None => {
            let limit = termination.limit.unwrap_or_default().as_secs_f32();
            format!(
                "the stage took longer than {limit} s, see timeouts.stages in cloud.cfg: {cause} was interrupted"
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_names_signal_step_and_command() {
        let termination = Termination {
            signal: Some("SIGTERM"),
            limit: None,
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
