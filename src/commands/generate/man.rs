//! Man pages: what the command line defines, and what it does not: examples, files, environment, exit codes.

use std::fmt::Write as _;

use clap::Command;
use clap_mangen::Man;

/// What a page says besides its options. The key is the command as people type it.
struct Extra {
    command: &'static str,
    /// A command line and what it does.
    examples: &'static [(&'static str, &'static str)],
    /// A code and when it is returned; empty for 0 and 1.
    exit: &'static [(&'static str, &'static str)],
    files: &'static [&'static str],
}

/// The pages with more than the common sections.
const EXTRAS: &[Extra] = &[
    Extra {
        command: "cloud-init",
        examples: &[
            ("cloud-init status --wait", "Wait until the boot has finished."),
            ("cloud-init schema --system", "Validate what this instance received."),
        ],
        exit: &[],
        files: &["config", "conf_d", "state", "run", "log", "output", "disabled"],
    },
    Extra {
        command: "cloud-init status",
        examples: &[
            ("cloud-init status --long", "Show the status with errors and the data source."),
            ("cloud-init status --wait --timeout 600", "Wait ten minutes at most."),
            ("cloud-init status --format json | jq .errors", "List the errors."),
        ],
        exit: &[
            ("0", "The boot has finished or still runs, without errors."),
            ("1", "An error stopped a stage."),
            ("2", "There were errors, and cloud-init continued."),
            ("124", "With --timeout: the boot has not finished in time."),
        ],
        files: &["run", "log"],
    },
    Extra {
        command: "cloud-init clean",
        examples: &[
            (
                "cloud-init clean --logs --seed --machine-id --configs all",
                "Prepare an image, after which `cloud-init clean --check` lists what is left.",
            ),
            ("cloud-init clean --logs --reboot", "Run the first boot of this instance again."),
        ],
        exit: &[
            ("0", "Done; with --check: nothing is left."),
            ("1", "An error; with --check: something is left."),
        ],
        files: &["state", "clean_d", "log", "output"],
    },
    Extra {
        command: "cloud-init schema",
        examples: &[
            ("cloud-init schema --config-file user-data.yaml", "Validate a cloud-config."),
            ("cloud-init schema --config-file user-data.yaml --annotate", "Print it with its errors."),
            (
                "cloud-init schema --schema-type network-config --config-file net.yaml",
                "Validate a network-config.",
            ),
        ],
        exit: &[("0", "The file is valid; it may contain deprecated keys."), ("1", "The file is invalid.")],
        files: &["schemas"],
    },
    Extra {
        command: "cloud-init query",
        examples: &[
            ("cloud-init query --list-keys", "List the top-level keys."),
            ("cloud-init query v1.region", "Print the region."),
            ("cloud-init query --format '{{ v1.local_hostname }}.example.com'", "Render a template."),
        ],
        exit: &[],
        files: &["instance_data"],
    },
    Extra {
        command: "cloud-init plan",
        examples: &[
            ("cloud-init plan --example openstack-centos7", "Show the boot of an embedded example."),
            (
                "cloud-init plan --distro ubuntu --user-data user-data.yaml",
                "Show what user-data does on an Ubuntu instance.",
            ),
            ("cloud-init plan --root /mnt --format json", "Show the next boot of an image, for programs."),
        ],
        exit: &[
            ("0", "The boot has no warnings."),
            ("1", "The input cannot be used."),
            ("2", "The boot has warnings, which the plan contains."),
        ],
        files: &[],
    },
    Extra {
        command: "cloud-init analyze",
        examples: &[
            ("cloud-init analyze show", "Print the stages and modules in order."),
            ("cloud-init analyze blame", "Print the slowest first."),
            ("cloud-init analyze plot --outfile boot.svg", "Draw the last boot."),
        ],
        exit: &[],
        files: &["log"],
    },
    Extra {
        command: "cloud-init single",
        examples: &[(
            "cloud-init single --name ssh --frequency always",
            "Run a module, although it has run for this instance.",
        )],
        exit: &[],
        files: &["config", "state", "log"],
    },
    Extra {
        command: "cloud-init collect-logs",
        examples: &[("cloud-init collect-logs --tarfile logs.tar.gz", "Write what a bug report needs.")],
        exit: &[],
        files: &["log", "output"],
    },
    Extra {
        command: "cloud-id",
        examples: &[("cloud-id --long", "Print the cloud and its region.")],
        exit: &[
            ("0", "The name was printed."),
            ("1", "There is no instance data."),
            ("2", "cloud-init is disabled."),
            ("3", "cloud-init has not run yet."),
        ],
        files: &["instance_data"],
    },
    Extra {
        command: "ds-identify",
        examples: &[("ds-identify --force", "Detect again.")],
        exit: &[
            ("0", "A data source was detected, or cloud-init is to run without one."),
            ("1", "cloud-init is to be disabled."),
        ],
        files: &["run", "config"],
    },
];

/// The files that pages name.
const FILES: &[(&str, &str, &str)] = &[
    ("config", "/etc/cloud/cloud.cfg", "The configuration of this image."),
    (
        "conf_d",
        "/etc/cloud/cloud.cfg.d/*.cfg",
        "Configuration that takes precedence over cloud.cfg, by name.",
    ),
    ("clean_d", "/etc/cloud/clean.d/*", "Programs that `cloud-init clean` runs."),
    ("disabled", "/etc/cloud/cloud-init.disabled", "If it exists, cloud-init does not run at boot."),
    ("state", "/var/lib/cloud", "The data of instances, semaphores and scripts."),
    ("run", "/run/cloud-init", "The status of this boot, and what was detected."),
    ("instance_data", "/run/cloud-init/instance-data.json", "The metadata of this instance."),
    ("log", "/var/log/cloud-init.log", "The log of all boots."),
    ("output", "/var/log/cloud-init-output.log", "What commands of user-data printed."),
    (
        "schemas",
        "/usr/share/cloud-init/schemas",
        "The JSON schemas of cloud-config and network-config, for editors.",
    ),
];

/// A page and the pages of a command's subcommands, each with the name of its file.
pub(super) fn pages(definition: &Command, helpers: &[Command]) -> Vec<(String, Vec<u8>)> {
    let mut definition = definition.clone();
    definition.build();
    let mut pages = Vec::new();
    add(&mut pages, &definition, "cloud-init", &[]);
    for helper in helpers {
        let mut helper = helper.clone();
        helper.build();
        let name = helper.get_name().to_owned();
        add(&mut pages, &helper, &name, &["cloud-init"]);
    }
    pages
}

fn add(pages: &mut Vec<(String, Vec<u8>)>, command: &Command, typed: &str, parents: &[&str]) {
    let name = typed.replace(' ', "-");
    let subs: Vec<&Command> = command
        .get_subcommands()
        .filter(|sub| !sub.is_hide_set() && !["help", "generate"].contains(&sub.get_name()))
        .collect();
    let mut related: Vec<String> = parents.iter().map(|parent| (*parent).to_owned()).collect();
    related.extend(subs.iter().map(|sub| format!("{name}-{}", sub.get_name())));
    pages.push((format!("{name}.1"), page(command, &name, typed, &related)));
    for sub in subs {
        add(pages, sub, &format!("{typed} {}", sub.get_name()), &[name.as_str()]);
    }
}

fn page(command: &Command, name: &str, typed: &str, related: &[String]) -> Vec<u8> {
    // Hidden commands have no page.
    let shown = command.clone().bin_name(typed).display_name(name).disable_help_subcommand(true);
    let man = Man::new(shown.mut_subcommands(|sub| {
        let hide = sub.get_name() == "generate" || sub.is_hide_set();
        sub.hide(hide)
    }))
    .source(format!("cloud-init-rs {}", env!("CARGO_PKG_VERSION")))
    .manual("cloud-init");
    let mut text = Vec::new();
    // Rendering into memory cannot fail.
    let _ = man.render_title(&mut text);
    let _ = man.render_name_section(&mut text);
    let _ = man.render_synopsis_section(&mut text);
    let _ = man.render_description_section(&mut text);
    let _ = man.render_options_section(&mut text);
    if command.get_subcommands().any(|sub| !sub.is_hide_set() && sub.get_name() != "help") {
        let _ = man.render_subcommands_section(&mut text);
    }
    text.extend(sections(typed, related).into_bytes());
    text
}

/// Characters that roff(7) would interpret.
fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq").replace('`', "\\(ga");
    if text.starts_with('.') { format!("\\&{text}") } else { text }
}

fn sections(typed: &str, related: &[String]) -> String {
    let extra = EXTRAS.iter().find(|extra| extra.command == typed);
    let mut text = String::new();
    let item = |text: &mut String, term: &str, about: &str| {
        let _ = writeln!(text, ".TP\n\\fB{}\\fR\n{}", escaped(term), escaped(about));
    };
    if let Some(extra) = extra.filter(|extra| !extra.examples.is_empty()) {
        text.push_str(".SH EXAMPLES\n");
        extra.examples.iter().for_each(|(line, about)| item(&mut text, line, about));
    }
    text.push_str(".SH \"EXIT STATUS\"\n");
    match extra.map(|extra| extra.exit).filter(|exit| !exit.is_empty()) {
        Some(exit) => exit.iter().for_each(|(code, about)| item(&mut text, code, about)),
        None => {
            item(&mut text, "0", "Success.");
            item(&mut text, "1", "An error, which is printed on standard error.");
        }
    }
    if !extra.is_some_and(|extra| extra.exit.iter().any(|(code, _)| *code == "2")) {
        item(&mut text, "2", "The command line is invalid.");
    }
    if let Some(extra) = extra.filter(|extra| !extra.files.is_empty()) {
        text.push_str(".SH FILES\n");
        for (_, path, about) in FILES.iter().filter(|(key, ..)| extra.files.contains(key)) {
            item(&mut text, path, about);
        }
    }
    if matches!(typed, "cloud-init" | "ds-identify") {
        text.push_str(".SH ENVIRONMENT\n");
        item(
            &mut text,
            "KERNEL_CMDLINE",
            "Read like the kernel command line, for containers: cloud-init=disabled or cloud-init=enabled.",
        );
    }
    if !related.is_empty() {
        let pages: Vec<String> = related.iter().map(|page| format!("\\fB{}\\fR(1)", escaped(page))).collect();
        let _ = write!(text, ".SH \"SEE ALSO\"\n{}\n", pages.join(", "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_extra_belongs_to_a_page() {
        let pages = pages(&crate::cli::definition(), &crate::cli::helpers());
        for extra in EXTRAS {
            let name = format!("{}.1", extra.command.replace(' ', "-"));
            assert!(pages.iter().any(|(page, _)| *page == name), "{name}");
            let keys = extra.files.iter().all(|key| FILES.iter().any(|(known, ..)| known == key));
            assert!(keys, "{name}");
        }
    }

    #[test]
    fn the_synopsis_is_what_people_type() {
        let pages = pages(&crate::cli::definition(), &crate::cli::helpers());
        let (_, plan) = pages.iter().find(|(name, _)| name == "cloud-init-status.1").expect("a page");
        let plan = String::from_utf8_lossy(plan);
        assert!(plan.contains("\\fBcloud\\-init status\\fR"), "{plan}");
        for section in [
            "NAME",
            "SYNOPSIS",
            "DESCRIPTION",
            "OPTIONS",
            "EXAMPLES",
            "\"EXIT STATUS\"",
            "FILES",
            "\"SEE ALSO\"",
        ] {
            assert!(plan.contains(&format!(".SH {section}\n")), "{section}");
        }
    }
}
