//! Every example on every distribution that lists its module can be planned without an error. A run takes a sample and
//! prints its seed; with CLOUD_INIT_LONG_CI all are planned.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use tests::{program, run};

use super::{EXPECTED, examples};

/// How many plans a sample has.
const SAMPLE: usize = 50;
/// A sample's seed, to repeat it.
const SEED: &str = "CLOUD_INIT_PLANS_SEED";

/// What a plan may warn of or fail with: the example, the distributions (`*` for all), a part of the message.
const EXCEPTIONS: &[(&str, &[&str], &str)] = &[
    // The example names packages of Debian and snap, too.
    ("package_update_upgrade_install", &["*"], "Cannot install packages under 'apt'"),
    ("package_update_upgrade_install", &["*"], "Cannot install packages under 'snap'"),
    ("package_update_upgrade_install", &["openbsd"], "has no package manager that upgrades all packages"),
    // The root's group is wheel there.
    ("write_files", &["dragonflybsd", "freebsd", "netbsd", "openbsd"], "Unknown group or GID 'root'"),
    // Its ntpd is the only client.
    ("ntp", &["openbsd"], "this client is not known on openbsd"),
    // OpenBSD's usermod cannot expire a password.
    ("set_passwords", &["openbsd"], "expiring the password"),
    // The example's file is that of systemd; there, locales are settings of login.conf.
    ("locale", &["dragonflybsd", "freebsd"], "cannot read /etc/locale.conf"),
    // Alpine's variants have names of their own, which only its package kbd-bkeymaps knows.
    ("keyboard", &["alpine"], "unknown variant 'nodeadkeys'"),
    // Of a package that the example does not install.
    ("spacewalk", &["*"], "'rhn-profile-sync' not found"),
    // The plan's root has no installer.
    ("ubuntu_autoinstall", &["ubuntu"], "Expected one of the Ubuntu installer snap packages"),
];

/// The names of the distributions of this build, as the program's message lists them.
fn distributions() -> Vec<String> {
    let output = run(program(), &["plan", "--distro", "no-such-distribution"]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let list = text.split("this build includes ").nth(1).expect("the list").trim();
    list.split(", ").map(str::to_owned).collect()
}

/// Every example with every distribution that lists its module.
fn plans() -> Vec<(PathBuf, String)> {
    let all = distributions();
    assert!(all.len() > 30, "{all:?}");
    let mut plans = Vec::new();
    for path in examples() {
        let stem = path.file_stem().expect("a name").to_string_lossy().replace("-2", "");
        let module = modules::catalog::modules().find(|entry| entry.name == stem);
        let distros = module.map_or(&[][..], |entry| entry.distros);
        let lists = |name: &&String| distros.is_empty() || distros.contains(&name.as_str());
        plans.extend(all.iter().filter(lists).map(|name| (path.clone(), name.clone())));
    }
    plans
}

/// The messages of a plan that neither a network nor the real machine nor an exception explains.
fn unexpected(path: &Path, distro: &str) -> Vec<String> {
    let file = path.to_str().expect("a name");
    let output = run(program(), &["plan", "--format", "json", "--distro", distro, "--user-data", file]);
    let plan: serde_json::Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{file} on {distro}: {}", String::from_utf8_lossy(&output.stderr)));
    let list = |name: &str| plan[name].as_array().cloned().unwrap_or_default();
    let warnings = list("warnings").into_iter().filter(|warning| warning["level"] != "deprecated");
    let warnings = warnings.map(|warning| warning["message"].as_str().unwrap_or_default().to_owned());
    let errors = list("errors").into_iter().map(|error| error.as_str().unwrap_or_default().to_owned());
    let example = path.file_stem().expect("a name").to_string_lossy().into_owned();
    let excused = |message: &String| {
        let mut rows = EXCEPTIONS.iter().filter(|(name, ..)| *name == example);
        rows.any(|(_, on, part)| (*on == ["*"] || on.contains(&distro)) && message.contains(part))
            || EXPECTED.iter().any(|part| message.contains(part))
    };
    warnings.chain(errors).filter(|message| !excused(message)).collect()
}

#[test]
fn every_example_can_be_planned_on_every_distribution_that_lists_it() {
    let plans = plans();
    let step = if std::env::var_os("CLOUD_INIT_LONG_CI").is_some() { 1 } else { plans.len() / SAMPLE };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
    let seed = std::env::var(SEED).ok().and_then(|seed| seed.parse().ok()).unwrap_or(now);
    let first = usize::try_from(seed).unwrap_or_default() % step;
    let mut wrong = String::new();
    for (path, distro) in plans.iter().skip(first).step_by(step) {
        for message in unexpected(path, distro) {
            wrong.push_str(&format!("{} on {distro}: {message}\n", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{SEED}={seed}\n{wrong}");
}

#[test]
fn every_exception_is_of_an_example() {
    let names: Vec<String> = examples()
        .iter()
        .map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned())
        .collect();
    for (name, ..) in EXCEPTIONS {
        assert!(names.iter().any(|known| known == name), "no example {name}");
    }
}
