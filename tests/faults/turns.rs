//! The real program, several times at once: what runs once, what waits, and what goes on.
#![allow(clippy::disallowed_methods, reason = "a test of processes starts them and reads what they wrote")]

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use tests::program;

/// How long a step may take at most: a disk that is busy holds up a program that syncs its files.
const PATIENCE: Duration = Duration::from_secs(180);

/// A machine below a directory; `{root}` in its configuration is that directory.
struct Place(TempDir);

impl Place {
    fn new(config: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let root = directory.path().display().to_string();
        let config = format!(
            "{config}\ncloud_final_modules: []\ndatasource_list: [None]\n\
             def_log_file: {root}/log\nlog_cfgs: []\noutput: {{all: '>> {root}/output'}}\n\
             system_info: {{paths: {{cloud_dir: {root}/lib, run_dir: {root}/run}}}}\n"
        );
        std::fs::write(directory.path().join("cloud.cfg"), config.replace("{root}", &root)).expect("written");
        // The instance that an earlier stage found.
        for directory in ["lib/instance", "run"].map(|name| directory.path().join(name)) {
            std::fs::create_dir_all(directory).expect("made");
        }
        let instance = r#"{"source": "None", "class": "DataSourceNone", "instance_id": "i-turns"}"#;
        std::fs::write(directory.path().join("lib/instance/datasource.json"), instance).expect("written");
        std::fs::write(directory.path().join("run/.instance-id"), "i-turns\n").expect("written");
        Self(directory)
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.args(arguments).env("CLOUD_CFG", self.path("cloud.cfg"));
        command
    }

    fn start(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("the program was just built")
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    fn wait_for(&self, name: &str) {
        let begun = Instant::now();
        while self.text(name).trim().is_empty() {
            assert!(begun.elapsed() < PATIENCE, "no {name}: {}", self.text("log"));
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn ended(child: Child) -> Output {
    child.wait_with_output().expect("it was started")
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

const CONFIG: &str = "cloud_config_modules: [bootcmd]\nbootcmd:\n- 'echo begun >> {root}/begun; sleep 12; echo ended >> {root}/ended'";

#[test]
fn a_stage_that_another_process_finishes_is_not_run_again() {
    let place = Place::new(CONFIG);
    let stage = ["modules", "--mode", "config"];
    let first = place.start(&stage);
    place.wait_for("begun");
    let others = [place.start(&stage), place.start(&stage)];
    assert_eq!(ended(first).status.code(), Some(0), "{}", place.text("log"));
    for other in others {
        let output = ended(other);
        assert_eq!(output.status.code(), Some(0), "{}", place.text("log"));
        assert!(errors(&output).contains("nothing left to do"), "{}", errors(&output));
    }
    assert_eq!((place.text("begun"), place.text("ended")), ("begun\n".into(), "ended\n".into()));
    // Afterwards it runs again when asked to, like upstream.
    assert!(ended(place.start(&stage)).status.success());
    assert_eq!(place.text("ended"), "ended\nended\n");
}

#[test]
fn other_runs_wait_for_the_stage_and_say_so() {
    let place = Place::new(CONFIG);
    let first = place.start(&["modules", "--mode", "config"]);
    place.wait_for("begun");
    let single = place.start(&["single", "--name", "bootcmd", "--frequency", "always"]);
    let output = ended(single);
    assert!(place.text("ended").starts_with("ended\n"), "it did not wait");
    let told = errors(&output);
    // The stage's process is a child of the one that was started.
    let process =
        told.split_once("single is waiting for process ").and_then(|(_, rest)| rest.split_once(' '));
    let (process, rest) = process.unwrap_or_else(|| panic!("{told}"));
    assert!(process.parse().is_ok_and(|process: u32| process > first.id()), "{told}");
    assert!(rest.starts_with("(modules-config, module bootcmd) for "), "{told}");
    assert!(ended(first).status.success());
    assert_eq!(place.text("ended"), "ended\nended\n");
}

#[test]
fn a_killed_holder_releases_its_lock() {
    let place = Place::new(&CONFIG.replace("sleep 12", "sleep 3"));
    let mut first = place.start(&["modules", "--mode", "config"]);
    place.wait_for("begun");
    let second = place.start(&["modules", "--mode", "config"]);
    std::thread::sleep(Duration::from_millis(300));
    first.kill().expect("it runs");
    assert!(ended(second).status.success(), "{}", place.text("log"));
    assert_eq!(place.text("begun"), "begun\nbegun\n", "what was not finished is run by the other");
    drop(ended(first));
}

#[test]
fn a_stages_own_commands_do_not_wait_for_it() {
    let place = Place::new(
        "cloud_config_modules: [bootcmd]\nbootcmd:\n\
         - 'CLOUD_CFG={root}/cloud.cfg {program} single --name timezone --frequency always; echo $? > {root}/single'\n\
         - 'CLOUD_CFG={root}/cloud.cfg {program} clean; echo $? > {root}/clean'",
    );
    let config = place.text("cloud.cfg").replace("{program}", &program().display().to_string());
    std::fs::write(place.path("cloud.cfg"), config).expect("written");
    let begun = Instant::now();
    let output = ended(place.start(&["modules", "--mode", "config"]));
    assert!(output.status.success(), "{}", place.text("log"));
    assert!(!place.text("single").is_empty(), "{}", place.text("output"));
    assert_eq!(place.text("clean"), "0\n", "{}", place.text("output"));
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
}

#[test]
fn without_a_place_for_the_lock_it_runs_with_a_warning() {
    let place = Place::new("cloud_config_modules: [bootcmd]\nbootcmd: ['echo > {root}/ran']");
    // A directory where the file would be: as root, a mode keeps nobody out.
    std::fs::create_dir_all(place.path("run/stage.lock")).expect("made");
    let output = ended(place.start(&["modules", "--mode", "config"]));
    assert!(output.status.success() && Path::new(&place.path("ran")).exists(), "{}", place.text("log"));
    assert!(place.text("log").contains("[WARNING]: cannot lock "), "{}", place.text("log"));
}

#[test]
fn a_stage_ends_at_its_limit() {
    let place = Place::new(&format!(
        "{}\ntimeouts: {{stages: {{modules-config: 1}}}}",
        CONFIG.replace("sleep 12", "sleep 300")
    ));
    let output = ended(place.start(&["modules", "--mode", "config"]));
    assert_eq!(output.status.code(), Some(1), "{}", place.text("log"));
    assert!(place.text("log").contains("longer than 1 s, see timeouts.stages in cloud.cfg: module bootcmd"));
    let status: serde_json::Value = serde_json::from_str(&place.text("lib/data/status.json")).expect("JSON");
    let stage = &status["v1"]["modules-config"];
    assert!(
        stage["finished"].is_f64()
            && stage["errors"][0].as_str().is_some_and(|error| error.contains("longer than"))
    );
}

#[test]
fn a_script_ends_at_its_limit_and_the_stage_goes_on() {
    let config = CONFIG.replace("sleep 12", "sleep 300").replace("[bootcmd]", "[bootcmd, timezone]");
    let place =
        Place::new(&format!("{config}\ntimeouts: {{commands: {{script: 1, another: 2, disk: fast}}}}"));
    let output = ended(place.start(&["modules", "--mode", "config"]));
    assert_eq!(output.status.code(), Some(1), "{}", place.text("log"));
    let log = place.text("log");
    for part in [
        "timed out after 1 s",
        "finish: modules-config: FAIL",
        "unknown key 'another'",
        "timeouts.commands.disk: expected a number",
    ] {
        assert!(log.contains(part), "{part}: {log}");
    }
}

#[test]
fn waiting_for_the_status_shows_the_module_and_has_an_end() {
    let place = Place::new(&CONFIG.replace("sleep 12", "sleep 300"));
    let mut stage = place.start(&["modules", "--mode", "config"]);
    place.wait_for("begun");
    let begun = Instant::now();
    let output = place.command(&["status", "--wait", "--timeout", "10"]).output().expect("it runs");
    let told = errors(&output);
    assert_eq!(output.status.code(), Some(124), "{told}");
    assert!(begun.elapsed() < Duration::from_secs(60));
    assert!(told.contains("running stage modules-config, module bootcmd ("), "{told}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("status: "), "{output:?}");
    // A terminal has one line for it, which is replaced and finally removed.
    let mut script = Command::new("script");
    let line = format!("stty cols 40; {} status --wait --timeout 3", program().display());
    script.args(["-qec", &line, "/dev/null"]).stdin(Stdio::null());
    script.env("CLOUD_CFG", place.path("cloud.cfg")).env("TERM", "xterm").env("NO_COLOR", "1");
    let shown = String::from_utf8_lossy(&script.output().expect("it runs").stdout).into_owned();
    let replaced = "\r\u{1b}[Krunning stage modules-config, module bo";
    assert!(shown.starts_with(replaced) && shown.matches(replaced).count() > 1, "{shown:?}");
    assert!(shown.contains("\r\u{1b}[Kstatus: ") && shown.lines().count() <= 3, "{shown:?}");
    script.env("TERM", "dumb");
    let shown = String::from_utf8_lossy(&script.output().expect("it runs").stdout).into_owned();
    assert_eq!(shown.matches("running stage modules-config, module bootcmd (").count(), 1, "{shown:?}");
    assert!(!shown.contains('\u{1b}'), "{shown:?}");
    stage.kill().expect("it runs");
    stage.wait().expect("it ended");
    let wrong = place.command(&["status", "--timeout", "2"]).output().expect("it runs");
    assert_eq!(wrong.status.code(), Some(2), "{}", errors(&wrong));
}

#[test]
fn a_stages_commands_end_with_it_and_get_none_of_its_descriptors() {
    let place = Place::new(
        "cloud_config_modules: [bootcmd]\nbootcmd:\n\
         - 'ls /proc/self/fd > {root}/descriptors; (setsid sleep 300 & echo $! > {root}/daemon); echo $$ > {root}/pid; sleep 300; :'",
    );
    let mut shell = Command::new("sh");
    shell.args(["-c", "exec 7</dev/null; exec \"$@\"", "sh"]).arg(program());
    shell.args(["modules", "--mode", "config"]).env("CLOUD_CFG", place.path("cloud.cfg"));
    let mut stage = shell.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("sh is everywhere");
    place.wait_for("pid");
    // 3 is what ls itself opens.
    assert_eq!(place.text("descriptors").split_whitespace().collect::<Vec<_>>(), ["0", "1", "2", "3"]);
    stage.kill().expect("it runs");
    stage.wait().expect("it ended");
    let runs = |name: &str| {
        let stat = std::fs::read_to_string(Path::new("/proc").join(place.text(name).trim()).join("stat"));
        stat.is_ok_and(|stat| !stat.rsplit(") ").next().unwrap_or_default().starts_with('Z'))
    };
    let begun = Instant::now();
    while runs("pid") {
        assert!(begun.elapsed() < PATIENCE, "the command goes on");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(runs("daemon"), "what runs in the background goes on");
    Command::new("kill").arg(place.text("daemon").trim()).status().expect("kill runs");
}

/// As upstream's subp(): the process's environment, and what the module adds.
#[test]
fn a_stages_commands_get_its_environment() {
    let place = Place::new(
        "cloud_config_modules: [bootcmd]\nbootcmd:\n- 'env > {root}/environment; cat > {root}/input; echo > {root}/ended'",
    );
    let mut command = place.command(&["modules", "--mode", "config"]);
    command
        .env_clear()
        .env("CLOUD_CFG", place.path("cloud.cfg"))
        .env("PATH", "/usr/bin:/bin")
        .env("LANG", "de_DE.UTF-8");
    assert!(
        command.stdin(Stdio::null()).output().expect("it runs").status.success(),
        "{}",
        place.text("log")
    );
    assert_eq!((place.text("ended").as_str(), place.text("input").as_str()), ("\n", ""));
    let environment = place.text("environment");
    // What the shell sets itself.
    let own = ["PWD=", "OLDPWD=", "SHLVL=", "_="];
    let mut lines: Vec<&str> =
        environment.lines().filter(|line| !own.iter().any(|name| line.starts_with(name))).collect();
    lines.sort_unstable();
    let config = format!("CLOUD_CFG={}", place.path("cloud.cfg"));
    assert_eq!(lines, [config.as_str(), "INSTANCE_ID=i-turns", "LANG=de_DE.UTF-8", "PATH=/usr/bin:/bin"]);
}
