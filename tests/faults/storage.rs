//! A disk that is full or read-only: the boot goes on, says so once, and does not forget it.

use serde_json::Value;

use crate::namespace::Namespace;

const MODULES: &str = "cloud_init_modules: [write_files]\ncloud_config_modules: [runcmd]\n\
                       cloud_final_modules: [write_files_deferred, scripts_user]\n";
const USER_DATA: &str = "#cloud-config\nwrite_files:\n\
                         - {path: ROOT/run/early, content: x}\n- {path: ROOT/run/late, content: x, defer: true}\n\
                         runcmd: ['touch ROOT/run/ran']\n";

const BOOT: &str = "stage init --local; stage init; stage modules --mode config; stage modules --mode final\n\
                    \"$CI\" status --long > run/status; stage status\n\
                    cp run/status.json run/seen-status.json; cp run/result.json run/seen-result.json\n";

fn started(user_data: &str) -> Namespace {
    let space = Namespace::new(MODULES, "");
    space.put("lib/seed/nocloud/user-data", user_data);
    space
}

/// The warnings of all stages that hold a text.
fn warnings(status: &Value, text: &str) -> Vec<(String, String)> {
    let stages = status["v1"].as_object().expect("stages");
    let found = stages.iter().flat_map(|(stage, entry)| {
        let warnings = entry["recoverable_errors"]["WARNING"].as_array().cloned().unwrap_or_default();
        warnings.into_iter().filter_map(|warning| Some((stage.clone(), warning.as_str()?.to_owned())))
    });
    found.filter(|(_, warning)| warning.contains(text)).collect()
}

fn finished(space: &Namespace) -> Value {
    let status = space.json("run/seen-status.json");
    for stage in ["init-local", "init", "modules-config", "modules-final"] {
        assert!(status["v1"][stage]["finished"].is_number(), "{stage}: {status:#}");
    }
    assert!(space.json("run/seen-result.json")["v1"].is_object(), "result.json is written");
    status
}

/// errno(3), ENOSPC. /var/lib/cloud is full before the first stage writes anything.
#[test]
#[ignore = "needs root, namespaces"]
fn a_full_disk_ends_no_stage() {
    let space = started(USER_DATA);
    let full = "cp -r lib seeded; mount -t tmpfs -o size=64k tmpfs lib; cp -r seeded/seed lib/\n\
                dd if=/dev/zero of=lib/fill bs=4k 2>run/dd; mount -t tmpfs tmpfs /mnt\n";
    space.run(&format!("{full}{BOOT}cp -r run/. /mnt/; ls -A lib > run/listed"));
    let status = finished(&space);
    assert_eq!(space.text("run/early"), "x", "each module does what it can: {status:#}");
    assert_eq!(space.text("run/late"), "x");
    for stage in ["init-local", "init", "modules-config", "modules-final"] {
        let told: Vec<_> =
            warnings(&status, "is kept in").into_iter().filter(|(of, _)| of == stage).collect();
        assert_eq!(told.len(), 1, "one warning per cause: {status:#}");
        assert!(
            told[0].1.contains("/lib") && told[0].1.contains("No space left"),
            "where and why: {}",
            told[0].1
        );
    }
    let said = space.text("run/status");
    assert!(said.contains("extended_status: error - done"), "{said}");
    assert!(said.contains("No space left"), "{said}");
    // A person's own commands would run again at every boot.
    assert!(!space.has("run/ran"), "not recorded, so not run");
    assert!(said.contains("would run at every boot"), "{said}");
    assert!(space.text("run/codes").ends_with("status 1\n"), "{}", space.text("run/codes"));
}

/// Once there is room, as after growpart, what was kept is saved, and commands run.
#[test]
#[ignore = "needs root, namespaces"]
fn state_is_saved_once_there_is_room() {
    let space = started(USER_DATA);
    let full = "cp -r lib seeded; mount -t tmpfs -o size=64k tmpfs lib; cp -r seeded/seed lib/\n\
                dd if=/dev/zero of=lib/fill bs=4k 2>run/dd\n";
    space.run(&format!(
        "{full}stage init --local; stage init; rm lib/fill; mount -o remount,size=4m lib\n\
         stage modules --mode config; stage modules --mode final; stage status\n\
         cp run/status.json run/seen-status.json; cp run/result.json run/seen-result.json\n\
         cp -r lib run/saved; readlink run/status.json > run/link"
    ));
    let status = finished(&space);
    assert!(space.has("run/ran"), "{status:#}");
    assert!(warnings(&status, "No space left").iter().all(|(stage, _)| stage.starts_with("init")));
    for saved in [
        "instances/i-one/datasource.json",
        "instances/i-one/user-data.txt",
        "data/instance-id",
        "data/status.json",
    ] {
        assert!(space.has(&format!("run/saved/{saved}")), "{saved}");
    }
    assert!(!space.has("run/state"), "nothing is kept any longer");
    assert!(space.text("run/link").trim().ends_with("lib/data/status.json"), "{}", space.text("run/link"));
    assert!(space.text("run/codes").ends_with("status 2\n"), "{}", space.text("run/codes"));
}

/// errno(3), EROFS: an image whose root is mounted read-only.
#[test]
#[ignore = "needs root, namespaces"]
fn a_read_only_root_ends_no_stage() {
    let space =
        started(&USER_DATA.replace(
            "- {path: ROOT/run/late",
            "- {path: ROOT/etc/hosts, content: x}\n- {path: ROOT/run/late",
        ));
    space.run(&format!("mkdir etc; mount --bind run run; mount -o remount,bind,ro /\n{BOOT}"));
    let status = finished(&space);
    assert_eq!(space.text("run/early"), "x", "{status:#}");
    assert_eq!(space.text("run/late"), "x");
    let told = warnings(&status, "is kept in");
    assert_eq!(told.len(), 4, "one in each stage: {status:#}");
    assert!(told.iter().all(|(_, text)| text.contains("Read-only file system")), "{status:#}");
    let errors = status["v1"]["init"]["errors"].to_string();
    assert!(errors.contains("/etc/hosts") && errors.contains("Read-only"), "{errors}");
    assert!(!space.has("lib/data"), "nothing was written");
}
