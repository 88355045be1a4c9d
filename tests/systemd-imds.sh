#!/usr/bin/env bash
# Boots cloud-init's stages beside the real systemd-imds of Debian sid, with its metadata service locked and unlocked: the
# instance is found, the credentials, keys and host name that systemd imports stay as they are described in
# docs/systemd-imds.md, and nothing warns.
#
# usage: tests/systemd-imds.sh OURS [SERVICE]: our program, and tests/oracle's, which serves the metadata.
set -eu
ours=$(realpath "$1")
service=$(realpath "${2:-target/debug/oracle}")
cd "$(dirname "$0")/.."
sid=$(realpath target/oracle/sid)
guest=$(realpath tests/boot/guest)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Its own layer over the comparison's root.
mkdir "$work/package" "$work/w0" "$work/root"
unshare --mount --propagation private sh -euc '
    mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/package,workdir=$2/w0" "$2/root"
    mount -t proc proc "$2/root/proc"
    cp /etc/resolv.conf "$2/root/etc/resolv.conf"
    cp -r /etc/apt/apt.conf.d/. "$2/root/etc/apt/apt.conf.d/"
    chroot "$2/root" apt-get update -qq -o Acquire::Check-Valid-Until=false
    chroot "$2/root" apt-get install -y -qq --no-install-recommends systemd-imds >"$2/apt" 2>&1 || { cat "$2/apt"; exit 75; }
' sh "$sid" "$work" || exit 75

cat >"$work/user-data" <<'END'
{"systemd.credentials": [{"name": "motd", "text": "imported"}]}
END

# What systemd reads of its hardware database on EC2.
url=http://169.254.169.254/latest
header=X-aws-ec2-metadata-token
endpoint="systemd.imds.vendor=amazon-ec2 systemd.imds.data_url=$url systemd.imds.token_url=$url/api/token \
systemd.imds.token_header_name=$header systemd.imds.refresh_header_name=$header-ttl-seconds \
systemd.imds.ipv4_address=169.254.169.254 systemd.imds.key.hostname=/meta-data/hostname \
systemd.imds.key.ssh_key=/meta-data/public-keys/0/openssh-key systemd.imds.key.userdata=/user-data"

inside() {
    mount -t overlay overlay -o "lowerdir=$work/package:$sid,upperdir=$work/upper-$1,workdir=$work/work-$1" "$work/root"
    mount -t proc proc /proc
    cd "$work/root"
    mount -t proc proc proc
    mount -t sysfs sysfs sys
    mount -t tmpfs tmpfs run
    mkdir -p run/cloud-init run/lock run/systemd/imds
    : >run/cloud-init/enabled
    : >etc/machine-id
    rm -f usr/bin/cloud-init etc/hostname root/.ssh/authorized_keys
    cp "$ours" usr/bin/cloud-init
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
    $far "$service" serve --ec2 example --user-data "$work/user-data" --listen 169.254.169.254:80 \
        --log "$work/requests-$1" >"$work/url-$1" &
    until [ -s "$work/url-$1" ]; do sleep 0.05; done
    ip address add 192.0.2.10/24 dev eth0
    ip link set eth0 up
    ip route add default via 192.0.2.1
    if [ "$1" = locked ]; then
        # The routes and the rule of systemd's 85-imds-early.network.
        ip route add prohibit 169.254.169.254
        ip route add 169.254.169.254 dev eth0 scope link table $((0x7FFF0815))
        ip rule add fwmark 0x7FFF0815 table $((0x7FFF0815))
    fi
    # The firmware of a virtual machine of Amazon.
    mkdir -p "$work/class-$1/dmi/id"
    for field in product_uuid product_serial; do
        echo ec2e1916-9099-7caf-fd21-012345abcdef >"$work/class-$1/dmi/id/$field"
    done
    mount -t overlay overlay -o "lowerdir=$work/class-$1:$work/root/sys/class" sys/class
    for program in systemd-detect-virt udevadm; do
        rm -f "usr/bin/$program"
        cp "$guest/$program" usr/bin
        chmod 755 "usr/bin/$program"
    done
    export SYSTEMD_PROC_CMDLINE="systemd.imds.network=$1 $endpoint"
    chroot . systemd-socket-activate -a -l /run/systemd/io.systemd.InstanceMetadata --fdname=varlink \
        -E SYSTEMD_PROC_CMDLINE /usr/lib/systemd/systemd-imdsd 2>"$work/imdsd-$1" &
    until [ -S run/systemd/io.systemd.InstanceMetadata ]; do sleep 0.05; done
    chroot . /usr/lib/systemd/systemd-imds --import
    # The unit of systemd-tmpfiles gets the credential of the key.
    CREDENTIALS_DIRECTORY=/run/credstore chroot . systemd-tmpfiles --create provision.conf
    grep -q '^ssh-ed25519 ' root/.ssh/authorized_keys
    : >"$work/requests-$1"
    cat >etc/cloud/cloud.cfg.d/99-test.cfg <<END
datasource_list: [ Ec2 ]
datasource: {Ec2: {max_wait: 5, timeout: 3, metadata_urls: ["http://169.254.169.254"]}}
network: {config: disabled}
END
    echo 'datasource_list: [ Ec2 ]' >run/cloud-init/cloud.cfg
    # The network is up: without the local stage, which would take an address by DHCP.
    for stage in init "modules --mode=config" "modules --mode=final"; do
        # shellcheck disable=SC2086
        chroot . cloud-init $stage >>"$work/output-$1" 2>&1 || true
    done
    equal() {
        [ "$2" = "$3" ] || { echo "$1: $2 instead of $3"; chroot . cloud-init status --long; cat "$work/output-$1" || true; exit 1; }
    }
    equal instance "$(chroot . cloud-init query v1.instance_id)" i-0a1b2c3d4e5f60718
    equal "host name" "$(cat etc/hostname)" ip-10-0-0-15
    equal credential "$(cat run/credstore/motd)" imported
    equal "lines of root's key" "$(grep -c 'example$' root/.ssh/authorized_keys)" 1
    grep -q '^no-port-forwarding.*Please login as the user' root/.ssh/authorized_keys
    equal warnings "$(grep -c 'Unhandled' var/log/cloud-init.log || true)" 0
    CREDENTIALS_DIRECTORY=/run/credstore chroot . systemd-tmpfiles --create provision.conf
    equal "root's key after systemd's next turn" "$(grep -c '^no-port-forwarding' root/.ssh/authorized_keys)" 1
    # systemd asks for tokens of 900 s, this program for tokens of six hours.
    own=$(grep -c '21600' "$work/requests-$1" || true)
    if [ "$1" = locked ]; then
        equal "requests of its own" "$own" 0
    else
        [ "$own" -gt 10 ] || equal "requests of its own" "$own" "more than 10"
    fi
    echo "systemd-imds, $1: ok, $(wc -l <"$work/requests-$1") requests"
}
export -f inside
export work sid guest ours service endpoint
for mode in unlocked locked; do
    mkdir "$work/upper-$mode" "$work/work-$mode"
    timeout 200 unshare --mount --net --uts --pid --fork --kill-child --propagation private bash -euc "inside $mode"
done
