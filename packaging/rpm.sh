#!/bin/sh
# rpm.sh [DISTRO] : creates target/rpm/DISTRO/cloud-init-rs-*.rpm from what `build.sh DISTRO` (default: centos) has made.
set -eu
cd "$(dirname "$0")/.."
distro=${1:-centos}
target_dir=$(realpath -m "${CARGO_TARGET_DIR:-target}")
work=$target_dir/package/rpm-work
rm -rf "$work"
rm -rf "$target_dir/rpm/$distro"
mkdir -p "$work" "$target_dir/rpm/$distro"
# _dbpath: building needs no database of installed packages.
rpmbuild -bb --quiet --nodeps --define "_topdir $work" --define "_rpmdir $target_dir/rpm/$distro" \
    --define "_rpmfilename %{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}.rpm" --define "_dbpath $work/db" \
    --define "_built $target_dir/package/$distro" --define "_source $PWD" --define "_variant $distro" \
    packaging/rpm/cloud-init-rs.spec > "$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
grep -i 'warning' "$work/log" >&2 || true
