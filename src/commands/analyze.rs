//! `analyze`: what the log says about the boots.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use engine::analyze::{self, Event, Surroundings};
use model::System;
use model::effects::Command;

use crate::input;
use crate::output::{self, Style};

/// `analyze`.
#[derive(Debug, Subcommand)]
pub(crate) enum Analyze {
    /// Print stages and modules by the time they took.
    Blame(Files),
    /// Print stages and modules in chronological order.
    Show(Show),
    /// Print the events of the log as JSON.
    Dump(Files),
    /// Print when the kernel and systemd reached cloud-init in the last boot.
    Boot(Files),
    /// Draw the stages and modules of a boot as an SVG image.
    Plot(Plot),
    /// Write a trace of all boots for Perfetto (ui.perfetto.dev) or chrome://tracing.
    Trace(Files),
}

/// Input and output.
#[derive(Debug, Args)]
pub(crate) struct Files {
    /// The log, or the output of `analyze dump`; - for standard input.
    #[arg(short, long, value_name = "FILE", default_value = "/var/log/cloud-init.log")]
    infile: PathBuf,
    /// The output file; - for standard output.
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    outfile: PathBuf,
}

/// `analyze show`.
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// The format of a line: %d duration, %E time since start, %I indentation, %D description, %n name, %e event type
    /// (start or finish), %o origin, %r result, %t timestamp.
    #[arg(short = 'f', long = "format", value_name = "FORMAT", default_value = "%I%D @%Es +%ds")]
    format: String,
    #[command(flatten)]
    files: Files,
}

/// `analyze plot`.
#[derive(Debug, Args)]
pub(crate) struct Plot {
    /// The number of the boot in the log, starting at 1 [default: the last one].
    #[arg(short, long, value_name = "NUMBER")]
    boot: Option<usize>,
    #[command(flatten)]
    files: Files,
}

/// Runs the command; returns 1 if the log cannot be read or has no answer.
pub(crate) fn run(command: &Analyze) -> u8 {
    let system = super::host();
    let files = match command {
        Analyze::Show(show) => &show.files,
        Analyze::Plot(plot) => &plot.files,
        Analyze::Blame(files) | Analyze::Dump(files) | Analyze::Boot(files) | Analyze::Trace(files) => files,
    };
    let answer = events(&system, files).and_then(|events| answer(&system, command, &events));
    let is_report = matches!(command, Analyze::Show(_) | Analyze::Blame(_) | Analyze::Boot(_));
    let print = |text: &str| {
        if is_report && files.outfile == Path::new("-") {
            output::styled(text, style);
            return Ok(());
        }
        input::write(&system, &files.outfile, text)
    };
    match answer.and_then(|(text, ok)| print(&text).map(|()| ok)) {
        Ok(ok) => u8::from(!ok),
        Err(error) => {
            output::error(&error);
            1
        }
    }
}

/// How a terminal shows a line of a report.
fn style(line: &str) -> Style {
    if line.starts_with("-- ") {
        Style::Bold
    } else if line.starts_with("Starting stage") || line.starts_with("Finished stage") {
        Style::Cyan
    } else {
        Style::Plain
    }
}

fn events(system: &System, files: &Files) -> Result<Vec<Event>, String> {
    let name = files.infile.display().to_string();
    let bytes = input::read(system, &files.infile)
        .map_err(|error| format!("Cannot open file {name}: {}", error.source))?;
    let date = |stamp: &str| date(system, stamp);
    let surroundings = Surroundings { year: system.clock.now().year(), date: &date };
    let (events, skipped) = analyze::read(&name, &String::from_utf8_lossy(&bytes), &surroundings)
        .map_err(|error| error.to_string())?;
    for _ in 0..skipped {
        output::error("Skipping invalid entry");
    }
    Ok(events)
}

/// Timestamps in formats other than the log's own are left to GNU date(1).
fn date(system: &System, stamp: &str) -> Option<f64> {
    let command = Command::line(["date", "-u", "+%s.%3N", "-d", stamp]);
    system.commands.run(&command).ok()?.text().trim().parse().ok()
}

fn answer(system: &System, command: &Analyze, events: &[Event]) -> Result<(String, bool), String> {
    let text = match command {
        Analyze::Blame(_) => analyze::blame(events).map_err(|error| error.to_string())?,
        Analyze::Show(show) => analyze::show(events, &show.format).map_err(|error| error.to_string())?,
        Analyze::Dump(_) => analyze::dump(events) + "\n",
        Analyze::Boot(_) => return Ok(analyze::boot::boot(system, events)),
        Analyze::Trace(_) => analyze::trace(&analyze::boots(events)) + "\n",
        Analyze::Plot(plot) => {
            let boots = analyze::boots(events);
            let number = plot.boot.unwrap_or(boots.len());
            let boot = number.checked_sub(1).and_then(|index| boots.get(index));
            let boot = boot.ok_or_else(|| {
                format!(
                    "{}: no boot {number}; the log has {} boots",
                    plot.files.infile.display(),
                    boots.len()
                )
            })?;
            analyze::plot(boot)
        }
    };
    Ok((text, true))
}
