# machine.sh ROOT REPORT SECONDS : runs in namespaces of its own, which end with it.
set -eu
mount -t sysfs sysfs /sys
mount -t cgroup2 cgroup2 /sys/fs/cgroup
group=/sys/fs/cgroup/packages-machine-$$
mkdir -p "$group"
echo 0 > "$group/cgroup.procs"
# systemd-nspawn would wait for udev to know links; it does not where /sys cannot be written.
mount -o remount,ro,bind /sys
ip link set lo up
UNIFIED_CGROUP_HIERARCHY=1 timeout -k 5 "$3" systemd-nspawn --keep-unit --register=no --resolv-conf=off --console=pipe \
    --quiet --machine=packages-machine -D "$1" --bind="$2:/mnt/report" --boot
