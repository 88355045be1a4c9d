//! `devel make-mime`: combines files into multi-part user-data.

use std::path::PathBuf;

use clap::Args;
use mime::Message;
use model::System;

use crate::input;
use crate::output;

/// The types that cloud-init handles, without `text/`.
const TYPES: &[&str] = &[
    "cloud-boothook",
    "cloud-config",
    "cloud-config-archive",
    "cloud-config-jsonp",
    "jinja2",
    "part-handler",
    "x-include-once-url",
    "x-include-url",
    "x-shellscript",
    "x-shellscript-per-boot",
    "x-shellscript-per-instance",
    "x-shellscript-per-once",
];

/// A file and its type.
#[derive(Clone, Debug)]
struct Attachment {
    file: PathBuf,
    kind: String,
}

/// `devel make-mime`.
#[derive(Debug, Args)]
pub(crate) struct MakeMime {
    /// A file and its type, such as script.sh:x-shellscript; parts keep this order.
    #[arg(short, long = "attach", value_name = "FILE:TYPE", value_parser = attachment)]
    attach: Vec<Attachment>,
    /// List the supported types.
    #[arg(short, long)]
    list_types: bool,
    /// Accept unknown types.
    #[arg(short, long)]
    force: bool,
}

fn attachment(text: &str) -> Result<Attachment, String> {
    let (file, kind) = text.split_once(':').ok_or("expected FILE:TYPE, such as config.yaml:cloud-config")?;
    Ok(Attachment { file: file.into(), kind: kind.trim().to_owned() })
}

/// Prints the message; returns 1 if a type is unknown.
pub(crate) fn run(options: &MakeMime) -> u8 {
    if options.list_types {
        output::line(&TYPES.join("\n"));
        return 0;
    }
    let unknown: Vec<String> = (1..)
        .zip(&options.attach)
        .filter(|(_, part)| !TYPES.contains(&part.kind.to_ascii_lowercase().as_str()))
        .map(|(number, part)| {
            format!(
                "content type 'text/{}' for attachment {number} may be incorrect!",
                part.kind.to_ascii_lowercase()
            )
        })
        .collect();
    for message in &unknown {
        output::error(&format!("{}: {message}", if options.force { "WARNING" } else { "ERROR" }));
    }
    if !unknown.is_empty() {
        output::error("Invalid content-types, override with --force");
        if !options.force {
            return 1;
        }
    }
    match message(&super::host(), &options.attach) {
        Ok(text) => {
            output::line(&text);
            0
        }
        Err(error) => {
            output::error(&format!("error: {error}"));
            1
        }
    }
}

fn message(system: &System, attachments: &[Attachment]) -> Result<String, String> {
    let mut parts = Vec::new();
    for Attachment { file, kind } in attachments {
        let bytes = input::read(system, file).map_err(|error| error.to_string())?;
        if let Err(error) = std::str::from_utf8(&bytes) {
            return Err(format!(
                "{}: byte {}: a text part must be UTF-8",
                file.display(),
                error.valid_up_to()
            ));
        }
        let part =
            Message::base64(&format!("text/{kind}; charset=\"utf-8\""), &bytes).and_then(|mut part| {
                let name = file.display().to_string().replace(['\\', '"'], "_");
                part.headers.push("Content-Disposition", &format!("attachment; filename=\"{name}\""))?;
                Ok(part)
            });
        parts.push(part.map_err(|error| format!("{}: {error}", file.display()))?);
    }
    let mut random = [0_u8; 8];
    system.environment.random(&mut random);
    // Base64 has `=` only at the end, so no part contains the boundary.
    let boundary = mime::boundary_of(u64::from_le_bytes(random));
    let mut whole = Message::multipart("mixed", &boundary).map_err(|error| error.to_string())?;
    for part in parts {
        whole.attach(part);
    }
    Ok(String::from_utf8_lossy(&whole.write()).into_owned())
}
