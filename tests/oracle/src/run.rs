//! One program over one case.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use oracle::root::{remove, run_command};

use crate::tree::{self, Outcome};
use crate::{Error, file};

/// What runs inside the namespaces: mounts, the four stages, then the commands that tell about them. `$1` is the root,
/// `$2` the scratch directory, `$3` the case, `$4` our binary or nothing.
const SCRIPT: &str = r#"
set -e
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root"
cd "$2/root"
mount -t proc proc proc
mount -t sysfs sysfs sys
rm -rf run/*
mkdir -p run/cloud-init run/lock var/lib/cloud/seed/nocloud
: >run/cloud-init/enabled
echo 'datasource_list: [ NoCloud, None ]' >run/cloud-init/cloud.cfg
: >etc/machine-id
cp -r "$3/seed/." var/lib/cloud/seed/nocloud
[ ! -d "$3/root" ] || cp -r "$3/root/." .
if [ -n "$4" ]; then
    rm -f usr/bin/cloud-init usr/bin/cloud-id usr/bin/cloud-init-per
    cp "$4" usr/bin/cloud-init
    ln -s cloud-init usr/bin/cloud-id
    ln -s cloud-init usr/bin/cloud-init-per
    ln -sf ../../bin/cloud-init usr/lib/cloud-init/ds-identify
    ln -sf ../../bin/cloud-init usr/lib/cloud-init/write-ssh-key-fingerprints
fi
hostname localhost
ip link set lo up
run() {
    name=$1
    shift
    code=0
    timeout 120 chroot . env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 "$@" \
        </dev/null >"$OUT/$name.out" 2>"$OUT/$name.err" || code=$?
    echo $code >"$OUT/$name.code"
}
OUT=$2/told
run 1-init-local cloud-init init --local
run 2-init cloud-init init
run 3-config cloud-init modules --mode=config
run 4-final cloud-init modules --mode=final
run query-all cloud-init query --all
run query-list-keys cloud-init query --list-keys
run query-v1 cloud-init query v1
run query-format cloud-init query --format '{{ds.meta_data}} {{v1.instance_id}}'
run query-userdata cloud-init query userdata
run status cloud-init status
run status-long cloud-init status --long
run status-json cloud-init status --format json
run status-yaml cloud-init status --format yaml
run status-tabular cloud-init status --format tabular
run cloud-id cloud-id
run cloud-id-long cloud-id --long
run version cloud-init --version
# A case's own commands: a name and a line of shell each.
if [ -f "$3/commands" ]; then
    while read -r name line; do
        run "$name" sh -c "$line"
    done <"$3/commands"
fi
"#;

/// Which program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Program {
    /// The one that the root holds.
    Original,
    /// This static binary in its place.
    Ours(PathBuf),
}

/// What a run gave.
pub struct Run {
    /// What the program left and told.
    pub outcome: Outcome,
    /// Wall time of the stages and commands.
    pub seconds: f32,
}

/// Runs a program over a case in namespaces of its own, with its files in a scratch directory that stays.
pub fn run(scratch: &Path, root: &Path, case: &Path, program: &Program) -> Result<Run, Error> {
    remove(scratch)?;
    for name in ["upper", "work", "root", "told"] {
        fs::create_dir_all(scratch.join(name)).map_err(file(scratch.display().to_string()))?;
    }
    let case = fs::canonicalize(case).map_err(file(case.display().to_string()))?;
    let start = Instant::now();
    let mut inside = Command::new("unshare");
    inside
        .args([
            "--mount",
            "--net",
            "--uts",
            "--ipc",
            "--pid",
            "--fork",
            "--kill-child",
            "--propagation",
            "private",
        ])
        .args(["--", "sh", "-c", SCRIPT, "sh"])
        .args([root, scratch, &case]);
    if let Program::Ours(binary) = program {
        inside.arg(binary);
    } else {
        inside.arg("");
    }
    run_command(&mut inside)?;
    let seconds = start.elapsed().as_secs_f32();
    Ok(Run { outcome: tree::read(root, scratch)?, seconds })
}
