#!/bin/sh
# sysvinit.sh ROOT PROGRAM : boots a copy of a Debian root with sysvinit (packages sysvinit-core, sysv-rc, insserv, ifupdown,
# openssh-server) in namespaces of its own, with the static program PROGRAM, the scripts of packaging/sysvinit and a NoCloud
# seed. Fails unless insserv orders them around the network and sshd, and all stages finish. Needs root.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
if [ "${3:-}" = inside ]; then
    mount --make-rprivate /
    mount --bind "$1" "$1"
    mount -t proc proc "$1/proc"
    mount -t sysfs -o ro sysfs "$1/sys"
    mount -t tmpfs -o mode=755 tmpfs "$1/run"
    mount -t tmpfs -o mode=755 tmpfs "$1/dev"
    mkdir "$1/dev/pts" "$1/dev/shm"
    for node in null zero full random urandom tty; do
        touch "$1/dev/$node"
        mount --bind "/dev/$node" "$1/dev/$node"
    done
    touch "$1/dev/console"
    exec chroot "$1" /sbin/init
fi
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
cp -a "$1/." "$root"
"$here/packaging/init.sh" sysvinit "$root/etc/init.d"
install -D -m 755 "$2" "$root/usr/bin/cloud-init"
mkdir -p "$root/etc/cloud/cloud.cfg.d" "$root/var/lib/cloud/seed/nocloud"
cat > "$root/etc/cloud/cloud.cfg" <<'CONFIG'
cloud_init_modules: [bootcmd]
cloud_config_modules: [runcmd]
cloud_final_modules: [scripts_user, final_message]
system_info: {distro: debian, network: {renderers: [eni]}}
CONFIG
echo "datasource_list: [ NoCloud, None ]" > "$root/etc/cloud/cloud.cfg.d/90_seed.cfg"
seed=$root/var/lib/cloud/seed/nocloud
echo "instance-id: sysvinit-1" > "$seed/meta-data"
cat > "$seed/network-config" <<'DATA'
version: 1
config:
  - {type: loopback, name: lo, subnets: [{type: static, address: 10.55.0.1/32}]}
DATA
cat > "$seed/user-data" <<'DATA'
#cloud-config
bootcmd: ["ip address show dev lo > /var/at-bootcmd", "pgrep -x sshd >> /var/at-bootcmd || echo no sshd >> /var/at-bootcmd"]
runcmd:
  - pgrep -x sshd > /var/at-runcmd
  - setsid sh -c 'cloud-init status --wait; cloud-init status --format json > /var/status.json; reboot -f' &
DATA
sed -i 's/^\([1-6]:.*getty.*\)$/#\1/' "$root/etc/inittab"
cat > "$root/tmp/enable" <<'ENABLE'
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
for name in cloud-init-ds-identify cloud-init-local cloud-init cloud-config cloud-final cloud-init-hotplug; do
    update-rc.d $name defaults
done
ls /etc/rcS.d /etc/rc2.d
ENABLE
chroot "$root" sh /tmp/enable
number() { find "$root/etc/$1" -name "S*$2" | sed 's/.*\/S\([0-9]*\).*/\1/' | grep . || echo "none: $2" >&2; }
before() { # DIRECTORY FIRST SECOND
    [ "$(number "$1" "$2")" -lt "$(number "$1" "$3")" ] || { echo "sysvinit.sh: $2 is not before $3" >&2; exit 1; }
}
before rcS.d cloud-init-ds-identify cloud-init-local
before rcS.d cloud-init-local networking
before rc2.d cloud-init ssh
before rc2.d cloud-init cloud-config
before rc2.d cloud-config cloud-final
before rc2.d ssh cloud-final
before rc2.d cloud-config cloud-init-hotplug
timeout -s KILL 60 unshare --mount --pid --net --uts --ipc --fork --kill-child "$0" "$root" "$2" inside < /dev/null > "$root/var/console" 2>&1 || true
cat "$root/var/console" "$root/var/at-bootcmd" "$root/var/status.json"
# The local stage configured the network of this boot; the network stage ran before the SSH server, the final one after it.
grep -q 10.55.0.1 "$root/var/at-bootcmd"
grep -qx "no sshd" "$root/var/at-bootcmd"
grep -q . "$root/var/at-runcmd"
for word in '"status": "done"' '"errors": \[\]'; do
    grep -q "$word" "$root/var/status.json" || { echo "sysvinit.sh: missing $word" >&2; exit 1; }
done
echo "sysvinit.sh: all stages ran"
