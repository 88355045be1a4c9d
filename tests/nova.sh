#!/usr/bin/env bash
# Both programs beside the metadata service of OpenStack's own nova (Debian sid), for an instance that is in no database:
# instance data and network configuration have to be equal.
#
# usage: tests/nova.sh OURS [LAYER]: our program, and where nova's installation is kept.
set -eu
ours=$(realpath "$1")
cd "$(dirname "$0")/.."
layer=$(realpath -m "${2:-target/nova}")
sid=$(realpath target/oracle/sid)
tests=$PWD/tests
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$layer" "$work/root" "$work/nova"

if [ ! -e "$layer/usr/lib/python3/dist-packages/nova/api/metadata" ]; then
    rm -rf "$layer"
    mkdir "$layer" "$layer.work"
    unshare --mount --propagation private sh -euc '
        mount -t overlay overlay -o "lowerdir=$1,upperdir=$2,workdir=$2.work" "$3/root"
        mount -t proc proc "$3/root/proc"
        cp /etc/resolv.conf "$3/root/etc/resolv.conf"
        cp -r /etc/apt/apt.conf.d/. "$3/root/etc/apt/apt.conf.d/"
        # Nothing that the packages bring starts.
        printf "#!/bin/sh\nexit 101\n" >"$3/root/usr/sbin/policy-rc.d"
        chmod 755 "$3/root/usr/sbin/policy-rc.d"
        chroot "$3/root" apt-get update -qq -o Acquire::Check-Valid-Until=false
        export DEBIAN_FRONTEND=noninteractive
        chroot "$3/root" apt-get install -y -qq --no-install-recommends python3-nova >"$3/apt" 2>&1 || { cat "$3/apt"; exit 75; }
    ' sh "$sid" "$layer" "$work" || exit 75
    rm -rf "$layer.work"
fi

# What a machine makes of it, in $work/NAME-*.
inside() {
    mount -t proc proc /proc
    mount -t overlay overlay -o "lowerdir=$layer:$sid,upperdir=$work/nova-$1,workdir=$work/nova-work-$1" "$work/nova"
    mount -t proc proc "$work/nova/proc"
    cp "$tests/nova/serve.py" "$work/nova/srv"
    mount -t overlay overlay -o "lowerdir=$sid,upperdir=$work/upper-$1,workdir=$work/work-$1" "$work/root"
    cd "$work/root"
    mount -t proc proc proc
    mount -t sysfs sysfs sys
    mount -t tmpfs tmpfs run
    mkdir -p run/cloud-init run/lock
    : >run/cloud-init/enabled
    : >etc/machine-id
    if [ "$1" = ours ]; then
        rm usr/bin/cloud-init
        cp "$ours" usr/bin/cloud-init
    fi
    hostname localhost
    ip link set lo up
    unshare --net sleep 300 &
    host=$!
    until [ "$(readlink /proc/$host/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
    ip link add eth0 address 52:54:00:12:34:56 type veth peer name host0 netns "$host"
    far="nsenter --net=/proc/$host/ns/net"
    $far ip link set host0 up
    $far ip address add 192.0.2.1/24 dev host0
    $far ip address add 169.254.169.254/16 dev host0
    $far chroot "$work/nova" python3 /srv/serve.py 169.254.169.254 80 /requests 2>"$work/nova-$1.log" &
    ip address add 192.0.2.10/24 dev eth0
    ip link set eth0 up
    ip route add default via 192.0.2.1
    mkdir -p "$work/class-$1/dmi/id"
    echo 'OpenStack Nova' >"$work/class-$1/dmi/id/product_name"
    mount -t overlay overlay -o "lowerdir=$work/class-$1:$work/root/sys/class" sys/class
    for program in systemd-detect-virt udevadm; do
        rm -f "usr/bin/$program"
        cp "$tests/boot/guest/$program" usr/bin
        chmod 755 "usr/bin/$program"
    done
    echo 'datasource_list: [ OpenStack ]' >run/cloud-init/cloud.cfg
    echo 'datasource_list: [ OpenStack ]' >etc/cloud/cloud.cfg.d/99-test.cfg
    for _ in $(seq 300); do
        curl -s -o /dev/null http://169.254.169.254/openstack && break
        sleep 0.1
    done
    : >"$work/nova/requests"
    chroot . cloud-init init >"$work/output-$1" 2>&1 || true
    chroot . cloud-init query --all >"$work/$1-all"
    chroot . cat /var/lib/cloud/instance/network-config.json >"$work/$1-network"
    cp "$work/nova/requests" "$work/$1-requests"
}
export -f inside
export work layer sid tests ours
for program in original ours; do
    mkdir "$work/upper-$program" "$work/work-$program" "$work/nova-$program" "$work/nova-work-$program"
    timeout 200 unshare --mount --net --uts --pid --fork --kill-child --propagation private bash -euc "inside $program" || {
        cat "$work/output-$program" "$work/nova-$program.log"
        exit 1
    }
done

python3 - "$work" <<'END'
import json
import sys

def read(program, name):
    with open(f"{sys.argv[1]}/{program}-{name}") as file:
        return json.load(file)

def differences(one, other, place=""):
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted(one.keys() | other.keys()):
            yield from differences(one.get(key), other.get(key), f"{place}/{key}")
    elif one != other:
        yield f"{place}: {one!r} and {other!r}"

# The configuration and the system are not nova's; the seed is another one in each answer, and hidden by this program only
# (docs/differences.md).
def own(document):
    for key in ("merged_cfg", "merged_system_cfg", "sys_info", "python_version", "system_platform", "sensitive_keys"):
        document.pop(key, None)
        document["v1"].pop(key, None)
    document["ds"]["meta_data"].pop("random_seed")
    return document

assert read("ours", "all")["v1"]["instance_id"] == "8d8a3c1e-5f0b-4f0a-9d3c-2f6d0a9b7c11"
found = list(differences(own(read("original", "all")), own(read("ours", "all"))))
found += list(differences(read("original", "network"), read("ours", "network")))
counts = [len(open(f"{sys.argv[1]}/{program}-requests").readlines()) for program in ("original", "ours")]
for line in found:
    print(line)
print(f"nova: {len(found)} differences; requests: {counts[0]} of upstream, {counts[1]} of this program")
sys.exit(bool(found) or counts[1] > counts[0])
END
