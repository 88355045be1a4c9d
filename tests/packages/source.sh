#!/bin/bash
# source.sh : makes the source package and the archives of packaging/source.sh, unpacks them as dpkg and rpm do, and has
# cargo resolve every crate without a network. With CLOUD_INIT_LONG_CI the Debian package is built from them.
set -eu
cd "$(dirname "$0")/../.."
target_dir=$(realpath -m "${CARGO_TARGET_DIR:-target}")
packaging/source.sh > /dev/null
source=$target_dir/source
work=$(mktemp -d "${TMPDIR:-/tmp}/source.XXXXXX")
trap 'rm -rf "$work"' EXIT

mkdir -p "$work/rpm/SOURCES" "$work/cargo"
ln -s "$source"/*.tar.gz "$work/rpm/SOURCES/"
rpmbuild -bp --quiet --nodeps --define "_topdir $work/rpm" --define "_dbpath $work/db" packaging/rpm/cloud-init-rs.spec
unpacked=$(echo "$work"/rpm/BUILD/cloud-init-rs-*)
[ -s "$unpacked/.cargo/config.toml" ] || { echo "source.sh: the spec does not use the vendored crates" >&2; exit 1; }
rm -rf "$work/rpm"

dpkg-source --no-check -x "$source"/*.dsc "$work/debian" > /dev/null
sed "s|\"vendor\"|\"$work/debian/vendor\"|" "$work/debian/vendor/config.toml" > "$work/cargo/config.toml"
crates=$(cd "$work/debian" && CARGO_HOME=$work/cargo unshare --net cargo metadata --offline --locked --format-version 1 |
    grep -o '"id":"' | wc -l)
echo "source package: $crates crates without a network"
[ -n "${CLOUD_INIT_LONG_CI:-}" ] || exit 0
# Debian's cargo is older than the program needs; rustup's is in another home than the one that debhelper makes.
RUSTUP_HOME=${RUSTUP_HOME:-$HOME/.rustup}
export RUSTUP_HOME
(cd "$work/debian" && unshare --net dpkg-buildpackage --build=binary --no-sign --no-check-builddeps > "$work/log" 2>&1) ||
    { tail -n 40 "$work/log" >&2; exit 1; }
ls -l "$work"/*.deb
