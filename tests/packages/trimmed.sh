#!/bin/bash
# trimmed.sh PROGRAM : what a static program with the features target-appliance says of what it contains and what it lacks.
set -eu
program=$(realpath "$1")
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
fail() { echo "trimmed.sh: $*" >&2; exit 1; }

all=$("$program" features --all)
for line in "data-source NoCloud" "data-source ConfigDrive" "distribution debian" "module runcmd" "renderer netplan" "renderer eni"; do
    grep -qxF "$line" <<< "$all" || fail "features --all lacks '$line'"
done
for line in "feature http" "feature tls" "data-source Ec2" "distribution centos" "renderer sysconfig"; do
    ! grep -qxF "$line" <<< "$all" || fail "features --all has '$line'"
done

for row in schema:schema plan:plan explain:explain net:net-tools analyze:admin-tools collect-logs:admin-tools generate:packaging; do
    code=0
    said=$("$program" "${row%:*}" 2>&1) || code=$?
    expected="error: the command '${row%:*}' is not in this build; the feature ${row#*:} has it"
    [ "$code:$said" = "2:$expected" ] || fail "${row%:*}: $code: $said"
done

# An image whose seed is for another source.
mkdir -p "$root"/{etc/cloud,dev,run,tmp,var/log,var/lib/cloud/seed/ec2}
cp "$program" "$root/cloud-init"
printf 'ID=debian\nVERSION_ID=13\n' > "$root/etc/os-release"
printf 'datasource_list: [NoCloud, Ec2]\nsystem_info: {distro: debian}\n' > "$root/etc/cloud/cloud.cfg"
printf '#cloud-config\n' > "$root/var/lib/cloud/seed/ec2/user-data"
chroot "$root" /cloud-init init --local > /dev/null 2>&1 || fail "init --local fails"
said=$(chroot "$root" /cloud-init init 2>&1) && fail "a boot without a data source succeeds"
expected="no data source found; looked for NoCloud; not in this build: Ec2; unused seeds: /var/lib/cloud/seed/ec2"
grep -qF "$expected" <<< "$said" || fail "init: $said"
echo "trimmed: $(grep -c . <<< "$all") lines of features, and what is left out is named"
