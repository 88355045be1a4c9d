//! What every comparison with the packaged original needs: a root that holds it.
// A harness around real programs: effects are its business.
#![allow(clippy::disallowed_methods, clippy::print_stdout)]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_possible_wrap,
    reason = "numbers of our own making"
)]

pub mod dice;
pub mod identical;
pub mod places;
pub mod python;
pub mod root;
pub mod star;

use std::path::PathBuf;
use std::process::ExitCode;

/// What can go wrong beside disagreement.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or directory cannot be used.
    #[error("{what}: {source}")]
    File {
        /// Which, and what for.
        what: String,
        /// Why.
        source: std::io::Error,
    },
    /// A command of the host failed.
    #[error("{command} failed: {output}")]
    Command {
        /// Its words.
        command: String,
        /// What it printed.
        output: String,
    },
    /// A mirror cannot be reached, also not at the third time.
    #[error("{command}: a mirror cannot be reached: {output}")]
    Unreachable {
        /// Its words.
        command: String,
        /// What it printed.
        output: String,
    },
    /// The baseline is not one.
    #[error("{path}: {source}; write it anew with --update")]
    Baseline {
        /// Its file.
        path: PathBuf,
        /// Where it is wrong.
        source: serde_json::Error,
    },
    /// An option or a name is not one that is known.
    #[error("{0}; see --help")]
    Usage(String),
}

impl Error {
    /// The exit code: EX_TEMPFAIL where only a mirror could not be reached, which skips and does not fail.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Unreachable { .. } => {
                println!("SKIP: {self}");
                ExitCode::from(75)
            }
            _ => ExitCode::from(2),
        }
    }
}

/// Names what an input or output error was about.
pub fn file(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Error {
    move |source| Error::File { what: what.into(), source }
}
