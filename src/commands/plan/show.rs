//! A plan in print.

use std::fmt::Write as _;
use std::path::Path;

use model::Stage;
use serde_json::{Value, json};
use similar::TextDiff;
use system::{Effect, EffectKind};

use super::Planned;

/// Directories of cloud-init's own state, which a reader of a plan rarely wants to see.
const STATE: [&str; 2] = ["/var/lib/cloud", "/run/cloud-init"];
/// State that is shown all the same: it is what the user gave.
const SHOWN_STATE: [&str; 3] = ["/scripts/", "/boothooks/", "cloud-config.txt"];
/// Longer contents are cut.
const MAX_LINES: usize = 60;

/// Whether an effect only keeps cloud-init's own books.
fn is_state(kind: &EffectKind) -> bool {
    let Some(path) = path_of(kind) else { return false };
    let text = path.to_string_lossy();
    let shown =
        matches!(kind, EffectKind::Write { .. }) && SHOWN_STATE.iter().any(|shown| text.contains(shown));
    STATE.iter().any(|state| path.starts_with(state)) && !shown
}

fn path_of(kind: &EffectKind) -> Option<&Path> {
    match kind {
        EffectKind::Write { path, .. }
        | EffectKind::Directory { path, .. }
        | EffectKind::Link { path, .. }
        | EffectKind::Attributes { path, .. }
        | EffectKind::Remove(path) => Some(path),
        EffectKind::Rename { from, .. } => Some(from),
        _ => None,
    }
}

fn heading(stage: Option<Stage>) -> &'static str {
    match stage {
        Some(Stage::Local) => "local: find the instance, configure the network (init --local)",
        Some(Stage::Network) => "network: read the data, set the machine up (init)",
        Some(Stage::Config) => "config (modules --mode config)",
        Some(Stage::Final) => "final (modules --mode final)",
        Some(Stage::Detect) | None => "detect",
    }
}

/// For people.
pub(super) fn text(planned: &Planned) -> String {
    let mut out = String::new();
    let (mut stage, mut module, mut hidden) = (None, None, 0);
    let mut warnings = planned.warnings.iter().peekable();
    let mut warn = |out: &mut String, upto: usize| {
        while let Some(warning) = warnings.next_if(|warning| warning.position <= upto) {
            let _ = writeln!(out, "  ! {}: {}", warning.level, indented(&warning.message));
        }
    };
    for (index, effect) in planned.effects.iter().enumerate() {
        warn(&mut out, index);
        if effect.stage != stage || index == 0 {
            stage = effect.stage;
            module = None;
            let _ = writeln!(out, "\n== {} ==", heading(stage));
        }
        if effect.module != module {
            module.clone_from(&effect.module);
            if let Some(name) = &module {
                let _ = writeln!(out, "[{name}]");
            }
        }
        if is_state(&effect.kind) {
            hidden += 1;
            continue;
        }
        describe(&mut out, effect);
    }
    warn(&mut out, usize::MAX);
    for error in &planned.errors {
        let _ = writeln!(out, "  ! failed: {}", indented(error));
    }
    let _ = writeln!(
        out,
        "\n{} effects; {hidden} of them cloud-init's own state below {} (shown by --format json)",
        planned.effects.len(),
        STATE.join(" and ")
    );
    out.trim_start().to_owned()
}

fn indented(text: &str) -> String {
    text.trim_end().replace('\n', "\n      ")
}

fn describe(out: &mut String, effect: &Effect) {
    let _ = match &effect.kind {
        EffectKind::Write { path, before, after, mode, owner, secret } => {
            let verb = if before.is_some() { "change" } else { "write" };
            let _ = writeln!(out, "  {verb} {} {mode:04o} {}:{}", path.display(), owner.0, owner.1);
            content(out, before.as_deref(), after, *secret);
            Ok(())
        }
        EffectKind::Directory { path, mode } => {
            writeln!(out, "  make directory {} {mode:04o}", path.display())
        }
        EffectKind::Link { path, target } => {
            writeln!(out, "  link {} -> {}", path.display(), target.display())
        }
        EffectKind::Remove(path) => writeln!(out, "  remove {}", path.display()),
        EffectKind::Rename { from, to } => writeln!(out, "  rename {} to {}", from.display(), to.display()),
        EffectKind::Attributes { path, mode, owner } => {
            writeln!(out, "  set {} to {mode:04o} {}:{}", path.display(), owner.0, owner.1)
        }
        EffectKind::Command { words, stdin } => {
            let line = words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ");
            writeln!(out, "  run {line}{}", if *stdin { "  (with input)" } else { "" })
        }
        EffectKind::Request { method, url, status } => match status {
            Some(status) => writeln!(out, "  {method} {url} -> {status}"),
            None => writeln!(out, "  {method} {url} -> no answer"),
        },
        EffectKind::Ephemeral { what } => writeln!(out, "  hold {what}"),
    };
}

/// A word as a shell would want it.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_=./:@%+,".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

fn content(out: &mut String, before: Option<&[u8]>, after: &[u8], secret: bool) {
    if secret {
        let _ = writeln!(out, "      (secret, {} bytes)", after.len());
        return;
    }
    let (Ok(new), Ok(old)) = (std::str::from_utf8(after), std::str::from_utf8(before.unwrap_or_default()))
    else {
        let _ = writeln!(out, "      ({} bytes, no text)", after.len());
        return;
    };
    if before.is_some() && old == new {
        let _ = writeln!(out, "      (the same content)");
        return;
    }
    let lines: Vec<String> = if before.is_some() {
        let diff = TextDiff::from_lines(old, new);
        let text = diff.unified_diff().context_radius(1).to_string();
        text.lines().filter(|line| !line.starts_with("\\ No newline")).map(str::to_owned).collect()
    } else {
        new.lines().map(|line| format!("+{line}")).collect()
    };
    for line in lines.iter().take(MAX_LINES) {
        let _ = writeln!(out, "      {line}");
    }
    if lines.len() > MAX_LINES {
        let _ = writeln!(out, "      … {} more lines", lines.len() - MAX_LINES);
    }
}

fn effect_json(effect: &Effect) -> Value {
    let bytes = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut value = match &effect.kind {
        EffectKind::Write { path, before, after, mode, owner, secret } => {
            let mut value = json!({
                "effect": "write", "path": path, "mode": format!("{mode:04o}"), "uid": owner.0, "gid": owner.1,
                "existed": before.is_some(), "bytes": after.len(), "secret": secret,
            });
            if !secret {
                value["content"] = bytes(after).into();
                value["before"] = before.as_deref().map(bytes).into();
            }
            value
        }
        EffectKind::Directory { path, mode } => {
            json!({"effect": "directory", "path": path, "mode": format!("{mode:04o}")})
        }
        EffectKind::Link { path, target } => json!({"effect": "link", "path": path, "target": target}),
        EffectKind::Remove(path) => json!({"effect": "remove", "path": path}),
        EffectKind::Rename { from, to } => json!({"effect": "rename", "from": from, "to": to}),
        EffectKind::Attributes { path, mode, owner } => json!({
            "effect": "attributes", "path": path, "mode": format!("{mode:04o}"), "uid": owner.0, "gid": owner.1,
        }),
        EffectKind::Command { words, stdin } => json!({"effect": "command", "words": words, "stdin": stdin}),
        EffectKind::Request { method, url, status } => {
            json!({"effect": "request", "method": method, "url": url, "status": status})
        }
        EffectKind::Ephemeral { what } => json!({"effect": "ephemeral", "what": what}),
    };
    value["stage"] = effect.stage.map(Stage::status_name).into();
    value["module"] = effect.module.clone().into();
    value
}

/// For programs.
pub(super) fn json(planned: &Planned) -> String {
    let effects: Vec<Value> = planned.effects.iter().map(effect_json).collect();
    let warnings: Vec<Value> = planned
        .warnings
        .iter()
        .map(|warning| {
            let last = planned.effects.get(warning.position.saturating_sub(1));
            json!({
                "level": warning.level,
                "message": warning.message,
                "after_effect": warning.position,
                "stage": last.and_then(|effect| effect.stage).map(Stage::status_name),
            })
        })
        .collect();
    let document = json!({"effects": effects, "warnings": warnings, "errors": planned.errors});
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}
