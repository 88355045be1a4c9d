//! `explain` on files, as a user meets it.

use super::{cloud_init, err, out};

const PARTS: &str = "Content-Type: multipart/mixed; boundary=\"b\"\nMIME-Version: 1.0\n\n\
    --b\nContent-Type: text/cloud-config\nContent-Disposition: attachment; filename=\"base.yaml\"\n\n\
    #cloud-config\npackages: [nginx]\nusers:\n  - name: bob\n    passwd: hunter2\n\n\
    --b\nContent-Type: text/cloud-config\nMerge-Type: list(append)+dict(recurse_list)\n\n\
    #cloud-config\npackages:\n - curl\n\n--b--\n";

fn explain(arguments: &[&str]) -> std::process::Output {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), PARTS).expect("written");
    let path = file.path().display().to_string();
    let mut all = vec!["explain", "--user-data", &path];
    all.extend(arguments);
    cloud_init(&all)
}

#[test]
fn each_part_with_its_line_and_what_became_of_it() {
    let output = explain(&["packages"]);
    assert_eq!(
        out(&output),
        "packages = [\"nginx\",\"curl\"]\n  from user-data base.yaml:2:11, user-data part-002:3:2\n\
         * user-data base.yaml:2:11: [\"nginx\"]\n* user-data part-002:3:2: [\"curl\"]\n      \
         appended to user-data base.yaml:2:11, by list(append)\n"
    );
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_slip_is_told_with_the_nearest_key() {
    let output = explain(&["packges"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("did you mean 'packages'?"), "{}", err(&output));
    assert_eq!(explain(&["users[0"]).status.code(), Some(1));
}

#[test]
fn passwords_are_not_shown_and_programs_get_json() {
    let output = explain(&["users", "--format", "json"]);
    assert!(!out(&output).contains("hunter2"), "{}", out(&output));
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(document["result"]["value"][0]["passwd"], "REDACTED");
    let last = document["layers"].as_array().and_then(|layers| layers.last()).expect("a layer");
    assert_eq!((&last["source"], &last["line"]), (&"user-data base.yaml".into(), &4.into()));
    assert_eq!(last["wins"], true);
    let all = explain(&[]);
    assert!(!out(&all).contains("hunter2") && out(&all).contains("packages = "), "{}", out(&all));
}

#[test]
fn a_root_that_is_none_is_an_error() {
    let output = cloud_init(&["explain", "locale", "--root", "/no/such/root"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("not a directory"), "{}", err(&output));
}
