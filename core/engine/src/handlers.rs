//! Handlers of user-data and vendor-data parts.

mod boothook;
pub mod cloud_config;
mod jinja;
mod part_handlers;
mod patch;
mod scripts;
mod size;

use std::panic::{AssertUnwindSafe, catch_unwind};

use mime::{Body, Message};
use model::config::Origin;
use model::effects::internal_error;
use model::handler::{DataKind, HandlerContext, HandlerError};
use model::{Frequency, Handler, Part};

use self::part_handlers::PartHandlers;
use crate::userdata::{NOT_MULTIPART, payload};

pub use boothook::Boothook;
pub use cloud_config::CloudConfig;
pub use jinja::Jinja;
pub use scripts::{FrequencyScripts, Scripts};

/// The handlers in the order in which they are tried.
fn handlers() -> Vec<Box<dyn Handler>> {
    vec![
        Box::new(CloudConfig::default()),
        Box::new(Scripts),
        Box::new(FrequencyScripts::Boot),
        Box::new(FrequencyScripts::Instance),
        Box::new(FrequencyScripts::Once),
        Box::new(Boothook),
    ]
}

/// Passes every part of processed data to its handler. A failure is a warning; the other parts are still handled.
pub fn consume(context: &HandlerContext<'_>, data: Message, excluded: &[String]) {
    let mut handlers = handlers();
    let runs = |handler: &dyn Handler| match handler.frequency() {
        Frequency::Always => true,
        own => own == context.frequency,
    };
    handlers.retain(|handler| runs(handler.as_ref()));
    let mut python = PartHandlers::default();
    python.of_image(context);
    python.built_in(&handlers.iter().flat_map(|handler| handler.accepts()).copied().collect::<Vec<_>>());
    python.built_in(&[Jinja::CONTENT_TYPE]);
    for handler in &mut handlers {
        note(handler.begin(context));
    }
    let mut number = 0;
    // Each part is dropped before the next one is read: they may be large.
    let mut pending = vec![data];
    while let Some(mut message) = pending.pop() {
        let handled = message.maintype() != "multipart";
        let part = handled.then(|| part_of(context.kind, &message, number));
        number += usize::from(handled);
        if let Body::Multipart { parts, .. } = &mut message.body {
            pending.extend(std::mem::take(parts).into_iter().rev());
        }
        drop(message);
        let Some(part) = part else { continue };
        if excluded.contains(&part.content_type) {
            tracing::debug!("content_type \"{}\" is excluded", part.content_type);
            continue;
        }
        context.system.journal.part(&part.origin.to_string());
        // A part that panics must not take the others with it.
        let handled = catch_unwind(AssertUnwindSafe(|| dispatch(context, &mut handlers, &mut python, &part)));
        if let Err(panic) = handled {
            tracing::error!("{}: ignoring the part: {}", part.origin, internal_error(panic.as_ref()));
        }
    }
    python.end(true);
    for handler in &mut handlers {
        let ended = catch_unwind(AssertUnwindSafe(|| note(handler.end(context))));
        if let Err(panic) = ended {
            tracing::error!("{}: {}", handler.name(), internal_error(panic.as_ref()));
        }
    }
    python.end(false);
}

fn note(outcome: Result<(), HandlerError>) {
    if let Err(error) = outcome {
        tracing::warn!("{error}");
    }
}

fn dispatch(
    context: &HandlerContext<'_>,
    handlers: &mut [Box<dyn Handler>],
    python: &mut PartHandlers,
    part: &Part,
) {
    if part.content_type == "text/part-handler" {
        if let Err(error) = python.register(context, part) {
            tracing::warn!("{}: cannot use this part handler: {error}", part.origin);
        }
        return;
    }
    // A part handler can also replace a built-in one.
    if let Some(outcome) = python.part(part) {
        if let Err(error) = outcome {
            tracing::warn!("{}: Failed calling part handler {error}", part.origin);
        }
        return;
    }
    let rendered;
    let part = if part.content_type == Jinja::CONTENT_TYPE {
        match Jinja::render(context, part) {
            Ok(Some(inner)) => {
                rendered = inner;
                &rendered
            }
            Ok(None) => return,
            Err(error) => {
                tracing::warn!("{error}");
                return;
            }
        }
    } else {
        part
    };
    let content_type = part.content_type.as_str();
    if let Some(handler) = handlers.iter_mut().find(|handler| handler.accepts().contains(&content_type)) {
        tracing::debug!("Calling handler {} ({content_type}, {})", handler.name(), part.filename);
        return note(handler.part(context, part));
    }
    match content_type {
        _ if python.may_take() => tracing::debug!("{} may be for a part handler", part.origin),
        _ if part.payload.is_empty() => tracing::debug!("Empty payload of type {content_type}"),
        _ if crate::userdata::is_for_systemd(&part.payload) => {
            tracing::debug!("{}: leaving the part to systemd", part.origin);
        }
        _ => {
            let what = if content_type == NOT_MULTIPART { "non-multipart" } else { "unknown content-type" };
            let upstart = content_type == "text/upstart-job"
                || part.payload.trim_ascii_start().starts_with(b"#upstart-job");
            let why = if upstart {
                "ignoring an upstart job: upstart is no longer supported".to_owned()
            } else {
                crate::userdata::mistaken_form(&part.payload).unwrap_or_else(|| {
                    "the first line is not a known header; expected #cloud-config, #!, #include, #cloud-boothook, \
                     #cloud-config-archive or ## template: jinja"
                        .to_owned()
                })
            };
            // Without its text, which may contain secrets.
            tracing::warn!(
                "Unhandled {what} ({content_type}) userdata: {}, {} bytes: {why}",
                part.origin,
                part.payload.len()
            );
        }
    }
}

/// A part of processed data, for the handlers.
pub fn part_of(kind: DataKind, message: &Message, number: usize) -> Part {
    let filename =
        message.filename().filter(|name| !name.is_empty()).unwrap_or_else(|| format!("part-{number:03}"));
    let source = match kind {
        DataKind::User => "user-data",
        DataKind::Vendor => "vendor-data",
        DataKind::Vendor2 => "vendor-data2",
    };
    Part {
        content_type: message.content_type(),
        payload: payload(message),
        headers: message
            .headers
            .iter()
            .map(|header| (header.name.clone(), message.headers.text(&header.name).unwrap_or_default()))
            .collect(),
        origin: Origin::whole(&format!("{source} {filename}")),
        filename,
    }
}

/// A part's file name made safe as a single component, by upstream's rule: only letters, digits and `_-.()` are kept;
/// `/` becomes `_`.
pub(crate) fn clean_filename(name: &str) -> String {
    let name = name.replace(std::path::MAIN_SEPARATOR, "_");
    let name: String =
        name.chars().filter(|letter| letter.is_ascii_alphanumeric() || "_-.()".contains(*letter)).collect();
    match name.as_str() {
        "" | "." | ".." => "part".to_owned(),
        _ => name,
    }
}

/// Converts Windows line endings to Unix ones if the first line has one.
pub(crate) fn dos2unix(payload: &[u8]) -> Vec<u8> {
    let first = payload.iter().position(|byte| *byte == b'\n');
    if first.is_none_or(|at| at == 0 || payload[at - 1] != b'\r') {
        return payload.to_vec();
    }
    let mut out = Vec::with_capacity(payload.len());
    for (at, byte) in payload.iter().enumerate() {
        if *byte != b'\r' || payload.get(at + 1) != Some(&b'\n') {
            out.push(*byte);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_line_ends() {
        assert_eq!(clean_filename("../../etc/pass wd"), ".._.._etc_passwd");
        assert_eq!(clean_filename(".."), "part");
        assert_eq!(dos2unix(b"#!/bin/sh\r\necho\r\n"), b"#!/bin/sh\necho\n");
        assert_eq!(dos2unix(b"#!/bin/sh\necho\r\n"), b"#!/bin/sh\necho\r\n");
    }

    /// Upstream's `clean_filename` (cloudinit/util.py), and its `dos2unix`, which looks at the first line only.
    #[test]
    fn names_are_safe_and_line_ends_are_those_of_the_first_line() {
        for (name, expected) in [
            ("part-001", "part-001"),
            ("a b\tc", "abc"),
            ("(1).sh_x", "(1).sh_x"),
            ("ä/ü", "_"),
            ("", "part"),
            (".", "part"),
            ("...", "..."),
            ("$%&", "part"),
        ] {
            assert_eq!(clean_filename(name), expected, "{name:?}");
        }
        for (text, expected) in [
            ("a\r\nb\rc\r\n", "a\nb\rc\n"),
            ("\r\n", "\n"),
            ("\n\r\n", "\n\r\n"),
            ("a\r", "a\r"),
            ("", ""),
            ("a\nb\r\n", "a\nb\r\n"),
            ("a\r\n\r", "a\n\r"),
        ] {
            assert_eq!(dos2unix(text.as_bytes()), expected.as_bytes(), "{text:?}");
        }
    }
}
