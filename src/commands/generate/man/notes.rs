//! What man pages say besides the definition of the command line.

/// The notes of a page. The key is the command as people type it.
pub(super) struct Notes {
    command: &'static str,
    /// Paragraphs that follow the summary.
    pub(super) about: &'static [&'static str],
    /// A command line and what it does.
    pub(super) examples: &'static [(&'static str, &'static str)],
    /// Keys of [`FILES`].
    pub(super) files: &'static [&'static str],
    /// Names in [`ENVIRONMENT`].
    pub(super) environment: &'static [&'static str],
    /// Pages of other programs.
    pub(super) related: &'static [&'static str],
}

/// Nothing besides the common sections.
const NONE: Notes =
    Notes { command: "", about: &[], examples: &[], files: &[], environment: &[], related: &[] };

/// The notes of a command's page.
pub(super) fn of(command: &str) -> &'static Notes {
    NOTES.iter().find(|notes| notes.command == command).unwrap_or(&NONE)
}

/// The pages with notes.
pub(super) const NOTES: &[Notes] = &[
    Notes {
        command: "cloud-init",
        about: &[
            "At boot, the program detects where the instance gets its identity and its configuration, applies the network \
             configuration, and runs a module for each key of cloud-config in three stages. The boot stages are started by \
             the init system; the other commands are for people and scripts.",
        ],
        examples: &[
            ("cloud-init status --wait", "Wait until the boot has finished."),
            ("cloud-init schema --system", "Validate what this instance received."),
            ("cloud-init query userdata", "Print its user-data."),
        ],
        files: &["config", "conf_d", "state", "run", "log", "output", "disabled"],
        environment: &["CLOUD_CFG", "KERNEL_CMDLINE", "NO_COLOR", "TERM"],
        ..NONE
    },
    Notes {
        command: "cloud-init init",
        about: &[
            "The init system starts it twice at boot: with --local before the network is configured, and without it \
                  afterwards. A stage that has already run in this boot is not run again.",
        ],
        examples: &[("cloud-init init --local", "Run the first stage by hand.")],
        files: &["config", "conf_d", "state", "run", "log", "output"],
        environment: &["CLOUD_CFG"],
        ..NONE
    },
    Notes {
        command: "cloud-init modules",
        examples: &[("cloud-init modules --mode final", "Run the modules of the last stage.")],
        files: &["config", "conf_d", "state", "log", "output"],
        environment: &["CLOUD_CFG"],
        ..NONE
    },
    Notes {
        command: "cloud-init single",
        examples: &[(
            "cloud-init single --name ssh --frequency always",
            "Run a module, although it has run for this instance.",
        )],
        files: &["config", "conf_d", "state", "log"],
        environment: &["CLOUD_CFG"],
        ..NONE
    },
    Notes {
        command: "cloud-init status",
        about: &[
            "With --wait, a terminal shows the running stage and module and the time since the wait began in one \
                  line; elsewhere a line is printed on standard error for each of them, and a dot on standard output for \
                  each change.",
        ],
        examples: &[
            ("cloud-init status --long", "Show the status with errors and the data source."),
            ("cloud-init status --wait --timeout 600", "Wait ten minutes at most."),
            ("cloud-init status --format json | jq .errors", "List the errors."),
        ],
        files: &["run", "log"],
        environment: &["CLOUD_CFG", "NO_COLOR", "TERM"],
        ..NONE
    },
    Notes {
        command: "cloud-init clean",
        examples: &[
            (
                "cloud-init clean --logs --seed --machine-id --configs all",
                "Prepare an image, after which `cloud-init clean --check` lists what is left.",
            ),
            ("cloud-init clean --logs --reboot", "Run the first boot of this instance again."),
        ],
        files: &["state", "clean_d", "log", "output"],
        environment: &["CLOUD_CFG"],
        ..NONE
    },
    Notes {
        command: "cloud-init schema",
        about: &[
            "Errors name file, line and column. Advice on probable mistakes does not make a file invalid.",
        ],
        examples: &[
            ("cloud-init schema --config-file user-data.yaml", "Validate a cloud-config."),
            ("cloud-init schema --config-file user-data.yaml --annotate", "Print it with its errors."),
            (
                "cloud-init schema --schema-type network-config --config-file net.yaml",
                "Validate a network-config.",
            ),
        ],
        files: &["schemas"],
        environment: &["NO_COLOR", "TERM"],
        ..NONE
    },
    Notes {
        command: "cloud-init query",
        about: &["Users other than root see instance data without its secrets."],
        examples: &[
            ("cloud-init query --list-keys", "List the top-level keys."),
            ("cloud-init query v1.region", "Print the region."),
            ("cloud-init query --format '{{ v1.local_hostname }}.example.com'", "Render a template."),
        ],
        files: &["instance_data", "sensitive"],
        environment: &["CLOUD_CFG"],
        ..NONE
    },
    Notes {
        command: "cloud-init features",
        examples: &[("cloud-init features --all", "List what this build contains.")],
        ..NONE
    },
    Notes {
        command: "cloud-init plan",
        about: &[
            "The four stages of a boot run on a copy in memory, without the network. The plan contains each file, \
                  command and request, with the stage and module it belongs to.",
        ],
        examples: &[
            ("cloud-init plan --example openstack-centos7", "Show the boot of an embedded example."),
            (
                "cloud-init plan --distro ubuntu --user-data user-data.yaml",
                "Show what user-data does on an Ubuntu instance.",
            ),
            ("cloud-init plan --root /mnt --format json", "Show the next boot of an image, for programs."),
        ],
        environment: &["NO_COLOR", "TERM"],
        ..NONE
    },
    Notes {
        command: "cloud-init explain",
        about: &[
            "Without options, it explains the configuration of this machine. A line that starts with * is a layer \
                  whose value took precedence.",
        ],
        examples: &[
            ("cloud-init explain ssh_pwauth", "Show which file of this machine sets a key."),
            (
                "cloud-init explain users --distro debian --user-data user-data.yaml",
                "Show how user-data is merged with a distribution's configuration.",
            ),
        ],
        files: &["config", "conf_d", "state"],
        environment: &["CLOUD_CFG", "NO_COLOR", "TERM"],
        ..NONE
    },
    Notes {
        command: "cloud-init analyze",
        examples: &[
            ("cloud-init analyze show", "Print the stages and modules in order."),
            ("cloud-init analyze blame", "Print the slowest first."),
            ("cloud-init analyze plot --outfile boot.svg", "Draw the last boot."),
        ],
        files: &["log"],
        environment: &["NO_COLOR", "TERM"],
        ..NONE
    },
    Notes {
        command: "cloud-init analyze blame",
        examples: &[("cloud-init analyze blame", "Print the slowest stages and modules first.")],
        files: &["log"],
        environment: &["NO_COLOR", "TERM"],
        ..NONE
    },
    Notes {
        command: "cloud-init analyze show",
        examples: &[("cloud-init analyze show --format '%D %ds'", "Print durations only.")],
        files: &["log"],
        environment: &["NO_COLOR", "TERM"],
        ..NONE
    },
    Notes {
        command: "cloud-init analyze dump",
        examples: &[("cloud-init analyze dump | jq '.[0]'", "Print the first event.")],
        files: &["log"],
        ..NONE
    },
    Notes {
        command: "cloud-init analyze boot",
        examples: &[("cloud-init analyze boot", "Print the times of the last boot.")],
        files: &["log"],
        environment: &["NO_COLOR", "TERM"],
        related: &["systemd-analyze"],
        ..NONE
    },
    Notes {
        command: "cloud-init analyze plot",
        examples: &[("cloud-init analyze plot --boot 1 --outfile boot.svg", "Draw the first boot.")],
        files: &["log"],
        related: &["systemd-analyze"],
        ..NONE
    },
    Notes {
        command: "cloud-init analyze trace",
        examples: &[("cloud-init analyze trace --outfile boot.json", "Write a file for ui.perfetto.dev.")],
        files: &["log"],
        ..NONE
    },
    Notes {
        command: "cloud-init collect-logs",
        examples: &[
            ("cloud-init collect-logs", "Write cloud-init.tar.gz to this directory."),
            (
                "cloud-init collect-logs --tarfile logs.tar.gz -vv",
                "Also print what is collected and what is not.",
            ),
        ],
        files: &["log", "output", "run"],
        ..NONE
    },
    Notes {
        command: "cloud-init net render",
        examples: &[
            (
                "cloud-init net render network-config.yaml --renderer netplan --renderer networkd",
                "Print what two network managers would get.",
            ),
            (
                "cloud-init net render network_data.json --mac eth0,52:54:00:12:34:56 --json",
                "Render OpenStack's network metadata of a machine with this device.",
            ),
        ],
        ..NONE
    },
    Notes {
        command: "cloud-init devel net-convert",
        examples: &[(
            "cloud-init devel net-convert -p network-config.yaml -k yaml -D debian -O networkd -d out",
            "Write the files of systemd-networkd to the directory out.",
        )],
        ..NONE
    },
    Notes {
        command: "cloud-init devel make-mime",
        examples: &[(
            "cloud-init devel make-mime -a config.yaml:cloud-config -a script.sh:x-shellscript > user-data",
            "Combine a cloud-config and a script.",
        )],
        ..NONE
    },
    Notes {
        command: "cloud-init devel render",
        examples: &[(
            "cloud-init devel render user-data.yaml",
            "Render with the instance data of this machine.",
        )],
        files: &["instance_data", "sensitive"],
        ..NONE
    },
    Notes {
        command: "cloud-init devel hotplug-hook",
        examples: &[
            ("cloud-init devel hotplug-hook --subsystem net query", "Print enabled or disabled."),
            ("cloud-init devel hotplug-hook --subsystem net enable", "Enable hotplug of network devices."),
        ],
        files: &["hotplug"],
        related: &["udev"],
        ..NONE
    },
    Notes {
        command: "cloud-id",
        examples: &[("cloud-id --long", "Print the cloud and its region.")],
        files: &["instance_data"],
        ..NONE
    },
    Notes {
        command: "ds-identify",
        about: &[
            "It reads files, firmware values, disk labels and the kernel command line, and does not use the network. \
                  The init system or a systemd generator starts it at boot.",
        ],
        examples: &[("/usr/lib/cloud-init/ds-identify --force", "Detect again.")],
        files: &["run", "di_config", "config", "di_log"],
        environment: &["KERNEL_CMDLINE", "DEBUG_LEVEL", "DI_LOG", "PATH_ROOT"],
        ..NONE
    },
    Notes {
        command: "cloud-init-per",
        about: &[
            "It runs a command once (FREQUENCY once), once per instance (instance) or at each call (always), even from \
                  a script that runs at every boot. NAME identifies the command, whose run and exit code are recorded.",
        ],
        examples: &[(
            "cloud-init-per instance motd sh -c 'date > /etc/motd'",
            "In bootcmd: write the file at the first boot of the instance only.",
        )],
        files: &["state"],
        environment: &["CLOUD_CFG"],
        ..NONE
    },
];

/// The files that pages name.
pub(super) const FILES: &[(&str, &str, &str)] = &[
    ("config", "/etc/cloud/cloud.cfg", "The configuration of this image."),
    (
        "conf_d",
        "/etc/cloud/cloud.cfg.d/*.cfg",
        "Configuration that takes precedence over cloud.cfg, by name.",
    ),
    ("di_config", "/etc/cloud/ds-identify.cfg", "The policy of the detection."),
    ("di_log", "/run/cloud-init/ds-identify.log", "What was detected, and why."),
    ("hotplug", "/run/cloud-init/share/hook-hotplug-cmd", "The FIFO by which udev reports devices."),
    ("sensitive", "/run/cloud-init/instance-data-sensitive.json", "The same with secrets, for root."),
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

/// The variables that pages name, and their meaning.
pub(super) const ENVIRONMENT: &[(&str, &str)] = &[
    ("CLOUD_CFG", "The configuration file to read instead of /etc/cloud/cloud.cfg."),
    (
        "KERNEL_CMDLINE",
        "In containers, read like the kernel command line: cloud-init=disabled or cloud-init=enabled.",
    ),
    ("NO_COLOR", "If it is set and not empty, a terminal gets no colors."),
    ("TERM", "If it is dumb or not set, a terminal gets plain text."),
    ("DEBUG_LEVEL", "If it is 0, nothing is logged."),
    ("DI_LOG", "The file of the log; stderr is standard error."),
    ("PATH_ROOT", "The root directory to examine, instead of this machine's."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_notes_name_is_described() {
        for notes in NOTES {
            for file in notes.files {
                assert!(FILES.iter().any(|(key, ..)| key == file), "{}: {file}", notes.command);
            }
            for name in notes.environment {
                assert!(ENVIRONMENT.iter().any(|(known, _)| known == name), "{}: {name}", notes.command);
            }
        }
    }

    #[test]
    fn all_notes_belong_to_a_page() {
        let pages = super::super::pages(&crate::cli::definition(), &crate::cli::helpers());
        for notes in NOTES {
            let name = format!("{}.1", notes.command.replace(' ', "-"));
            assert!(pages.iter().any(|(page, _)| *page == name), "{name}");
        }
    }
}
