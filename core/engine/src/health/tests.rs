use super::*;

fn health(status: &str, more: &[(&str, &str)]) -> Health {
    let root = system::Scratch::new().directory("/run/systemd/system").file("/run/cloud-init/enabled", "");
    let root = root.file("/run/cloud-init/status.json", status);
    let root = more.iter().fold(root, |root, (path, content)| root.file(path, content));
    let (system, _) = root.system();
    Health::read(&system, &Paths::default())
}

#[test]
fn a_finished_boot_with_a_warning_is_degraded() {
    let status = r#"{"v1": {"datasource": "DataSourceNoCloud [seed=/dev/sr0]", "stage": null,
        "init": {"errors": [], "recoverable_errors": {"WARNING": ["w"]}, "start": 4.5, "finished": 5.25}}}"#;
    let health = health(status, &[("/run/cloud-init/result.json", "{}")]);
    assert_eq!(health.exit_code(), 2);
    // The layout of upstream's `status --long`.
    assert_eq!(
        health.table(true),
        "status: done\nextended_status: degraded done\nboot_status_code: enabled-by-generator\n\
         last_update: Thu, 01 Jan 1970 00:00:05 +0000\ndetail: DataSourceNoCloud [seed=/dev/sr0]\nerrors: []\n\
         recoverable_errors:\nWARNING:\n\t- w\n"
    );
    assert_eq!(health.datasource.as_deref(), Some("nocloud"));
}

/// OpenRC's state directory and runlevels (rc-status(8)). The scripts in packaging check file and kernel command line.
#[test]
fn the_scripts_of_other_init_systems_are_known() {
    let health = |more: &[(&str, &str)]| {
        let status =
            r#"{"v1": {"datasource": null, "stage": "init", "init-local": {"start": 1.0, "finished": 2.0}}}"#;
        let root = system::Scratch::new().file("/run/openrc/softlevel", "boot");
        let root = root.file("/run/cloud-init/status.json", status);
        let root = SERVICES.iter().fold(root, |root, (service, _)| {
            root.link(&format!("/etc/runlevels/default/{service}"), &format!("/etc/init.d/{service}"))
        });
        let root = more.iter().fold(root, |root, (path, content)| root.file(path, content));
        Health::read(&root.system().0, &Paths::default())
    };
    let code = |more: &[(&str, &str)]| health(more).boot.code;
    assert_eq!(health(&[]).running, Running::Running);
    assert_eq!(code(&[]), "enabled-by-sysvinit");
    assert_eq!(code(&[("/proc/cmdline", "quiet cloud-init=disabled\n")]), "disabled-by-kernel-command-line");
    assert_eq!(code(&[(DISABLED_FILE, "")]), "disabled-by-marker-file");
    assert_eq!(health(&[(DISABLED_FILE, "")]).running, Running::Disabled);
    // A stage that ran with errors, and one that never started.
    assert_eq!(health(&[("/run/openrc/failed/cloud-init-local", "")]).running, Running::Running);
    let failed = health(&[("/run/openrc/failed/cloud-init", "")]);
    assert_eq!((failed.running, failed.exit_code()), (Running::Done, 1));
    let (system, _) = system::Scratch::new()
        .file("/run/openrc/softlevel", "boot")
        .file("/run/cloud-init/status.json", r#"{"v1": {"stage": "init"}}"#)
        .system();
    assert_eq!(Health::read(&system, &Paths::default()).running, Running::Done, "in no runlevel");
}

/// `systemctl show` of each unit.
struct Units(std::sync::Arc<dyn model::effects::Commands>, Vec<(&'static str, &'static str)>);

impl model::effects::Commands for Units {
    fn run(&self, command: &Command) -> Result<model::effects::Output, model::effects::CommandError> {
        let mut output = self.0.run(command)?;
        let unit = command.args.last().map(String::as_str).unwrap_or_default();
        let shown = self.1.iter().find(|(name, _)| *name == unit).map(|(_, states)| *states);
        // UnitFileState ActiveState SubState
        let mut states = shown.unwrap_or("enabled active exited").split(' ');
        let mut next = || states.next().unwrap_or_default();
        let (file, active, sub) = (next(), next(), next());
        output.stdout =
            format!("MainPID=0\nActiveState={active}\nSubState={sub}\nUnitFileState={file}\n").into_bytes();
        Ok(output)
    }

    fn which(&self, program: &str) -> Option<std::path::PathBuf> {
        self.0.which(program)
    }

    fn spawn_detached(&self, command: &Command) -> Result<(), model::effects::CommandError> {
        self.0.spawn_detached(command)
    }
}

/// The original's `systemd_failed` (cloudinit/cmd/status.py) and its test `test_get_systemd_status`.
#[test]
fn a_failed_unit_ends_a_boot_that_seems_to_run() {
    let judged = |units: &[(&'static str, &'static str)], root: system::Scratch| {
        let root = root.file("/run/cloud-init/enabled", "").file("/run/cloud-init/status.json", "{}");
        let (mut system, _) = root.directory("/run/systemd/system").system();
        system.commands = std::sync::Arc::new(Units(system.commands.clone(), units.to_vec()));
        let health = Health::read(&system, &Paths::default());
        (health.running, health.exit_code(), health.errors.len())
    };
    let failed = (Running::Done, 1, 1);
    let goes_on = (Running::Running, 0, 0);
    for (units, expected) in [
        (&[][..], goes_on),
        (&[("cloud-final.service", "enabled failed failed")], failed),
        (&[("cloud-final.service", "enabled activating start")], goes_on),
        (&[("cloud-config.service", "enabled active failed")], failed),
        (&[("cloud-config.service", "enabled failed dead")], failed),
        (
            &[
                ("cloud-config.service", "enabled inactive dead"),
                ("cloud-init-local.service", "enabled failed failed"),
            ],
            goes_on,
        ),
        (&[("cloud-init-network.service", "disabled inactive dead")], failed),
        (&[("cloud-init-local.service", "static active exited")], goes_on),
        (&[("cloud-init-local.service", "enabled-runtime active exited")], goes_on),
        (&[("cloud-init-local.service", "masked active exited")], failed),
    ] {
        let root = system::Scratch::new().program("/usr/bin/systemctl");
        assert_eq!(judged(units, root), expected, "{units:?}");
    }
    // Where systemd cannot be asked nothing is concluded.
    assert_eq!(judged(&[("cloud-final.service", "enabled failed failed")], system::Scratch::new()), goes_on);
}

#[test]
fn a_marker_file_disables() {
    let health = health("{}", &[(DISABLED_FILE, "")]);
    assert_eq!(health.boot.code, "disabled-by-marker-file");
    assert_eq!((health.running, health.exit_code()), (Running::Disabled, 0));
}

/// Upstream's `get_status_details` (cloudinit/cmd/status.py).
#[test]
fn the_states_of_a_boot() {
    let ended = ("/run/cloud-init/result.json", "{}");
    let stage = |finished: &str, errors: &str| {
        format!(
            r#"{{"v1": {{"datasource": null, "stage": null, "init": {{"errors": {errors}, "recoverable_errors": {{}}, "start": 1.5, "finished": {finished}}}}}}}"#
        )
    };
    let whole = |status: &str, more: &[(&str, &str)]| {
        let health = health(status, more);
        let long = health.table(true);
        let words: Vec<&str> =
            long.lines().take(2).filter_map(|line| line.split_once(": ").map(|(_, word)| word)).collect();
        format!("{} {}", words.join(", "), health.exit_code())
    };
    assert_eq!(whole(&stage("2.5", "[]"), &[ended]), "done, done 0");
    assert_eq!(whole(&stage("2.5", r#"["e"]"#), &[ended]), "error, error - done 1");
    assert_eq!(
        whole(r#"{"v1": {"stage": null, "datasource": null}}"#, &[ended]),
        "not started, not started 0"
    );
    let none = health(r#"{"v1": {"stage": null, "datasource": null}}"#, &[ended]);
    assert!(!none.table(true).contains("1970"), "{}", none.table(true));
}

/// The original's `get_bootstatus` (cloudinit/cmd/status.py) and its tests: in this order.
#[test]
fn what_enables_and_disables_under_systemd() {
    let generated = ("/run/cloud-init/enabled", "");
    let off = ("/run/cloud-init/disabled", "");
    let marker = (DISABLED_FILE, "");
    let says = |words: &'static str| ("/proc/cmdline", words);
    for (files, manager, code) in [
        (&[][..], "", "unknown"),
        (&[generated], "", "enabled-by-generator"),
        (&[generated, off], "", "disabled-by-generator"),
        (&[off], "KERNEL_CMDLINE=quiet", "disabled-by-generator"),
        (&[generated], "LANG=C\nKERNEL_CMDLINE=cloud-init=disabled", "disabled-by-environment-variable"),
        (&[generated, says("ro cloud-init=disabled quiet")], "", "disabled-by-kernel-command-line"),
        (&[generated, says("ro cloud-init=disabled2 quiet")], "", "enabled-by-generator"),
        (&[generated, marker, says("cloud-init=disabled")], "", "disabled-by-marker-file"),
        (&[off, marker, says("ro cloud-init=enabled\n")], "", "enabled-by-kernel-command-line"),
    ] {
        let root = system::Scratch::new().directory("/run/systemd/system").program("/usr/bin/systemctl");
        let root = files.iter().fold(root, |root, (path, content)| root.file(path, content));
        let (mut system, _) = root.system();
        let answers = system::Answering::over(&system).prints("systemctl show-environment", manager);
        system.commands = std::sync::Arc::new(answers);
        let status = boot_status(&system, &Paths::default());
        assert_eq!(status.code, code, "{files:?} {manager}");
        let health = Health::read(&system, &Paths::default());
        let is_disabled = code.starts_with("disabled");
        assert_eq!(health.running == Running::Disabled, is_disabled, "{code}");
        assert_eq!((health.is_settled(), health.detail), (is_disabled, status.reason), "{code}");
    }
}

/// The original's `get_status_details` and `handle_status_args`: each stage's errors, and those that are none by level.
#[test]
fn errors_are_those_of_all_stages() {
    let status = r#"{"v1": {"datasource": null, "stage": "modules-config",
        "init-local": {"errors": ["b"], "recoverable_errors": {"WARNING": ["w1"]}, "start": 1.5, "finished": 2.0},
        "init": {"errors": ["a1", "a2"], "recoverable_errors": {"ERROR": ["e\nf"], "WARNING": ["w2"]}, "start": 3.0, "finished": 4.0},
        "modules-config": {"errors": [], "recoverable_errors": {}, "start": 60.0, "finished": null}}}"#;
    let found = health(status, &[]);
    assert_eq!(found.running, Running::Running);
    assert_eq!((found.errors.join(" "), found.datasource.as_deref()), ("a1 a2 b".to_owned(), None));
    assert_eq!(found.detail, "Running in stage: modules-config");
    assert_eq!(
        found.table(true),
        "status: error\nextended_status: error - running\nboot_status_code: enabled-by-generator\n\
         last_update: Thu, 01 Jan 1970 00:01:00 +0000\ndetail: Running in stage: modules-config\n\
         errors:\n\t- a1\n\t- a2\n\t- b\nrecoverable_errors:\nERROR:\n\t- e f\nWARNING:\n\t- w2\n\t- w1\n"
    );
    assert_eq!(found.table(false), "status: error\n");
    let document = found.document();
    assert_eq!(document["recoverable_errors"], json!({"ERROR": ["e\nf"], "WARNING": ["w2", "w1"]}));
    assert_eq!((&document["stage"], &document["init"]["start"]), (&json!("modules-config"), &json!(3.0)));
    assert_eq!(
        (&document["status"], &document["extended_status"]),
        (&json!("error"), &json!("error - running"))
    );
    assert_eq!(
        (&document["datasource"], &document["boot_status_code"]),
        (&Value::Null, &json!("enabled-by-generator"))
    );
}

/// The original's `status` of a boot that has not begun: a warning does not make it degraded.
#[test]
fn a_boot_that_has_not_begun() {
    let found = Health::read(&system::scratch().0, &Paths::default());
    assert_eq!(
        (found.running, found.condition, found.is_settled()),
        (Running::NotStarted, Condition::Healthy, false)
    );
    assert_eq!((found.datasource.as_deref(), found.last_update.as_str()), (Some(""), ""));
    for (running, condition, words) in [
        (Running::NotStarted, Condition::Degraded, ("not started", "not started")),
        (Running::Running, Condition::Degraded, ("running", "degraded running")),
        (Running::Disabled, Condition::Degraded, ("disabled", "disabled")),
        (Running::Disabled, Condition::Error, ("error", "error - disabled")),
    ] {
        let health = Health { running, condition, ..found.clone() };
        assert_eq!(health.words(), (words.0.to_owned(), words.1.to_owned()));
        assert_eq!(health.is_settled(), running == Running::Disabled);
    }
}
