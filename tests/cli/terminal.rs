//! What a person sees: colors and width, only on a terminal that has them.

use std::process::{Command, Stdio};

use tests::program;

use crate::{cloud_init, out};

const USER_DATA: &str = "#cloud-config\nhostname: x\nuserz: []\napt_update: true\nwrite_files:\n- path: /etc/motd\n  \
                         content: \"a\\eb\\n\"\n";

/// What a command prints on a terminal with this many columns.
fn shown(columns: usize, environment: &[(&str, &str)], arguments: &str) -> String {
    let mut script = Command::new("script");
    let line = format!("stty cols {columns}; {} {arguments}", program().display());
    script.args(["-qec", &line, "/dev/null"]).stdin(Stdio::null());
    script.env_remove("NO_COLOR").env("TERM", "xterm").envs(environment.iter().copied());
    let output = script.output().expect("script runs");
    String::from_utf8_lossy(&output.stdout).replace("\r\n", "\n")
}

fn user_data() -> (tempfile::TempDir, String) {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("user-data");
    std::fs::write(&file, USER_DATA).expect("written");
    let name = file.display().to_string();
    (directory, name)
}

#[test]
fn colors_are_for_terminals() {
    let (_directory, file) = user_data();
    for (arguments, line) in [
        (format!("schema -c {file}"), "\u{1b}[31mError: Cloud config schema errors:\u{1b}[0m\n"),
        (format!("schema -c {file} --annotate"), "\u{1b}[31muserz: []\t\t# E1\u{1b}[0m\n"),
        (format!("plan --distro debian --user-data {file}"), "\u{1b}[36m[write_files]\u{1b}[0m\n"),
        (format!("explain hostname --user-data {file}"), "\u{1b}[1mhostname = \"x\"\u{1b}[0m\n"),
    ] {
        let colored = shown(200, &[], &arguments);
        assert!(colored.contains(line), "{arguments}: {colored}");
        for environment in [("NO_COLOR", "1"), ("TERM", "dumb"), ("TERM", "")] {
            let plain = shown(200, &[environment], &arguments);
            assert!(!plain.contains('\u{1b}'), "{environment:?} {arguments}: {plain}");
        }
        let empty = shown(200, &[("NO_COLOR", "")], &arguments);
        assert!(empty.contains(line), "an empty NO_COLOR does not count: {empty}");
        let piped = out(&cloud_init(&arguments.split(' ').collect::<Vec<_>>()));
        // The content of write_files has an escape character of its own.
        assert!(!piped.replace("a\u{1b}b", "").contains('\u{1b}'), "{arguments}: {piped}");
    }
}

#[test]
fn a_terminal_is_not_controlled_by_user_data() {
    let (_directory, file) = user_data();
    let arguments = format!("plan --distro debian --user-data {file}");
    let plan = shown(80, &[("NO_COLOR", "1")], &arguments);
    assert!(plan.contains("      +a\\u{1b}b\n"), "{plan}");
    let piped = out(&cloud_init(&arguments.split(' ').collect::<Vec<_>>()));
    assert!(piped.contains("      +a\u{1b}b\n"), "programs get it as it is: {piped}");
}

#[test]
fn help_fits_a_terminal() {
    let commands =
        "init modules single query features schema clean status analyze collect-logs net devel plan explain";
    for command in commands.split(' ').chain([""]) {
        for columns in [80, 120] {
            let help = shown(columns, &[], &format!("{command} --help"));
            assert!(help.contains("Usage: cloud-init"), "{command}: {help}");
            let widest = help.lines().map(|line| line.chars().count()).max();
            assert!(widest <= Some(columns), "{command}: {widest:?} columns in\n{help}");
        }
    }
    let piped = out(&cloud_init(&["explain", "--help"]));
    let wide = "The data source of the machine; any that this build includes. Without its documents, its example is used";
    assert!(piped.lines().any(|line| line.contains(wide)), "{piped}");
}

#[test]
fn explain_shows_what_a_line_has_room_for() {
    let (_directory, file) = user_data();
    let arguments = format!("explain users --distro debian --user-data {file}");
    let widest = |text: &str| text.lines().map(|line| line.chars().count()).max().unwrap_or_default();
    let narrow = shown(60, &[("NO_COLOR", "1")], &format!("{arguments} 2>/dev/null"));
    let wide = shown(400, &[("NO_COLOR", "1")], &format!("{arguments} 2>/dev/null"));
    assert!(widest(&narrow) <= 60 && widest(&wide) >= widest(&narrow), "{narrow}\n{wide}");
    let all = format!("explain datasource_list --distro debian --user-data {file} 2>/dev/null");
    let (narrow, wide) = (shown(60, &[], &all), shown(400, &[], &all));
    assert!(narrow.contains('…') && !wide.contains('…'), "{narrow}\n{wide}");
}
