//! The text form of a plan.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use model::Stage;
use similar::TextDiff;
use system::{Content, Effect, EffectKind};

use super::Planned;
use super::accounts::Accounts;
use super::distinct::distinct;
use super::mask::shown_content;
use super::watch::Warning;
use crate::output::Style;

/// Directories of cloud-init's own state, which readers of a plan rarely need.
const STATE: &[&str] = &["/var/lib/cloud", "/run/cloud-init"];
/// State that is shown anyway, because it comes from the user.
const SHOWN_STATE: &[&str] = &["/scripts/", "/boothooks/", "cloud-config.txt"];
/// Longer contents are truncated.
const MAX_LINES: usize = 60;

/// Whether an effect only changes cloud-init's own state.
fn is_state(kind: &EffectKind) -> bool {
    let Some(path) = path_of(kind) else { return false };
    let text = path.to_string_lossy();
    let shown = matches!(kind, EffectKind::Write { secret: false, .. })
        && SHOWN_STATE.iter().any(|shown| text.contains(shown));
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
        Some(Stage::Network) => "network: consume user-data, configure the machine (init)",
        Some(Stage::Config) => "config (modules --mode config)",
        Some(Stage::Final) => "final (modules --mode final)",
        Some(Stage::Detect) | None => "detect",
    }
}

/// An effect as shown, including later effects of the same module on the same path.
struct Shown {
    kind: EffectKind,
    /// The owner assigned to a directory.
    owner: Option<(u32, u32)>,
    /// This effect repeats, or was merged into, another one.
    is_part: bool,
}

/// The effects, with those on the same path within a module merged: the last content, mode and owner are shown.
fn folded(effects: &[Effect]) -> Vec<Shown> {
    let mut all: Vec<Shown> = Vec::with_capacity(effects.len());
    let mut latest: HashMap<PathBuf, usize> = HashMap::new();
    for (index, effect) in effects.iter().enumerate() {
        let begins = index == 0
            || effects[index - 1].module != effect.module
            || effects[index - 1].stage != effect.stage;
        if begins {
            latest.clear();
        }
        let mut shown = Shown { kind: effect.kind.clone(), owner: None, is_part: false };
        let earlier = path_of(&effect.kind).and_then(|path| latest.get(path)).copied();
        if let Some(earlier) = earlier {
            shown.is_part = fold(&mut all[earlier], &effect.kind);
        }
        match &effect.kind {
            EffectKind::Write { path, .. }
            | EffectKind::Directory { path, .. }
            | EffectKind::Attributes { path, .. }
                if !shown.is_part =>
            {
                latest.insert(path.clone(), index);
            }
            EffectKind::Remove(path) => {
                latest.retain(|known, _| !known.starts_with(path));
            }
            EffectKind::Rename { from, to } => {
                latest.retain(|known, _| !known.starts_with(from) && !known.starts_with(to));
            }
            // A command may have read the previous content.
            EffectKind::Command { .. } => latest.clear(),
            _ => {}
        }
        all.push(shown);
    }
    all
}

/// Merges an effect into an earlier one on the same path, if possible.
fn fold(earlier: &mut Shown, later: &EffectKind) -> bool {
    match (&mut earlier.kind, later) {
        (
            EffectKind::Write { after, mode, owner, secret, .. },
            EffectKind::Write { after: content, mode: bits, owner: new, secret: hidden, .. },
        ) => {
            after.clone_from(content);
            (*mode, *owner, *secret) = (*bits, *new, *secret || *hidden);
            true
        }
        (
            EffectKind::Write { mode, owner, .. } | EffectKind::Attributes { mode, owner, .. },
            EffectKind::Attributes { mode: bits, owner: new, .. },
        ) => {
            (*mode, *owner) = (*bits, *new);
            true
        }
        (EffectKind::Directory { mode, .. }, EffectKind::Attributes { mode: bits, owner: new, .. }) => {
            *mode = *bits;
            earlier.owner = Some(*new);
            true
        }
        (EffectKind::Directory { mode, .. }, EffectKind::Directory { mode: bits, .. }) => {
            *mode = *bits;
            true
        }
        _ => false,
    }
}

/// The output, and the heading of its last line.
struct Printer<'a> {
    out: String,
    accounts: &'a Accounts,
    /// The stage of the last heading; `None` before the first.
    #[allow(clippy::option_option, reason = "the outer None: no heading yet")]
    stage: Option<Option<Stage>>,
    module: Option<String>,
}

impl Printer<'_> {
    fn enter_stage(&mut self, stage: Option<Stage>) {
        if self.stage != Some(stage) {
            self.stage = Some(stage);
            self.module = None;
            let _ = writeln!(self.out, "\n== {} ==", heading(stage));
        }
    }

    fn enter(&mut self, stage: Option<Stage>, module: Option<&String>) {
        self.enter_stage(stage);
        if self.module.as_ref() != module {
            self.module = module.cloned();
            // An effect of the stage after a module's needs a heading again.
            let name = module.map_or("stage", String::as_str);
            let _ = writeln!(self.out, "[{name}]");
        }
    }

    /// Lines that belong to no module, below a heading of their own.
    fn section(&mut self, heading: &str, mark: char, lines: &[String]) {
        if !lines.is_empty() {
            let _ = writeln!(self.out, "\n== {heading} ==");
        }
        for line in lines {
            let _ = writeln!(self.out, "  {mark} {}", indented(line));
        }
    }

    fn warning(&mut self, warning: &Warning) {
        self.enter(warning.stage, warning.module.as_ref());
        let _ = writeln!(self.out, "  ! {}: {}", warning.level, indented(&warning.message));
    }
}

/// The plan as text; `all` includes changes to cloud-init's own state.
pub(crate) fn text(planned: &Planned, all: bool) -> String {
    let mut print = Printer { out: String::new(), accounts: &planned.accounts, stage: None, module: None };
    let _ = writeln!(print.out, "{}", planned.assumed);
    let distinct = distinct(&planned.warnings);
    let mut warnings = distinct.iter().peekable();
    let mut hidden = 0;
    for (index, (effect, shown)) in planned.effects.iter().zip(folded(&planned.effects)).enumerate() {
        while let Some(warning) = warnings.next_if(|warning| warning.position <= index) {
            print.warning(warning);
        }
        if !all && is_state(&effect.kind) {
            print.enter_stage(effect.stage);
            hidden += 1;
        } else if !shown.is_part {
            print.enter(effect.stage, effect.module.as_ref());
            print.describe(&shown);
        }
    }
    warnings.for_each(|warning| print.warning(warning));
    for error in planned.errors.iter().filter(|error| !is_warned_of(planned, error)) {
        let _ = writeln!(print.out, "  ! failed: {}", indented(error));
    }
    print.section("advice: probable mistakes", '?', &planned.advice);
    print.section("notes: what depends on the real machine", '-', &planned.notes);
    let _ = write!(print.out, "\n{} effects", planned.effects.len());
    if hidden > 0 {
        let state = STATE.join(" and ");
        let _ = write!(
            print.out,
            "; {hidden} changes to cloud-init's own state below {state} are not shown (--all shows them)"
        );
    }
    print.out.push('\n');
    print.out
}

/// How a terminal shows a line of the text.
pub(crate) fn style(line: &str) -> Style {
    match line.as_bytes() {
        [b'=', b'=', ..] => Style::Bold,
        [b'[', ..] => Style::Cyan,
        [b' ', b' ', b'!', ..] => {
            let is_error =
                ["error", "critical", "failed"].iter().any(|level| line[3..].trim_start().starts_with(level));
            if is_error { Style::Red } else { Style::Yellow }
        }
        [b' ', b' ', b'?', ..] => Style::Yellow,
        [b' ', b' ', b' ', b' ', b' ', b' ', mark, ..] => match mark {
            b'+' => Style::Green,
            b'-' => Style::Red,
            b'@' | b'(' => Style::Dim,
            _ => Style::Plain,
        },
        _ => Style::Plain,
    }
}

/// Whether a warning already covers an entry of the error list, which is in Python's notation.
fn is_warned_of(planned: &Planned, error: &str) -> bool {
    let Some((name, _)) = error.strip_prefix("('").and_then(|rest| rest.split_once("', RuntimeError("))
    else {
        return false;
    };
    let begins = format!("Running module {name} failed");
    planned.warnings.iter().any(|warning| warning.message.starts_with(&begins))
}

fn indented(text: &str) -> String {
    text.trim_end().replace('\n', "\n      ")
}

impl Printer<'_> {
    fn describe(&mut self, shown: &Shown) {
        let accounts = self.accounts;
        let out = &mut self.out;
        let _ = match &shown.kind {
            EffectKind::Write { path, before, after, mode, owner, secret } => {
                let verb = if before.is_some() { "change" } else { "write" };
                let _ = writeln!(out, "  {verb} {} {mode:04o} {}", path.display(), accounts.named(*owner));
                content(out, path, before.as_ref(), after, *secret);
                Ok(())
            }
            EffectKind::Directory { path, mode } => {
                let owner = shown.owner.map(|owner| format!(" {}", accounts.named(owner)));
                writeln!(out, "  make directory {} {mode:04o}{}", path.display(), owner.unwrap_or_default())
            }
            EffectKind::Link { path, target } => {
                writeln!(out, "  link {} -> {}", path.display(), target.display())
            }
            EffectKind::Remove(path) => writeln!(out, "  remove {}", path.display()),
            EffectKind::Rename { from, to } => {
                writeln!(out, "  rename {} to {}", from.display(), to.display())
            }
            EffectKind::Attributes { path, mode, owner } => {
                writeln!(out, "  set {} to {mode:04o} {}", path.display(), accounts.named(*owner))
            }
            EffectKind::Command { words, stdin, root } => match at_the_end(words) {
                Some(line) => writeln!(out, "  {line}"),
                None => {
                    let root = root.as_ref().map(|root| format!("  (inside {})", root.display()));
                    let input = if *stdin { "  (with input)" } else { "" };
                    writeln!(out, "  run {}{input}{}", command(words), root.unwrap_or_default())
                }
            },
            EffectKind::Request { method, url, status } => match status {
                Some(status) => writeln!(out, "  {method} {url} -> {status}"),
                None => writeln!(out, "  {method} {url} -> no answer"),
            },
            EffectKind::Serial { port } => writeln!(out, "  ask over {}", port.display()),
            EffectKind::AwaitLinks => writeln!(out, "  wait for links to change"),
            EffectKind::Ephemeral { what } => writeln!(out, "  hold {what}"),
        };
    }
}

/// Describes the process of `power_state`, which waits for this program to exit: its script is always the same except
/// for the condition.
fn at_the_end(words: &[String]) -> Option<String> {
    let [shell, option, script, name, _pid, quarters, _log, then @ ..] = words else { return None };
    if shell != "/bin/sh" || option != "-c" || name != "cloud-init-power-state" {
        return None;
    }
    let condition = script.lines().find_map(|line| line.strip_suffix("; code=$?"));
    let condition = condition.filter(|condition| *condition != "true");
    let condition = condition.map(|condition| format!(", if {condition} succeeds")).unwrap_or_default();
    let seconds = quarters.parse::<u64>().ok()?.div_ceil(4);
    Some(format!("when this program exits, or after {seconds} s{condition}: {}", command(then)))
}

fn command(words: &[String]) -> String {
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

/// Quotes a word for a shell.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_=./:@%+,".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// The lines of a unified diff whose new content continues the old one: a file that grows line by line would be compared as
/// a whole each time.
fn appended(old: &str, new: &str) -> Option<Vec<String>> {
    // A carriage return ends a line as well.
    let added = new.strip_prefix(old).filter(|_| !new.contains('\r'))?;
    let last = old.strip_suffix('\n')?.rsplit('\n').next()?;
    let (line, count) = (old.bytes().filter(|byte| *byte == b'\n').count(), added.lines().count());
    let head = [format!("@@ -{line} +{line},{} @@", count + 1), format!(" {last}")];
    Some(head.into_iter().chain(added.lines().map(|line| format!("+{line}"))).collect())
}

fn content(out: &mut String, path: &Path, before: Option<&Content>, after: &Content, secret: bool) {
    let Some(after_shown) = shown_content(path, after, secret) else {
        let _ = writeln!(out, "      (secret, {} bytes)", after.len());
        return;
    };
    if before == Some(after) {
        let _ = writeln!(out, "      (content unchanged)");
        return;
    }
    let before_shown = before.and_then(|before| shown_content(path, before, secret)).unwrap_or_default();
    let (Ok(new), Ok(old)) = (std::str::from_utf8(&after_shown), std::str::from_utf8(&before_shown)) else {
        let _ = writeln!(out, "      ({} bytes, binary)", after.len());
        return;
    };
    let lines: Vec<String> = if let Some(lines) = before.and_then(|_| appended(old, new)) {
        lines
    } else if before.is_some() {
        let diff = TextDiff::from_lines(old, new);
        let text = diff.unified_diff().context_radius(1).to_string();
        text.lines().filter(|line| !line.starts_with("\\ No newline")).map(str::to_owned).collect()
    } else {
        new.lines().map(|line| format!("+{line}")).collect()
    };
    if lines.is_empty() && secret {
        let _ = writeln!(out, "      (a secret value changes)");
    }
    for line in lines.iter().take(MAX_LINES) {
        let _ = writeln!(out, "      {line}");
    }
    if lines.len() > MAX_LINES {
        let _ = writeln!(out, "      … {} more lines", lines.len() - MAX_LINES);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Like any other change, in an instant.
    #[test]
    fn what_was_appended_is_shown_like_any_change() {
        for (old, added) in [
            ("one\n", "two\n"),
            ("one\ntwo\n", "three\nfour"),
            ("one\n\n", "\ntwo\n\n"),
            ("a\na\n", "a\na\n"),
        ] {
            let new = format!("{old}{added}");
            let diff = TextDiff::from_lines(old, &new).unified_diff().context_radius(1).to_string();
            let expected: Vec<&str> =
                diff.lines().filter(|line| !line.starts_with("\\ No newline")).collect();
            assert_eq!(appended(old, &new).expect("appended"), expected, "{old:?} {added:?}");
        }
        for (old, new) in
            [("", "one\n"), ("one", "one\n"), ("one\n", "two\n"), ("a\n", "b\na\n"), ("a\r\n", "a\r\nb\n")]
        {
            assert_eq!(appended(old, new), None);
        }
    }
}
