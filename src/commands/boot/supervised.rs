//! A stage whose process is killed is closed in status.json by its supervisor.

use std::path::PathBuf;

use engine::config::Loader;
use engine::report::Recoverable;
use engine::status::StatusFile;
use model::Stage;
use system::Death;

use crate::logging::Log;

/// Runs a stage in a child process, so that an error is recorded however it ends.
pub(super) fn supervised(stage: Stage, files: &[PathBuf], debug: bool, work: impl FnOnce() -> u8) -> u8 {
    system::supervise(work, |death| close(stage, files, debug, death))
}

/// Closes the stage of a process that was killed; the exit code is the number of errors.
fn close(stage: Stage, files: &[PathBuf], debug: bool, death: &Death) -> u8 {
    let system = super::super::host();
    let recoverable = Recoverable::default();
    let log = Log::start(&system, &recoverable, true, debug);
    let loader = Loader::new(&system, files.to_vec());
    let base = loader.base();
    let paths = loader.paths(&base);
    log.configure(&loader.merged(&base, &paths, None, true), debug);
    let message = said(stage, death);
    tracing::error!("{message}");
    let closed = StatusFile::resume(&system, &paths, stage, &recoverable)
        .and_then(|status| status.finish(None, &[message]));
    match closed {
        Ok(count) => u8::try_from(count).unwrap_or(u8::MAX),
        Err(error) => {
            tracing::error!("{error}");
            1
        }
    }
}

fn said(stage: Stage, death: &Death) -> String {
    let while_doing = match death.step.as_str() {
        "" => String::new(),
        step if step == format!("stage {stage}") => String::new(),
        step => format!(" during {step}"),
    };
    // The kernel uses SIGKILL when it runs out of memory.
    let hint =
        if death.signal == "SIGKILL" { "; see the kernel log (dmesg) if memory was short" } else { "" };
    format!("The process of stage {stage} was ended by {}{while_doing}{hint}", death.signal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_names_signal_and_step() {
        let death = |signal: &str, step: &str| Death { signal: signal.into(), step: step.into() };
        assert_eq!(
            said(Stage::Final, &death("SIGKILL", "module runcmd of stage modules-final")),
            "The process of stage modules-final was ended by SIGKILL during module runcmd of stage modules-final; see \
             the kernel log (dmesg) if memory was short"
        );
        for step in ["", "stage init"] {
            assert_eq!(
                said(Stage::Network, &death("SIGABRT", step)),
                "The process of stage init was ended by SIGABRT"
            );
        }
    }
}
