#!/bin/bash
# old-kernel.sh PROGRAM : the four stages of a first boot in an empty root that says CentOS 7, on a kernel that answers
# ENOSYS to every system call newer than 3.10, which strace simulates. Prints which of them the program tried.
set -eu
program=$(realpath "$1")
root=$(mktemp -d)
trap 'rm -rf "$root" "$root.log"' EXIT
mkdir -p "$root"/{etc/cloud,proc,sys,run,dev,tmp,var/log,var/lib/cloud/seed/nocloud,etc/sysconfig/network-scripts}
cp "$program" "$root/cloud-init"
mknod -m 666 "$root/dev/random" c 1 8
mknod -m 666 "$root/dev/urandom" c 1 9
mknod -m 666 "$root/dev/null" c 1 3
# What tells that ifcfg files are read here; nothing brings links up.
mkdir -p "$root/usr/sbin"
touch "$root/usr/sbin/ifup" "$root/usr/sbin/ifdown" "$root/etc/sysconfig/network-scripts/network-functions"
chmod +x "$root/usr/sbin/ifup" "$root/usr/sbin/ifdown"
printf 'root:x:0:0:root:/root:/bin/sh\nalice:x:1234:1234::/home/alice:/bin/sh\n' > "$root/etc/passwd"
printf 'root:x:0:\nalice:x:1234:\n' > "$root/etc/group"
printf 'NAME="CentOS Linux"\nID="centos"\nVERSION_ID="7"\nID_LIKE="rhel fedora"\n' > "$root/etc/os-release"
cat > "$root/etc/cloud/cloud.cfg" << 'CFG'
datasource_list: [ NoCloud, None ]
cloud_init_modules: [ seed_random, write_files, update_etc_hosts ]
cloud_config_modules: [ timezone ]
cloud_final_modules: [ final_message ]
manage_etc_hosts: localhost
system_info: {distro: centos}
CFG
printf 'instance-id: i-old\nlocal-hostname: old\n' > "$root/var/lib/cloud/seed/nocloud/meta-data"
printf '#cloud-config\nwrite_files: [{path: /srv/written, owner: "alice:alice", permissions: "0640", content: ok}]\n' \
    > "$root/var/lib/cloud/seed/nocloud/user-data"
printf 'version: 2\nethernets: {eth0: {match: {macaddress: "52:54:00:00:00:01"}, dhcp4: true}}\n' \
    > "$root/var/lib/cloud/seed/nocloud/network-config"

# System calls with the release that introduced them, syscalls(2); those that strace knows for this architecture.
newer="kcmp:3.5? sched_setattr:3.14 sched_getattr:3.14 renameat2:3.15 seccomp:3.17 getrandom:3.17 memfd_create:3.17
    kexec_file_load:3.17 bpf:3.18 execveat:3.19 userfaultfd:4.2 membarrier:4.3 mlock2:4.4 copy_file_range:4.5 preadv2:4.6
    pwritev2:4.6 pkey_mprotect:4.9 pkey_alloc:4.9 pkey_free:4.9 statx:4.11 io_pgetevents:4.18 rseq:4.18
    pidfd_send_signal:5.1 io_uring_setup:5.1 io_uring_enter:5.1 io_uring_register:5.1 open_tree:5.2 move_mount:5.2
    fsopen:5.2 fsconfig:5.2 fsmount:5.2 fspick:5.2 pidfd_open:5.3 clone3:5.3 close_range:5.9 openat2:5.6
    pidfd_getfd:5.6 faccessat2:5.8 process_madvise:5.10 epoll_pwait2:5.11 mount_setattr:5.12 quotactl_fd:5.14
    landlock_create_ruleset:5.13 landlock_add_rule:5.13 landlock_restrict_self:5.13 memfd_secret:5.14
    process_mrelease:5.15 futex_waitv:5.16 set_mempolicy_home_node:5.17 cachestat:6.5 fchmodat2:6.6 map_shadow_stack:6.6
    futex_wake:6.7 futex_wait:6.7 futex_requeue:6.7 statmount:6.8 listmount:6.8 lsm_get_self_attr:6.8 mseal:6.10"
calls=
for row in $newer; do
    call=${row%%:*}
    case $row in *\?) continue ;; esac
    strace -qq -e trace="$call" true 2> /dev/null && calls=$calls,$call
done
calls=${calls#,}

for stage in "init --local" "init" "modules --mode config" "modules --mode final"; do
    # shellcheck disable=SC2086
    strace -f -qq --seccomp-bpf -A -o "$root.log" -e "trace=$calls" -e "inject=$calls:error=ENOSYS" -e signal=none \
        chroot "$root" /cloud-init $stage > "$root/tmp/output" 2>&1 ||
        { echo "$stage failed:"; cat "$root/tmp/output"; tail -n 30 "$root/var/log/cloud-init.log"; exit 1; }
done
expect() { [ "$2" = "$3" ] || { echo "$1: expected '$2', found '$3'"; cat "$root/var/log/cloud-init.log"; exit 1; }; }
expect written "ok 1234:1234 640" "$(cat "$root/srv/written") $(stat -c '%u:%g %a' "$root/srv/written")"
expect ifcfg "DEVICE=eth0" "$(grep -h ^DEVICE= "$root/etc/sysconfig/network-scripts/ifcfg-eth0")"
expect status "done" "$(python3 -c 'import json, sys
status = json.load(open(sys.argv[1] + "/run/cloud-init/status.json"))["v1"]
errors = [error for stage in status.values() if isinstance(stage, dict) for error in stage.get("errors", [])]
print("done" if not errors and status["stage"] is None and status["modules-final"]["finished"] else (errors, status["stage"]))' "$root")"
[ -s "$root/var/lib/cloud/data/result.json" ] || { echo "no result.json"; exit 1; }
# The same calls are made by chroot(1) before the program is executed.
echo "old-kernel: four stages passed; refused:" "$(grep -oE ' [a-z0-9_]+\(' "$root.log" | tr -d ' (' | sort | uniq -c |
    sort -rn | awk '{printf "%s %s×, ", $2, $1}' | sed 's/, $//')"
