//! Validates version 2 with netplan where it is installed: it accepts more than the built-in schema.

use std::path::PathBuf;

use model::System;
use model::effects::{Attributes, Command};
use yaml::write::{Style, dump};
use yaml::{Node, Value};

use super::judge::Problem;

/// The verdict of the machine's netplan: `None` if there is none, no problems if it accepts the document.
type Judgement = Option<Option<(String, Problem)>>;

/// Runs netplan. It reads all files of a directory, so the document gets its own directory.
pub(super) fn judge(system: &System, shown: &str, text: &str, tree: &Node) -> Result<Judgement, String> {
    if system.commands.which("netplan").is_none() {
        return Ok(None);
    }
    // The original text keeps the places those of the file.
    let text = if tree.get("network").is_some() {
        text.to_owned()
    } else {
        let style = Style { indent: 4, explicit_start: true, explicit_end: true, ..Style::default() };
        dump(&Value::Map(vec![(Value::Str("network".to_owned()).into(), tree.clone())]), &style)
    };
    let directory = scratch(system);
    let file = directory.join("etc/netplan/network-config.yaml");
    let files = &system.files;
    let told = files
        .create_dir(&directory, Some(0o700))
        .and_then(|()| files.write(&file, text.as_bytes(), &Attributes::secret()))
        .map_err(|error| error.to_string())
        .and_then(|()| {
            let command = Command::line(["netplan", "get", "--root-dir"])
                .arg(directory.display().to_string())
                .accept(&[0, 1]);
            system.commands.run(&command).map_err(|error| error.to_string())
        });
    let removed = files.remove(&directory).map_err(|error| error.to_string());
    let told = told?;
    removed?;
    if told.code == 0 {
        return Ok(Some(None));
    }
    let output = String::from_utf8_lossy(&told.stderr).into_owned() + &told.text();
    Ok(Some(Some((text, problem(shown, &output, &file.display().to_string())))))
}

/// A directory that cannot exist already.
fn scratch(system: &System) -> PathBuf {
    let mut random = [0; 16];
    system.environment.random(&mut random);
    PathBuf::from(format!("/tmp/cloud-init-schema-{:032x}", u128::from_ne_bytes(random)))
}

/// Parses netplan's output: `FILE:LINE:COLUMN: MESSAGE` and the source line.
fn problem(shown: &str, output: &str, file: &str) -> Problem {
    let (place, rest) = match output.split_once(&format!("{file}:")) {
        Some((_, rest)) => rest.split_once(": ").unwrap_or(("1:1", rest)),
        None => ("1:1", output),
    };
    let message = rest.trim_end().to_owned();
    let line = place.split(':').next().and_then(|line| line.parse().ok()).unwrap_or(1);
    Problem {
        line,
        path: String::new(),
        message: format!("Invalid netplan schema. {message}"),
        told: format!("{shown}:{place}: netplan: {message}"),
    }
}
