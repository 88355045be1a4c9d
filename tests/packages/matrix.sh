#!/usr/bin/env bash
# matrix.sh [ROW…] : installs, upgrades, takes over, rolls back and purges the .deb in Debian roots that are thrown away,
# boots some of them, and prints a table. Upstream's package is the one of the root that tests/boot builds.
# With MATRIX=long, every row that can be booted is. Needs root, and `cargo run -p boot -- prepare`; BASE is another root with
# upstream's package.
set -u
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
target_dir=${CARGO_TARGET_DIR:-target}
[ -n "${MATRIX_INSIDE:-}" ] || exec env MATRIX_INSIDE=1 unshare --mount --propagation private "$0" "$@"

base=$(realpath "${BASE:-target/boot/trixie}")
deb=$(realpath "$(ls "$target_dir"/debian/*.deb)")
work=$(mktemp -d "${TMPDIR:-/tmp}/packages.XXXXXX")
root=$work/root
trap 'umount -R "$root" 2> /dev/null; rm -rf "$work"' EXIT
. "$here/roots.sh"
only=" $* "
failed=0

repack "$base" cloud-init "$work/python.deb"
cp "$deb" "$work/ours.deb"
rm -rf "$work/next"
dpkg-deb -R "$deb" "$work/next" && sed -i 's/^Version: .*/Version: 0.1.0-2/' "$work/next/DEBIAN/control" &&
    dpkg-deb --build --root-owner-group -Zgzip -z1 "$work/next" "$work/next.deb" > /dev/null
rm -rf "$work/next"
stub needs-recent 1 "Depends: cloud-init (>= 24.1)"
stub needs-revision 1 "Depends: cloud-init (>= 26.2-0ubuntu1)"
for part in base azure cloud-sigma smart-os; do stub "cloud-init-$part" 25.1-1; done
stub cloud-init-meta 1 "Depends: cloud-init-base, cloud-init-azure, cloud-init-cloud-sigma, cloud-init-smart-os"
python_enabled=$(root=$base links)

state() {
    mkdir -p "$root/var/lib/cloud/instances/i-kept" "$root/var/lib/cloud/seed/nocloud"
    ln -sfn /var/lib/cloud/instances/i-kept "$root/var/lib/cloud/instance"
    echo kept > "$root/var/lib/cloud/instances/i-kept/marker"
    echo log > "$root/var/log/cloud-init.log"
}
kept() { expect "state" "kept log" "$(cat "$root/var/lib/cloud/instances/i-kept/marker" 2> /dev/null) $(cat "$root/var/log/cloud-init.log" 2> /dev/null)"; }
seed() {
    mkdir -p "$root/var/lib/cloud/seed/nocloud"
    echo 'instance-id: i-packages' > "$root/var/lib/cloud/seed/nocloud/meta-data"
    printf '#cloud-config\nruncmd: ["echo $(cat /proc/sys/kernel/random/boot_id) >> /var/log/ran"]\n' \
        > "$root/var/lib/cloud/seed/nocloud/user-data"
}
ours() { expect "enabled" "$ours_enabled" "$(links)"; }
python() { expect "enabled" "$python_enabled" "$(living)"; }
boots() { expect "boot" done "$(machine 90)"; }
longboot() { [ "${MATRIX:-}" != long ] || { seed; boots; }; }
without_python() { inside dpkg --force-depends --purge cloud-init; inside rm -rf /var/lib/cloud /etc/cloud; }
over_python() { apt install /debs/ours.deb; }
back() { apt install /debs/python.deb; }

# row NAME: a function row_NAME, in an overlay of its own.
row() {
    local name=$1 begun=$SECONDS
    [ "$only" = "  " ] || [[ "$only" == *" $name "* ]] || return 0
    problems=
    : > "$work/log"
    enter "$base"
    "row_${name//-/_}"
    # What dpkg and the scripts print besides their progress.
    local warned
    warned=$(grep -iE '^dpkg: (warning|error)|warning:|not empty|Failed to|cannot|No such' "$work/log" |
        grep -vE 'while removing cloud-init, directory|directory ./usr/lib/systemd/system-generators. not empty|apt does not have a stable|unable to delete old directory' | sort -u | head -n 3)
    [ -z "$warned" ] || problems="$problems; printed: $warned"
    [ -z "$problems" ] || failed=$((failed + 1))
    [ -z "${MATRIX_LOG:-}" ] || cat "$work/log"
    printf '%-22s %-6s %3d s  %s\n' "$name" "$([ -z "$problems" ] && echo ok || echo FAILED)" $((SECONDS - begun)) "${problems#; }"
}

row_fresh() {
    without_python
    apt install /debs/ours.deb
    ours
    seed
    boots
    # What ssh-keygen draws is printed once for each key.
    expect "drawings of keys" "$(find "$root/etc/ssh" -name 'ssh_host_*_key' | wc -l)" \
        "$(grep -c 'randomart image is' "$root/var/log/cloud-init-output.log")"
    # A message names a page that the package has installed.
    echo '#cloud-config
userz: []' > "$root/user-data"
    expect page yes "$(test -e "$root/$(chroot "$root" cloud-init schema -c /user-data 2>&1 | sed -n 's/^ *see //p')" && echo yes)"
}
row_minimal() {
    # Nothing that is recommended, and no network to install it from.
    without_python
    chroot "$root" dpkg-query -W -f '${binary:Package} ${Status}\n' locales netplan.io cloud-guest-utils openssh-server 2> /dev/null |
        sed -n 's/ install ok installed//p' > "$work/recommended"
    # shellcheck disable=SC2046
    inside dpkg --purge --force-depends $(cat "$work/recommended")
    sed -i '/^netdev:/d' "$root/etc/group" "$root/etc/gshadow"
    apt install /debs/ours.deb
    ours
    seed
    boots
    expect warnings "" "$(grep WARNING "$root/var/log/cloud-init.log")"
    expect "default user" "1000 1000" "$(chroot "$root" sh -c 'echo $(id -u debian) $(id -g debian)')"
    expect "slow modules" "" "$(chroot "$root" cloud-init analyze blame | awk '$1 + 0 > 5')"
}
row_image() {
    # What docs/install/images.md has Packer run before it saves an image; the next machine boots from that.
    without_python
    apt install /debs/ours.deb
    seed
    boots
    local commands
    commands=$(sed -n 's/^ *inline = \[\(.*\)\]$/\1/p' docs/install/images.md | grep -o '"[^"]*"' | tr -d '"' | sed 's/^sudo //')
    expect commands "cloud-init status --wait" "$(head -n 1 <<< "$commands")"
    while read -r command; do
        inside sh -c "$command"
    done <<< "$(tail -n +2 <<< "$commands")"
    expect left "" "$(chroot "$root" cloud-init clean --check)"
    seed
    boots
    expect "runs of runcmd" 2 "$(sort -u "$root/var/log/ran" | wc -l)"
}
row_over_python() { state; over_python; ours; kept; longboot; }
row_over_booted_python() {
    seed
    boots
    cp "$root/var/log/ran" "$work/ran"
    mkdir -p "$root/debs"; mount -t tmpfs tmpfs "$root/debs"; cp "$work"/*.deb "$root/debs/"
    over_python
    ours
    expect "machine's warnings" "" "$(systemd_warnings)"
    boots
    expect "once per instance" "$(cat "$work/ran")" "$(cat "$root/var/log/ran")"
}
row_upgrade() { state; over_python; inside dpkg -i /debs/next.deb; ours; kept; }
row_reinstall() { state; over_python; inside dpkg -i /debs/ours.deb; ours; kept; }
row_edited_conffile() {
    over_python
    echo '# edited' >> "$root/etc/cloud/cloud.cfg"
    echo '# edited' >> "$root/etc/cloud/templates/hosts.debian.tmpl"
    inside dpkg -i --force-confdef --force-confold /debs/next.deb
    expect edited "# edited# edited" "$(tail -qn1 "$root/etc/cloud/cloud.cfg" "$root/etc/cloud/templates/hosts.debian.tmpl" | tr -d '\n')"
    ours
}
row_disabled_unit() {
    over_python
    inside systemctl --root=/ disable cloud-init-hotplugd.socket
    inside dpkg -i /debs/ours.deb
    inside dpkg -i /debs/next.deb
    expect enabled "${ours_enabled/cloud-init-hotplugd.socket /}" "$(links)"
}
row_disabled_by_python() {
    inside systemctl --root=/ disable cloud-init-hotplugd.socket
    over_python
    expect enabled "${ours_enabled/cloud-init-hotplugd.socket /}" "$(links)"
}
row_rollback() { state; over_python; back; python; kept; seed; boots; }
row_rollback_purge() { state; over_python; back; inside dpkg --purge cloud-init-rs; python; kept
    expect "links" "$(living)" "$(links)"
    expect "cloud.cfg" yes "$([ -s "$root/etc/cloud/cloud.cfg" ] && echo yes)"; longboot; }
row_purge_python_under_us() { state; over_python; inside dpkg --purge cloud-init; ours; kept
    expect "cloud.cfg" yes "$([ -s "$root/etc/cloud/cloud.cfg" ] && echo yes)"; longboot; }
row_purge() { state; over_python; inside dpkg --purge cloud-init; inside dpkg --purge cloud-init-rs
    expect left "" "$(links; ls -d "$root/var/lib/cloud" "$root/var/log/cloud-init.log" "$root/etc/cloud/cloud.cfg" 2> /dev/null)"
    expect records "" "$(ls "$root/var/lib/systemd/deb-systemd-helper-enabled" | grep cloud-)"; }
row_purge_both_reversed() { state; over_python; inside dpkg --purge cloud-init-rs; inside dpkg --purge cloud-init
    expect left "" "$(links; ls -d "$root/etc/cloud/cloud.cfg" 2> /dev/null)"; }
row_remove_install() { state; over_python; inside dpkg --remove cloud-init-rs; inside dpkg -i /debs/ours.deb; ours; kept; }
row_depends() { over_python; inside dpkg -i /debs/needs-recent.deb /debs/needs-revision.deb; inside apt-get -q check; }
row_split() {
    inside dpkg --force-depends --remove cloud-init
    inside dpkg -i /debs/cloud-init-base.deb /debs/cloud-init-azure.deb /debs/cloud-init-cloud-sigma.deb \
        /debs/cloud-init-smart-os.deb /debs/cloud-init-meta.deb
    over_python
    expect removed "" "$(chroot "$root" dpkg-query -W -f '${db:Status-Abbrev}${Package}\n' 'cloud-init-*' | grep '^ii' | grep -v -e meta -e rs)"
    inside apt-get -q check
    ours
}
row_no_systemd() {
    # As debootstrap orders packages: systemd comes later, and nothing asks for the units then.
    without_python
    mv "$root/usr/bin/systemctl" "$root/usr/bin/systemctl.later"
    inside dpkg -i /debs/ours.deb
    mv "$root/usr/bin/systemctl.later" "$root/usr/bin/systemctl"
    ours
    longboot
}
row_preseed() {
    without_python
    command -v true > /dev/null
    printf '%s\n' 'cloud-init cloud-init/maas-metadata-url string http://10.0.0.2/MAAS/metadata' \
        'cloud-init cloud-init/maas-metadata-credentials string oauth_consumer_key=ck&oauth_token_key=tk%2B1&oauth_token_secret=s' \
        'cloud-init cloud-init/local-cloud-config string locale: en_US.UTF-8\nmanage_etc_hosts: true\n' > "$root/answers"
    inside sh -c 'debconf-set-selections < /answers; dpkg -i /debs/ours.deb'
    expect maas "600 ck http://10.0.0.2/MAAS/metadata tk+1 s" "$(python3 - "$root" << 'PYTHON'
import os, sys, yaml
path = sys.argv[1] + "/etc/cloud/cloud.cfg.d/90_dpkg_maas.cfg"
maas = yaml.safe_load(open(path))["datasource"]["MAAS"]
print(oct(os.stat(path).st_mode & 0o777)[2:], maas["consumer_key"], maas["metadata_url"], maas["token_key"], maas["token_secret"])
PYTHON
)"
    expect local "locale: en_US.UTF-8 manage_etc_hosts: true" "$(grep -v '^#' "$root/etc/cloud/cloud.cfg.d/90_dpkg_local_cloud_config.cfg" | xargs)"
}
row_verify() {
    over_python
    expect "systemd-analyze verify" "" "$(systemd_warnings)"
}
systemd_warnings() {
    chroot "$root" systemd-analyze verify --man=no $(cd "$root/usr/lib/systemd/system" && ls -d cloud-*) 2>&1 |
        grep -i 'cloud\|cycle' | head -n 3
}

for name in verify fresh minimal image over-python over-booted-python upgrade reinstall edited-conffile disabled-unit disabled-by-python \
    rollback rollback-purge purge-python-under-us purge purge-both-reversed remove-install depends split no-systemd preseed; do
    row "$name"
done
[ "$failed" = 0 ]
