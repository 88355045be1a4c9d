//! One program over one case.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use oracle::root::{in_namespaces, remove, run_command};

use crate::tree::{self, Outcome};
use crate::{Error, file};

/// What runs inside the namespaces: mounts, the four stages, then the commands that tell about them. `$1` is the root,
/// `$2` the scratch directory, `$3` the case, `$4` our binary or nothing, `$5` this program. With `$6`, only the local stage
/// runs, on a service that takes so many milliseconds for each answer.
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
[ ! -d "$3/seed" ] || cp -r "$3/seed/." var/lib/cloud/seed/nocloud
[ ! -f "$3/removed" ] || sed 's,^/,,' "$3/removed" | xargs rm -f
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
# What `machine.sh` of a case builds its cloud with: `dmi NAME VALUE` is the firmware's, `cloud TREE ADDRESS…` puts a host
# with these addresses, a DHCP server (with the options in $dhcp) and a service of this tree of documents beside the
# machine's link eth0; the service listens on each of `$ports`. `wired` is the network that a cloud needs whose source waits
# for it.
dmi() {
    mkdir -p "$scratch/class/dmi/id"
    printf '%s\n' "$2" >"$scratch/class/dmi/id/$1"
}
cloud() {
    tree=$1
    shift
    mount -t proc proc /proc
    unshare --net sleep 600 &
    host=$!
    until [ "$(readlink /proc/$host/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done
    ip link add eth0 address 52:54:00:12:34:56 type veth peer name host0 netns $host
    inside="nsenter --net=/proc/$host/ns/net"
    $inside ip link set lo up
    $inside ip link set host0 address 52:54:00:00:00:01 up
    $inside ip address add 192.0.2.1/24 dev host0
    listen=
    for address; do
        case $address in
            *:*) $inside ip address add $address/64 dev host0 nodad; address="[$address%host0]" ;;
            192.0.2.1) ;;
            *) $inside ip address add $address/16 dev host0 ;;
        esac
        for port in ${ports:-80}; do
            listen="$listen --listen $address:$port"
        done
    done
    # `$advertised` has dnsmasq's options for a router's advertisements.
    $inside dnsmasq --port=0 ${advertised:-} --interface=host0 --bind-interfaces --dhcp-range=192.0.2.10,192.0.2.10,1h \
        --dhcp-option=option:domain-name,cloud.test ${dhcp:-} --leasefile-ro --user=root --pid-file= --keep-in-foreground \
        2>/dev/null &
    # `$documents` are other documents than a tree's, `$closing` is for connections of one request: the service's options.
    if [ -n "${documents:-}" ]; then set -- $documents; else set -- --tree "$tree"; fi
    $inside "$server" serve "$@" $listen --log "$scratch/requests" --times "$scratch/times" --latency "${latency:-0}" ${closing:-} \
        >"$scratch/url" &
    until [ -s "$scratch/url" ]; do sleep 0.01; done
    real eth0
}
# `disk IMAGE DIRECTORY [NAME]` is a block device with this content, read-only, gone with the machine. Its files are in
# DIRECTORY too: the kernel need not know the file system, which is mounted by the name of its device.
disk() {
    loop=$(losetup --find --show --read-only "$1")
    sleep 600 <"$loop" &
    until [ "$(readlink proc/$!/fd/0)" = "$loop" ]; do sleep 0.01; done
    losetup --detach "$loop"
    name=${3:-${loop#/dev/}}
    cp -a "$loop" "dev/$name"
    if [ ! -e usr/bin/mount.real ]; then
        mount -t tmpfs tmpfs media
        mv usr/bin/mount usr/bin/mount.real
        cat >usr/bin/mount <<'MOUNT'
#!/bin/sh
for target; do
    case $target in /dev/*) device=$target ;; esac
done
if [ -d "/media/${device#/dev/}" ]; then
    exec mount.real --bind "/media/${device#/dev/}" "$target"
fi
exec mount.real "$@"
MOUNT
        chmod 755 usr/bin/mount
    fi
    cp -r "$2" "media/$name"
}
# A network device that is real has a directory of its bus.
real() {
    mkdir -p "$scratch/nic/device"
    nic=sys/devices/virtual/net/$1
    mount -t overlay overlay -o "lowerdir=$scratch/nic:$PWD/$nic" $nic
}
# A machine on Xen; the original looks for a directory that only this kernel could provide.
on_xen() {
    virtualization=xen
    sed -i 's,"/proc/xen","/etc",' usr/lib/python3/dist-packages/cloudinit/sources/DataSourceIBMCloud.py
}
wired() {
    # The link-local address is there at once.
    echo 0 >proc/sys/net/ipv6/conf/eth0/accept_dad
    ip address add 192.0.2.10/24 dev eth0
    ip link set eth0 up
    ip route add default via 192.0.2.1
    # At once means a moment after the other end is up.
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        ! grep -q eth0 proc/net/if_inet6 || break
        sleep 0.1
    done
}
scratch=$2 server=$5 latency=$6 variables=
[ ! -f "$3/setup.sh" ] || . "$3/setup.sh"
if [ -f "$3/machine.sh" ]; then
    . "$3/machine.sh"
    # A virtual machine, whose firmware is looked at; in a namespace it would be a container.
    for program in systemd-detect-virt udevadm; do
        rm -f usr/bin/$program
        cp "$3/../../../boot/guest/$program" usr/bin
        chmod 755 usr/bin/$program
    done
    sed -i "s/word=kvm/word=${virtualization:-kvm}/" usr/bin/systemd-detect-virt
    if [ -d "$scratch/class" ]; then
        mount -t overlay overlay -o "lowerdir=$scratch/class:$PWD/sys/class" sys/class
    fi
fi
run() {
    name=$1
    shift
    code=0
    # The original's sets have the same order in each run.
    timeout 120 chroot . env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 PYTHONHASHSEED=0 $variables "$@" \
        </dev/null >"$OUT/$name.out" 2>"$OUT/$name.err" || code=$?
    echo $code >"$OUT/$name.code"
}
OUT=$2/told
if [ -n "$latency" ]; then
    begun=$(date +%s%N)
    run 1-init-local cloud-init init --local
    echo $((($(date +%s%N) - begun) / 1000)) >"$scratch/took"
    exit 0
fi
run 1-init-local cloud-init init --local
run 2-init cloud-init init
run 3-config cloud-init modules --mode=config
run 4-final cloud-init modules --mode=final
run version cloud-init --version
[ ! -f "$3/stages-only" ] || exit 0
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
# A case's own commands: a name and a line of shell each.
if [ -f "$3/commands" ]; then
    while read -r name line; do
        run "$name" sh -c "$line"
    done <"$3/commands"
fi
# A cloud's machine boots once more, with the service as it was.
if [ -f "$3/machine.sh" ]; then
    run second-boot sh -c '
        mv /run/cloud-init/cloud.cfg /run/cloud.cfg
        rm -rf /run/cloud-init
        mkdir /run/cloud-init
        mv /run/cloud.cfg /run/cloud-init/cloud.cfg
        : >/run/cloud-init/enabled
        for stage in "init --local" init "modules --mode=config" "modules --mode=final"; do
            cloud-init $stage >/dev/null 2>&1
        done
        cloud-init query v1.instance_id'
fi
if [ -f "$scratch/requests" ]; then
    # Method, path, status and fields; how often is of no account, and neither is the order of what is read side by side.
    # Signatures contain the time and a random number, session tokens the time.
    sed -e 's/^\([^ ]* [^ ]* [^ ]*\) [^ ]* [^ ]* /\1 /' -e 's/\(oauth_nonce=\\"\)[^\\]*/\1NONCE/' \
        -e 's/\(oauth_timestamp=\\"\)[^\\]*/\1TIME/' -e 's/"fake-[0-9]*-[0-9]*-/"fake-/' -e 's/\(-request-id":\)"[^"]*"/\1"ID"/' "$scratch/requests" | sort -u >"$OUT/requests.out"
    : >"$OUT/requests.err"
    echo 0 >"$OUT/requests.code"
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
    let start = Instant::now();
    inside(scratch, root, case, program, "")?;
    let seconds = start.elapsed().as_secs_f32();
    Ok(Run { outcome: tree::read(root, scratch)?, seconds })
}

/// Runs the script; with a latency in milliseconds, the local stage only.
pub fn inside(
    scratch: &Path,
    root: &Path,
    case: &Path,
    program: &Program,
    latency: &str,
) -> Result<(), Error> {
    remove(scratch)?;
    for name in ["upper", "work", "root", "told"] {
        fs::create_dir_all(scratch.join(name)).map_err(file(scratch.display().to_string()))?;
    }
    let case = fs::canonicalize(case).map_err(file(case.display().to_string()))?;
    let mut inside = in_namespaces();
    inside.args(["sh", "-c", SCRIPT, "sh"]).args([root, scratch, &case]);
    if let Program::Ours(binary) = program {
        inside.arg(binary);
    } else {
        inside.arg("");
    }
    inside.arg(std::env::current_exe().map_err(file("this program"))?).arg(latency);
    run_command(&mut inside)
}
