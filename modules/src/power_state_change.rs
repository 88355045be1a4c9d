//! `power_state`: powers off, halts or reboots at the end of the boot.

use model::distro::PowerState;
use model::effects::Command;
use model::module::{Described, Listed, Marked, Report};
use model::{Context, Frequency, Module, ModuleError, Node, Spanned, Value, Stage};
use schema::forms::OneOfThree;
use schema::notes::changed;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Text};

/// Starts a process that waits until this one exits and then powers off, reboots or halts the machine.
pub struct PowerStateChange;

/// Whether the machine powers off, halts or reboots at the end, when, and on which condition.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// The action and its time.
    pub power_state: Option<Spanned<Settings>>,
}

/// `power_state`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(inline, deny_unknown_fields, extend("required" = ["mode"]))]
pub struct Settings {
    /// poweroff, reboot or halt.
    #[schemars(extend("enum" = ["poweroff", "reboot", "halt"]))]
    pub mode: Option<Text>,
    /// `now`, or minutes, optionally with a leading `+`. Default: now.
    #[schemars(with = "OneOfThree<Minutes, OldMinutes, Now>", extend("default" = "now"))]
    pub delay: Option<Node>,
    /// The message to logged-in users.
    pub message: Option<Text>,
    /// How many seconds to wait for cloud-init to exit. Default: 30.
    #[schemars(with = "i64", extend("default" = 30))]
    pub timeout: Option<Node>,
    /// true, false, or a command that must exit with 0: a string for the shell, or a list. Default: true.
    #[schemars(with = "OneOfThree<Text, Flag, Anything>", extend("default" = true))]
    pub condition: Option<Node>,
}

/// Minutes.
#[derive(JsonSchema)]
#[schemars(inline, with = "i64", extend("minimum" = 0))]
struct Minutes;

/// Minutes as a string.
#[derive(JsonSchema)]
#[schemars(inline, with = "String", extend("pattern" = r"^\+?[0-9]+$"))]
#[schemars(transform = changed("22.3", "Use `now` or an integer."))]
struct OldMinutes;

/// `now`.
#[derive(JsonSchema)]
#[schemars(inline, with = "Node", extend("enum" = ["now"]))]
struct Now;

/// A command and its arguments.
#[derive(JsonSchema)]
#[schemars(inline, with = "Node", extend("type" = "array"))]
struct Anything;

/// `$1` is the process to wait for, `$2` the maximum number of quarter seconds, `$3` the log, the rest the command. A
/// process that has exited but was not reaped has an empty command line. CONDITION is replaced; any exit code but 0 and 1
/// is not an answer, which nobody but the log can be told any more.
const SCRIPT: &str = r#"pid=$1 left=$2 log=$3
shift 3
while [ "$left" -gt 0 ] && kill -0 "$pid" 2>/dev/null; do
  [ ! -e "/proc/$pid/cmdline" ] || [ -n "$(tr -d '\0' <"/proc/$pid/cmdline")" ] || break
  sleep 0.25 || sleep 1
  left=$((left - 1))
done
CONDITION; code=$?
if [ "$code" -gt 1 ]; then
  now=$(date '+%Y-%m-%d %H:%M:%S,000')
  echo "$now - power_state_change.rs[WARNING]: power_state.condition exited with $code: not changing the power state" >>"$log"
fi
[ "$code" = 0 ] || exit 0
exec "$@"
"#;

impl Described for PowerStateChange {
    const NAME: &'static str = "power_state_change";
    const STAGE: Stage = Stage::Final;
    const FREQUENCY: Frequency = Frequency::Instance;
    const KEYS: &'static [&'static str] = &["power_state"];
    const LISTED: Listed = Listed::Everywhere;
    const TITLE: &'static str = "Power";
    const SUMMARY: &'static str = "Powers off, halts or reboots the machine after all modules have run.";
    const DETAILS: &'static str = "It can depend on a condition, such as a command that exits with 0.";
    type Config = Config;
}

impl Module for PowerStateChange {
    const MARKED: Marked = Marked::Before;

    fn run(&self, context: &Context<'_>, config: Config, report: &mut Report) -> Result<(), ModuleError> {
        let Some(Spanned { value: settings, origin }) = config.power_state else {
            report.skip("power_state is not set");
            return Ok(());
        };
        let condition = settings.condition.as_ref().map_or(Ok("true".to_owned()), condition);
        let change = shutdown(context, &settings)
            .and_then(|words| Ok((words, quarters(settings.timeout.as_ref())?, condition?)));
        let (words, quarters, condition) = match change {
            Ok(change) => change,
            Err(why) => {
                report.warn(Some(&origin), format!("{why}: not changing the power state"));
                return Ok(());
            }
        };
        if condition == "false" {
            tracing::debug!(target: "cc_power_state_change.py", "Condition was false. Will not perform state change.");
            report.skip("power_state.condition is false");
            return Ok(());
        }
        let script = SCRIPT.replace("CONDITION", &condition);
        let pid = context.system.environment.pid().to_string();
        let log = context.config.get("def_log_file").and_then(Node::as_str).unwrap_or("/var/log/cloud-init.log");
        let start = [
            "/bin/sh".to_owned(),
            "-c".into(),
            script,
            "cloud-init-power-state".into(),
            pid,
            quarters.to_string(),
            log.to_owned(),
        ];
        context.system.commands.spawn_detached(&Command::line(start.into_iter().chain(words)))?;
        Ok(())
    }
}

fn shutdown(context: &Context<'_>, settings: &Settings) -> Result<Vec<String>, String> {
    let to = match settings.mode.as_ref().map(|mode| mode.0.as_str()).unwrap_or_default() {
        "halt" => PowerState::Halt,
        "poweroff" => PowerState::Poweroff,
        "reboot" => PowerState::Reboot,
        other => return Err(format!("power_state.mode must be halt, poweroff or reboot, not '{other}'")),
    };
    let delay = settings.delay.as_ref().and_then(Node::scalar_text).unwrap_or_else(|| "now".to_owned());
    let minutes = match delay.trim().parse::<i64>() {
        _ if delay == "now" => None,
        Ok(minutes) => Some(minutes),
        Err(_) => return Err(format!("power_state.delay must be 'now' or '+m' (minutes), not '{delay}'")),
    };
    let message = settings.message.as_ref().map(|message| message.0.as_str()).unwrap_or_default();
    Ok(context.distro.services().shutdown_command(to, minutes, message))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast saturates, and nothing is negative")]
fn quarters(timeout: Option<&Node>) -> Result<u64, String> {
    let text = timeout.and_then(Node::scalar_text).unwrap_or_else(|| "30".to_owned());
    match text.trim().parse::<f64>() {
        Ok(seconds) if seconds.is_finite() => Ok((seconds.max(0.0) * 4.0).ceil() as u64),
        _ => Err(format!("power_state.timeout must be a number of seconds, not '{text}'")),
    }
}

/// The condition as a shell command.
fn condition(node: &Node) -> Result<String, String> {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
    match &node.value {
        Value::Bool(value) => Ok(value.to_string()),
        Value::Str(line) => Ok(format!("/bin/sh -c {}", quoted(line))),
        Value::List(words) => {
            let words = words.iter().map(Node::scalar_text).collect::<Option<Vec<_>>>();
            let words = words
                .filter(|words| !words.is_empty())
                .ok_or("power_state.condition: arguments must be strings")?;
            Ok(words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" "))
        }
        other => {
            Err(format!("power_state.condition must be a boolean, a string or a list, found {}", other.kind()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(text: &str) -> Node {
        Node::from_yaml("t", text.as_bytes()).expect("valid").unwrap_or_default()
    }

    /// Expectations: the documentation of `timeout`, and upstream's `load_power_state`, which reads a float.
    #[test]
    fn timeouts_in_quarters_of_seconds() {
        for (text, expected) in [
            ("10", Some(40)),
            ("'10'", Some(40)),
            ("1.1", Some(5)),
            ("0.25", Some(1)),
            ("0", Some(0)),
            ("-3", Some(0)),
            (".inf", None),
            ("soon", None),
        ] {
            assert_eq!(quarters(Some(&node(text))).ok(), expected, "{text}");
        }
        assert_eq!(quarters(None), Ok(120));
    }

    /// Expectations: upstream's `check_condition`.
    #[test]
    fn conditions_for_the_shell() {
        for (text, expected) in [
            ("true", Some("true")),
            ("false", Some("false")),
            ("test -f x", Some("/bin/sh -c 'test -f x'")),
            ("it's", Some(r"/bin/sh -c 'it'\''s'")),
            ("[test, -f, 7]", Some("'test' '-f' '7'")),
            ("[]", None),
            ("[[x]]", None),
            ("{a: b}", None),
            ("7", None),
        ] {
            assert_eq!(condition(&node(text)).ok().as_deref(), expected, "{text}");
        }
    }
}
