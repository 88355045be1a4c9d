#!/bin/sh
# Tells the harness what this machine has become, then powers it off. Each fact is a header line
# "@@ LENGTH EXIT NAME" and that many bytes. Runs as a unit of its own, so that it needs nothing of cloud-init.
questions=/etc/boot-report/questions
if [ -e /dev/disk/by-id/virtio-questions ]; then
    tr -d '\000' </dev/disk/by-id/virtio-questions >/run/boot-questions
    questions=/run/boot-questions
fi
port=/dev/virtio-ports/report
[ -e "$port" ] || port=/mnt/report/facts
part=/run/boot-report.part

fact() {
    name=$1
    shift
    "$@" >"$part" 2>/dev/null
    code=$?
    printf '@@ %s %s %s\n' "$(wc -c <"$part")" "$code" "$name"
    cat "$part"
    echo
}

facts() {
    fact wait cloud-init status --wait
    # cloud-init may have ended before the units that wait for it have.
    systemctl is-system-running --wait >/dev/null 2>&1
    fact status cloud-init status --format json
    fact hostname cat /proc/sys/kernel/hostname
    fact boot-id cat /proc/sys/kernel/random/boot_id
    fact passwd cat /etc/passwd
    fact group cat /etc/group
    fact shadow cat /etc/shadow
    fact addresses ip -j address
    fact routes ip -j route
    fact failed-units systemctl --failed --plain --no-legend
    fact analyze systemd-analyze time
    # How long each unit took, and what the stage before the network waited for.
    fact blame systemd-analyze blame --no-pager
    fact chain systemd-analyze critical-chain --no-pager cloud-init-local.service
    fact units systemctl show cloud-init-main cloud-init-local cloud-init-network cloud-init cloud-config cloud-final -p Id -p Result -p CPUUsageNSec -p MemoryPeak
    for key in /etc/ssh/ssh_host_*_key.pub; do
        fact "host-key:$key" ssh-keygen -l -f "$key"
    done
    while read -r kind rest; do
        case $kind in
        path)
            for path in $rest; do
                [ -e "$path" ] || [ -L "$path" ] || continue
                fact "stat:$path" stat -c '%04a %U:%G %F' "$path"
                [ ! -f "$path" ] || fact "file:$path" cat "$path"
            done
            ;;
        probe)
            fact "probe:${rest%% *}" sh -c "${rest#* }"
            ;;
        esac
    done <"$questions"
    fact log cat /var/log/cloud-init.log
    fact output cat /var/log/cloud-init-output.log
    fact end true
}

facts >"$port"
sync
systemctl poweroff
