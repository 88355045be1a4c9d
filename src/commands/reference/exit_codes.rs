//! What the exit codes of the commands mean; those that are not here end with the usual ones.

type Codes = &'static [(&'static str, &'static str)];

const USUAL: Codes =
    &[("0", "done"), ("1", "failed; a message says why"), ("2", "a wrong command or option")];

const STAGE: Codes = &[
    ("0", "the stage is done, perhaps with warnings, which `cloud-init status` shows"),
    ("N", "so many errors; 1 also when an earlier stage of this boot failed"),
    ("2", "also: a wrong command or option"),
];

/// By the command as it is typed. `None` for one that only has commands of its own.
pub(super) fn of(command: &str) -> Option<Codes> {
    Some(match command {
        "cloud-init devel" | "cloud-init devel hotplug-hook" | "cloud-init net" | "cloud-init generate" => {
            return None;
        }
        "cloud-init" => &[
            ("0", "a command's own, or the version was shown"),
            ("2", "a wrong command or option, or no command"),
        ],
        "cloud-init init" | "cloud-init modules" => STAGE,
        "cloud-init status" => &[
            ("0", "all is well, or nothing has run yet"),
            ("1", "an error that cloud-init did not get over, or it is broken"),
            (
                "2",
                "done or running with warnings or errors that stopped nothing; also: a wrong command or option",
            ),
        ],
        "cloud-init plan" => &[
            ("0", "the boot would be done without a warning"),
            ("1", "the input cannot be used"),
            (
                "2",
                "there would be warnings or errors, which are shown in their places; also: a wrong command or option",
            ),
        ],
        "cloud-init schema" => &[
            ("0", "the document is valid; what is deprecated is shown"),
            ("1", "it is not valid, or cannot be read"),
            ("2", "a wrong command or option"),
        ],
        "cloud-id" => &[
            ("0", "the name was printed"),
            ("1", "there is no instance-data, or it cannot be read"),
            ("2", "cloud-init is disabled; also: a wrong option"),
            ("3", "cloud-init has not run yet"),
        ],
        "ds-identify" => &[
            ("0", "cloud-init is enabled"),
            ("1", "it is disabled"),
            ("2", "nothing to do, or a wrong option"),
        ],
        "cloud-init-per" => &[
            ("0", "done, or it ran before"),
            ("N", "the command's own"),
            ("1", "wrong arguments, or it could not be noted"),
        ],
        _ => USUAL,
    })
}
