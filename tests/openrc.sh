#!/bin/sh
# openrc.sh ROOT PROGRAM : boots a copy of a root with OpenRC (Alpine's; Debian's package openrc) in namespaces of its own,
# with the static program PROGRAM, the scripts of packaging/openrc and a NoCloud seed. Fails unless all stages finish in
# order, and a line from the hook reaches hotplugd. Needs root.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
if [ "${3:-}" != inside ]; then
    root=$(mktemp -d)
    trap 'rm -rf "$root"' EXIT
    cp -a "$1/." "$root"
    "$here/packaging/init.sh" openrc "$root/etc/init.d"
    install -D -m 755 "$2" "$root/usr/bin/cloud-init"
    mkdir -p "$root/etc/cloud/cloud.cfg.d" "$root/var/lib/cloud/seed/nocloud" "$root/proc" "$root/sys"
    # Only modules that need no packages: this is about the init system.
    cat > "$root/etc/cloud/cloud.cfg" <<'CONFIG'
cloud_init_modules: [bootcmd]
cloud_config_modules: [runcmd]
cloud_final_modules: [scripts_user, final_message]
system_info: {distro: debian}
CONFIG
    echo "datasource_list: [ NoCloud, None ]" > "$root/etc/cloud/cloud.cfg.d/90_seed.cfg"
    echo "network: {config: disabled}" > "$root/etc/cloud/cloud.cfg.d/91_network.cfg"
    seed=$root/var/lib/cloud/seed/nocloud
    echo "instance-id: openrc-1" > "$seed/meta-data"
    cat > "$seed/user-data" <<'DATA'
#cloud-config
users: []
bootcmd: ["rc-status --all > /run/at-bootcmd"]
runcmd: ["rc-status --all > /run/at-runcmd"]
DATA
    unshare --mount --pid --net --uts --ipc --fork "$0" "$root" "$2" inside
    exit
fi
root=$1
mount --make-rprivate /
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
mount --rbind /dev "$root/dev"
cat > "$root/tmp/boot" <<'BOOT'
set -eu
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
# Nothing but ours and what it is ordered by: other services expect hardware.
rm -rf /etc/runlevels/boot/* /etc/runlevels/sysinit/* /etc/runlevels/default/*
mkdir -p /etc/runlevels/boot /etc/runlevels/sysinit /etc/runlevels/default /etc/network
echo 'rc_sys=""' >> /etc/rc.conf
printf 'auto lo\niface lo inet loopback\n' > /etc/network/interfaces
for name in localmount networking; do [ ! -e /etc/init.d/$name ] || rc-update -q add $name boot; done
for name in cloud-init-ds-identify cloud-init-local; do rc-update -q add $name boot; done
for name in cloud-init cloud-config cloud-final cloud-init-hotplug; do rc-update -q add $name default; done
openrc sysinit
openrc boot
openrc default
BOOT
chroot "$root" /bin/sh /tmp/boot
chroot "$root" /usr/bin/cloud-init status --long
result=$(chroot "$root" /usr/bin/cloud-init status --format json) || true
for word in '"status": "done"' '"errors": \[\]'; do
    echo "$result" | grep -q "$word" || { echo "openrc.sh: missing $word: $result" >&2; exit 1; }
done
order=$(grep -hoE "finish: (init-local|init-network|modules-config|modules-final): " "$root/var/log/cloud-init.log" | tr '\n' ' ')
echo "$order"
[ "$order" = "finish: init-local:  finish: init-network:  finish: modules-config:  finish: modules-final:  " ]
grep -q "cloud-init-local *\[ *started" "$root/run/at-bootcmd"
grep -q "cloud-init *\[ *started" "$root/run/at-runcmd"
for name in cloud-init-ds-identify cloud-init-local cloud-init cloud-config cloud-final cloud-init-hotplug; do
    chroot "$root" rc-service --nocolor "$name" status
done
cat "$root/run/cloud-init/cloud.cfg"
# Two events: the daemon survives the first.
for device in net0 net1; do
    echo " --subsystem=net query" > "$root/run/cloud-init/share/hook-hotplug-cmd"
    sleep 1
done
grep -c "hotplug-hook called with" "$root/var/log/cloud-init.log" | grep -qx 2
chroot "$root" rc-service --nocolor cloud-init-hotplug stop
echo "openrc.sh: all stages ran"
