//! The packaged original's `devel net-convert`, over all cases in one process: starting it for each would take an hour.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{OUTPUTS, Output};

/// The driver: reads cases, calls the command's own function for each output, reports what it wrote.
const DRIVER: &str = r#"
import argparse, contextlib, io, json, logging, os, shutil, sys
logging.disable(logging.CRITICAL)
from cloudinit.log import loggers
loggers.setup_basic_logging = lambda **ignored: None
from cloudinit.cmd.devel import net_convert
from cloudinit.net import freebsd, netbsd, network_state, openbsd
BSD = {"freebsd": freebsd, "netbsd": netbsd, "openbsd": openbsd}
def bsd(module, description, target):
    os.makedirs(target + "etc")
    for name in ("rc.conf", "resolv.conf"):
        with open(target + "etc/" + name, "w"):
            pass
    renderer = module.Renderer()
    renderer._postcmds = False
    state = network_state.parse_net_config_data(json.loads(description), renderer=renderer)
    renderer.render_network_state(state, target=target)
    for name in ("rc.conf", "resolv.conf"):
        if not os.path.getsize(target + "etc/" + name):
            os.remove(target + "etc/" + name)
with open("/cases/cases.jsonl") as cases, open("/cases/answers.jsonl", "w") as answers:
    for line in cases:
        case = json.loads(line)
        with open("/tmp/description", "w") as description:
            description.write(case["text"])
        for name, renderer, distro in case["outputs"]:
            target = "/tmp/out/"
            shutil.rmtree(target, ignore_errors=True)
            answer = {"case": case["case"], "output": name, "files": {}}
            try:
                if renderer in BSD:
                    bsd(BSD[renderer], case["text"], target)
                else:
                  with open("/tmp/description") as description, contextlib.redirect_stderr(io.StringIO()):
                      net_convert.handle_args("net-convert", argparse.Namespace(
                        network_data=description, kind="yaml", directory=target, distro=distro,
                        mac=None, debug=False, output_kind=renderer))
                for directory, _, names in os.walk(target):
                    for found in names:
                        path = os.path.join(directory, found)
                        with open(path) as content:
                            mode = os.stat(path).st_mode & 0o7777
                            answer["files"][path[len(target) - 1:]] = [mode, content.read()]
            except Exception as error:
                answer["error"] = "%s: %s" % (type(error).__name__, error)
            answers.write(json.dumps(answer) + "\n")
"#;

/// What the original did with a case.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Answer {
    /// Its number.
    pub case: u64,
    /// The row.
    pub output: String,
    /// Modes and contents by path.
    pub files: BTreeMap<String, (u32, String)>,
    /// The exception, where it raised one.
    pub error: Option<String>,
}

/// What can go wrong beside disagreement.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The root or a file of the exchange cannot be used, or an option is not one that is known.
    #[error(transparent)]
    Harness(#[from] oracle::Error),
    /// The driver's answer is no answer.
    #[error("the original's answer is not whole: {0}")]
    Answer(serde_json::Error),
    /// The original's process failed.
    #[error("the original could not be run: {0}; it needs root")]
    Process(String),
}

/// Runs the original over descriptions, and gives an answer for each description and output, in their order.
pub fn run(
    root: &Path,
    scratch: &Path,
    cases: &[(u64, Value)],
    outputs: &[Output],
) -> Result<Vec<Answer>, Error> {
    let outputs: Vec<[&str; 3]> =
        outputs.iter().map(|output| [output.name, output.renderer, output.distro]).collect();
    let lines: Vec<String> = cases
        .iter()
        .map(|(case, config)| {
            json!({"case": case, "text": config.to_string(), "outputs": outputs}).to_string()
        })
        .collect();
    let text = oracle::python::answers(root, scratch, DRIVER, &lines)?;
    text.lines().map(|line| serde_json::from_str(line).map_err(Error::Answer)).collect()
}

/// The output of a name.
///
/// # Errors
///
/// There is none; the others are named.
pub fn output(name: &str) -> Result<Output, String> {
    let found = OUTPUTS.iter().copied().find(|output| output.name == name);
    found.ok_or_else(|| {
        let known: Vec<&str> = OUTPUTS.iter().map(|output| output.name).collect();
        format!("there are {}", known.join(", "))
    })
}
