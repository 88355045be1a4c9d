//! Version 2 where netplan is: it takes more than any schema of ours says, so it judges itself.

use std::path::PathBuf;

use model::System;
use model::effects::{Attributes, Command};
use yaml::write::{Style, dump};
use yaml::{Node, Value};

use super::judge::Problem;

/// The judgement of the machine's netplan: nothing where there is none, no problem where it is content.
type Judgement = Option<Option<(String, Problem)>>;

/// Asks netplan. It reads all files of a directory, so it gets one of its own.
pub(super) fn judge(system: &System, shown: &str, text: &str, tree: &Node) -> Result<Judgement, String> {
    if system.commands.which("netplan").is_none() {
        return Ok(None);
    }
    // With its own text the places are those of the file.
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

/// A directory that nobody can have made before.
fn scratch(system: &System) -> PathBuf {
    let mut random = [0; 16];
    system.environment.random(&mut random);
    let name: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    PathBuf::from(format!("/tmp/cloud-init-schema-{name}"))
}

/// What netplan said: `FILE:LINE:COLUMN: MESSAGE` and the line.
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
