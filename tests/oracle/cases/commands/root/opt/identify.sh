#!/bin/sh
# identify.sh LIST [PATH=CONTENT...] : what ds-identify makes of a machine that holds these files.
set -f
root=$(mktemp -d)
mkdir -p "$root/proc/1" "$root/sys/class/dmi/id" "$root/etc/cloud/cloud.cfg.d" "$root/run/systemd" "$root/var/lib/cloud" "$root/dev/disk"
echo root=x > "$root/proc/cmdline"
: > "$root/proc/1/environ"
echo 1 1 > "$root/proc/uptime"
echo "datasource_list: [ $1 ]" > "$root/etc/cloud/cloud.cfg"
shift
for file; do
    mkdir -p "$(dirname "$root/${file%%=*}")"
    echo "${file#*=}" > "$root/${file%%=*}"
done
env PATH_ROOT="$root" SYSTEMD_VIRTUALIZATION="${VIRT:-vm:kvm}" DI_LOG="$root/log" \
    /usr/lib/cloud-init/ds-identify --force > /dev/null 2>&1
echo "exit $?"
cat "$root/run/cloud-init/cloud.cfg" "$root/run/cloud-init/.ds-identify.result" 2> /dev/null
test -f "$root/log" && echo logged
rm -rf "$root"
