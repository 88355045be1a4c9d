#!/usr/bin/env bash
# rpm-matrix.sh [ROW…] : installs, upgrades, swaps and removes the .rpm with dnf in a root that is thrown away, and prints
# a table. The distribution's package is a stub with upstream's units and the scripts that Fedora's macros expand to.
# The root is Debian's: only its shell and systemctl run.
set -u
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
target_dir=${CARGO_TARGET_DIR:-target}
[ -n "${MATRIX_INSIDE:-}" ] || exec env MATRIX_INSIDE=1 unshare --mount --propagation private "$0" "$@"

base=$(realpath "${BASE:-target/boot/trixie}")
work=$(mktemp -d "${TMPDIR:-/tmp}/packages.XXXXXX")
root=$work/root
trap 'umount -R "$root" 2> /dev/null; rm -rf "$work"' EXIT
. "$here/roots.sh"
only=" $* "
failed=0
repository=$work/repository
mkdir -p "$repository"

# The distribution's package: four units, of which two only Python's program has.
python_units="cloud-init-local.service cloud-init.service cloud-config.service cloud-final.service"
cat > "$work/stub.spec" << SPEC
Name: cloud-init
Version: 24.4
Release: 1
Summary: stands for the distribution's package
License: Apache-2.0
BuildArch: noarch
%description
Stands for the distribution's package.
%install
mkdir -p %{buildroot}/usr/lib/systemd/system %{buildroot}/usr/bin %{buildroot}/etc/cloud
for unit in $python_units; do
    printf '[Service]\nType=oneshot\nExecStart=/bin/true\n[Install]\nWantedBy=cloud-init.target\n' \\
        > %{buildroot}/usr/lib/systemd/system/\$unit
done
echo '# python' > %{buildroot}/etc/cloud/cloud.cfg
printf '#!/bin/sh\n' > %{buildroot}/usr/bin/cloud-init
%post
if [ \$1 -eq 1 ]; then systemctl --no-reload preset $python_units || :; fi
%preun
if [ \$1 -eq 0 ]; then systemctl --no-reload disable $python_units || :; fi
%files
/usr/lib/systemd/system/*
/usr/bin/cloud-init
%config(noreplace) /etc/cloud/cloud.cfg
SPEC
build() { rpmbuild -bb --quiet --nodeps --define "_topdir $work/rpm" --define "_rpmdir $repository" --define "_dbpath $work/db" "$@"; }
build "$work/stub.spec" > "$work/log" 2>&1 || { cat "$work/log"; exit 1; }
cp "$target_dir"/rpm/centos/*.rpm "$repository/"
# The shell of the root.
printf '%s\n' 'Name: shell' 'Version: 1' 'Release: 1' 'Summary: the shell of the root' 'License: Apache-2.0' 'BuildArch: noarch' \
    'Provides: /bin/sh' '%description' 'The shell of the root.' '%files' > "$work/shell.spec"
build "$work/shell.spec" > "$work/log" 2>&1 || { cat "$work/log"; exit 1; }
# An upgrade: the next release of the same contents.
sed 's/^Release: .*/Release: 2/' packaging/rpm/cloud-init-rs.spec > "$work/next.spec"
build --define "_built $(realpath "$target_dir/package/centos")" --define "_source $PWD" "$work/next.spec" > "$work/log" 2>&1 ||
    { cat "$work/log"; exit 1; }
mkdir -p "$work/next"
find "$repository" -name 'cloud-init-rs-0.1.0-2*' -exec mv {} "$work/next/" \;
createrepo_c --quiet "$repository" 2> /dev/null

# dnf ARGUMENT…: in the root, from our repository alone.
package() {
    command dnf -q -y --installroot="$root" --releasever=9 --disablerepo='*' --repofrompath="local,file://$repository" \
        --enablerepo=local --nogpgcheck --setopt=reposdir=/nonexistent --setopt=cachedir="$work/cache" \
        --setopt=keepcache=0 --setopt=module_platform_id=platform:el9 "$@" >> "$work/log" 2>&1 ||
        problems="$problems; dnf $* failed: $(tail -n 2 "$work/log" | tr '\n' ' ')"
}
low() { rpm --root "$root" "$@" >> "$work/log" 2>&1 || problems="$problems; rpm $* failed: $(tail -n 2 "$work/log" | tr '\n' ' ')"; }
ours() { expect enabled "$ours_enabled" "$(links)"; }
python() { expect enabled "$(printf '%s\n' $python_units | sort | tr '\n' ' ')" "$(links)"; }
dangling() { expect dangling "" "$(find "$root/etc/systemd/system" -xtype l -name 'cloud-*' | while read -r link; do
    target=$(readlink "$link"); [ -e "$root$target" ] || echo "$link"; done)"; }
state() { mkdir -p "$root/var/lib/cloud/data"; echo kept > "$root/var/lib/cloud/data/instance-id"; }
kept() { expect state kept "$(cat "$root/var/lib/cloud/data/instance-id" 2> /dev/null)"; }

row() {
    local name=$1 begun=$SECONDS
    [ "$only" = "  " ] || [[ "$only" == *" $name "* ]] || return 0
    problems=
    : > "$work/log"
    enter "$base"
    chroot "$root" dpkg --force-depends --purge cloud-init > /dev/null 2>&1
    rm -rf "$root/etc/cloud" "$root/var/lib/cloud"
    # What Fedora's policy is: only named units are enabled.
    mkdir -p "$root/usr/lib/systemd/system-preset"
    printf 'enable %s\n' $python_units > "$root/usr/lib/systemd/system-preset/90-default.preset"
    echo 'disable *' > "$root/usr/lib/systemd/system-preset/99-default-disable.preset"
    low -i "$repository"/noarch/shell-1-1.noarch.rpm
    "row_${name//-/_}"
    local warned
    warned=$(grep -iE 'warning|error|scriptlet' "$work/log" | grep -v 'rpmnew' | sort -u | head -n 3)
    [ -z "$warned" ] || problems="$problems; printed: $warned"
    [ -z "$problems" ] || failed=$((failed + 1))
    [ -z "${MATRIX_LOG:-}" ] || cat "$work/log"
    printf '%-22s %-6s %3d s  %s\n' "$name" "$([ -z "$problems" ] && echo ok || echo FAILED)" $((SECONDS - begun)) "${problems#; }"
}

row_rpm_fresh() { package install cloud-init-rs; ours; dangling; low -V cloud-init-rs; }
row_rpm_boot() {
    package install cloud-init-rs
    mkdir -p "$root/var/lib/cloud/seed/nocloud"
    echo 'instance-id: i-packages' > "$root/var/lib/cloud/seed/nocloud/meta-data"
    printf '#cloud-config\nruncmd: ["echo ran >> /var/log/ran"]\n' > "$root/var/lib/cloud/seed/nocloud/user-data"
    expect boot done "$(machine 90)"
    expect script ran "$(cat "$root/var/log/ran" 2> /dev/null)"
}
row_rpm_distribution_stays() {
    # Nothing is replaced unasked: an upgrade of everything keeps the distribution's package.
    package install cloud-init-24.4-1
    package upgrade
    expect installed cloud-init-24.4-1.noarch "$(rpm --root "$root" -qa 'cloud-init*')"
}
row_rpm_swap() { package install cloud-init-24.4-1; python; state; package swap cloud-init cloud-init-rs; ours; dangling; kept; }
row_rpm_swap_back() {
    package install cloud-init-rs
    state
    package swap cloud-init-rs cloud-init-24.4-1
    expect installed cloud-init-24.4-1.noarch "$(rpm --root "$root" -qa 'cloud-init*')"
    python
    kept
}
row_rpm_upgrade() {
    low -i "$target_dir"/rpm/centos/*.rpm
    ours
    chroot "$root" systemctl --root=/ disable cloud-init-hotplugd.socket 2> /dev/null
    echo '# edited' >> "$root/etc/cloud/templates/hosts.redhat.tmpl"
    low -U "$work"/next/*.rpm
    expect enabled "${ours_enabled/cloud-init-hotplugd.socket /}" "$(links)"
    expect edited '# edited' "$(tail -n 1 "$root/etc/cloud/templates/hosts.redhat.tmpl")"
}
row_rpm_remove() { low -i "$target_dir"/rpm/centos/*.rpm; state; low -e cloud-init-rs; expect enabled "" "$(links)"; dangling; kept
    expect left "" "$(ls -d "$root/etc/cloud" "$root/usr/libexec/cloud-init" "$root/usr/share/cloud-init" 2> /dev/null)"; }

# The oldest rpm that reads it is 4.11 of CentOS 7: gzip, and the features that it knows.
expect_old() {
    problems=
    local rpm
    rpm=$(ls "$target_dir"/rpm/centos/*.rpm)
    expect payload "cpio gzip" "$(rpm -qp --queryformat '%{PAYLOADFORMAT} %{PAYLOADCOMPRESSOR}' "$rpm")"
    expect features "" "$(rpm -qp --requires "$rpm" | grep '^rpmlib(' |
        grep -v -e CompressedFileNames -e FileDigests -e PayloadFilesHavePrefix -e PayloadIsXz)"
    expect requires "" "$(rpm -qp --requires "$rpm" | grep -v -e '^rpmlib(' -e '^/bin/sh$' -e '^config(cloud-init-rs)')"
    expect obsoletes "" "$(rpm -qp --obsoletes "$rpm")"
    [ -z "$problems" ] || failed=$((failed + 1))
    printf '%-22s %s  %s\n' rpm-oldest-reader "$([ -z "$problems" ] && echo ok || echo FAILED)" "${problems#; }"
}

expect_old
for name in rpm-fresh rpm-boot rpm-distribution-stays rpm-swap rpm-swap-back rpm-upgrade rpm-remove; do
    row "$name"
done
[ "$failed" = 0 ]
