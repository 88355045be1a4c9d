#!/bin/bash
# packages.sh : makes the .deb and the .rpm, lints them, and installs, upgrades, swaps, rolls back, purges and boots them in
# roots that are thrown away. A run takes some of the rows; with CLOUD_INIT_LONG_CI all of them, with more boots.
set -eu
cd "$(dirname "$0")/.."
target_dir=${CARGO_TARGET_DIR:-target}
long=${CLOUD_INIT_LONG_CI:-}
[ -x "$target_dir/package/debian/cloud-init" ] || packaging/build.sh debian
packaging/deb.sh
# The program is the same: cloud.cfg, units and layout differ.
packaging/generated.sh centos
cp "$target_dir/package/debian/cloud-init" "$target_dir/package/centos/"
packaging/rpm.sh centos
deb=$(ls "$target_dir"/debian/*.deb)
rpm=$(ls "$target_dir"/rpm/centos/*.rpm)
ls -l "$deb" "$rpm"

# What tools look for: the files of upstream's package in the root that the table uses, other than Python's.
cargo run --quiet --package boot -- prepare
files=$(dpkg-deb --fsys-tarfile "$deb" | tar -t | sed 's|^\./|/|')
# One process runs the four stages of upstream; scripts for sysvinit; its own overrides.
missing=$(grep -v -e python3 -e '/share/doc/' -e cloud-init-main -e '/init\.d' -e /lintian \
    target/boot/trixie/var/lib/dpkg/info/cloud-init.list | while read -r file; do
    grep -qx -e "$file" -e "$file/" <<< "$files" || [ "$file" = /. ] || echo "$file"
done)
[ -z "$missing" ] || { echo "$deb lacks files of upstream's package:"; echo "$missing"; exit 1; }
found=$(lintian --allow-root --profile debian --fail-on none "$deb" 2>&1 | grep '^[EW]:' || true)
[ -z "$found" ] || { echo "lintian:"; echo "$found"; exit 1; }
rpmlint --config packaging/rpm/rpmlint.toml "$rpm" packaging/rpm/cloud-init-rs.spec | tail -n 3 |
    grep -q ' 0 errors, 0 warnings' || { rpmlint --config packaging/rpm/rpmlint.toml "$rpm" packaging/rpm/cloud-init-rs.spec; exit 1; }

# Nothing orders a stage both before and after the same: of every family that has an order of its own.
for distro in debian ubuntu fedora rhel amazon opensuse; do
    packaging/units.sh "$distro" "$target_dir/package/verify"
    ! grep -q '^@' "$target_dir"/package/verify/* || { echo "units of $distro contain unexpanded lines"; exit 1; }
    tests/packages/order.sh "$distro" "$target_dir/package/verify"
done

# Shells read their completions, and a shell that is typed into offers them.
completions=$target_dir/package/debian/completions
zsh -n "$completions/_cloud-init"
fish -n "$completions/cloud-init.fish"
tests/packages/completion.sh "$completions"

# A root of an older release with its cloud-init 22.4, which has other units and paths, and fails to boot in these containers.
bookworm() {
    local base=$target_dir/package/bookworm
    [ -e "$base/etc/os-release" ] || {
        rm -rf "$base.part"
        mmdebstrap --quiet --mode=root --variant=minbase --components=main --aptopt='APT::Install-Recommends "false"' \
            --include=cloud-init,openssh-server,sudo,iproute2,netplan.io,procps,udev,systemd-sysv,locales \
            bookworm "$base.part" && mv "$base.part" "$base"
    }
    BASE=$base tests/packages/matrix.sh "$@"
}
others="verify over-python upgrade reinstall edited-conffile disabled-unit disabled-by-python purge-both-reversed remove-install
    depends no-systemd preseed"
if [ -n "$long" ]; then
    MATRIX=long tests/packages/matrix.sh
    # shellcheck disable=SC2086
    bookworm fresh rollback-purge purge-python-under-us purge split $others
else
    drawn=$(printf '%s\n' $others | shuf -n 3)
    suite=$(shuf -n 1 -e trixie bookworm)
    echo "drawn in this run, on $suite:" $drawn
    rows="fresh minimal image over-booted-python rollback rollback-purge purge-python-under-us purge split"
    # shellcheck disable=SC2086
    case $suite in
    trixie) tests/packages/matrix.sh $rows $drawn ;;
    bookworm) tests/packages/matrix.sh $rows && bookworm fresh rollback-purge $drawn ;;
    esac
fi
tests/packages/rpm-matrix.sh
# Unpacking all crates takes a minute or two.
if [ -n "$long" ] || [ "$(shuf -n 1 -e yes no no)" = yes ]; then
    tests/packages/source.sh
else
    echo "source package: not drawn in this run"
fi
tests/packages/recipes.sh "$target_dir/package/debian/cloud-init"
tests/packages/images.sh "$target_dir/package/debian/cloud-init"
