//! The meaning of the exit codes, for commands that differ from the usual ones.

type Codes = &'static [(&'static str, &'static str)];

const USUAL: Codes = &[("0", "done"), ("1", "failure; the reason is printed"), ("2", "usage error")];

const STAGE: Codes = &[
    ("0", "the stage has finished, possibly with warnings that `cloud-init status` shows"),
    ("N", "the number of errors; also 1 if an earlier stage of this boot failed"),
    ("2", "also: usage error"),
];

/// Looked up by the command as typed. `None` for commands that only have subcommands.
pub(in crate::commands) fn of(command: &str) -> Option<Codes> {
    Some(match command {
        "cloud-init analyze"
        | "cloud-init devel"
        | "cloud-init devel hotplug-hook"
        | "cloud-init net"
        | "cloud-init generate" => return None,
        "cloud-init" => &[
            ("0", "the exit code of the subcommand, or the version was printed"),
            ("2", "usage error, or no command"),
        ],
        "cloud-init init" | "cloud-init modules" => STAGE,
        "cloud-init status" => &[
            ("0", "no errors, or cloud-init has not run yet"),
            ("1", "cloud-init failed with a critical error, or its state is unreadable"),
            ("2", "done or running with recoverable errors; also: usage error"),
            ("124", "cloud-init has not finished within --timeout"),
        ],
        "cloud-init clean" => &[
            ("0", "done; with --check: nothing of an instance is left"),
            ("1", "failure; the reason is printed; with --check: something is left"),
            ("2", "usage error"),
        ],
        "cloud-init plan" => &[
            ("0", "the boot would finish without warnings"),
            ("1", "unusable input"),
            ("2", "the boot would produce warnings or errors, which are shown in place; also: usage error"),
        ],
        "cloud-init schema" => &[
            ("0", "the document is valid; deprecations and advice are printed"),
            ("1", "the document is invalid or unreadable"),
            ("2", "usage error"),
        ],
        "cloud-id" => &[
            ("0", "the cloud-id was printed"),
            ("1", "the instance data is missing or unreadable"),
            ("2", "cloud-init is disabled; also: usage error"),
            ("3", "cloud-init has not run yet"),
        ],
        "ds-identify" => &[
            ("0", "cloud-init is enabled"),
            ("1", "cloud-init is disabled"),
            ("2", "nothing to do, or usage error"),
        ],
        "cloud-init-per" => &[
            ("0", "success, or the command has already run"),
            ("N", "the exit code of the command"),
            ("1", "wrong arguments, or the run could not be recorded"),
        ],
        _ => USUAL,
    })
}
