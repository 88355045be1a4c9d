#!/bin/sh
# deb.sh : creates target/debian/cloud-init-rs_*.deb from what `build.sh debian` has made, with debhelper.
set -eu
cd "$(dirname "$0")/.."
target_dir=$(realpath -m "${CARGO_TARGET_DIR:-target}")
work=$target_dir/package/deb-work
rm -rf "$work" "$target_dir/debian"
mkdir -p "$work/source" "$target_dir/debian"
# Only what the package is made of: the program has been built.
cp -r packaging docs LICENSE "$work/source/"
mkdir "$work/source/modules"
cp -r modules/examples "$work/source/modules/"
cp -r packaging/debian "$work/source/debian"
(
    cd "$work/source"
    BUILT="$target_dir/package/debian" dpkg-buildpackage --build=binary --no-sign --build-profiles=prebuilt > "$work/log" 2>&1
) || { cat "$work/log" >&2; exit 1; }
grep -i 'warning' "$work/log" >&2 || true
mv "$work"/*.deb "$target_dir/debian/"
