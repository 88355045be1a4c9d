#!/bin/sh
# source.sh : creates in target/source what packages are built from without a network: the sources of the current commit,
# the vendored crates, and Debian's source package (.dsc), whose second archive the crates are.
set -eu
cd "$(dirname "$0")/.."
target_dir=$(realpath -m "${CARGO_TARGET_DIR:-target}")
version=$(sed -n '/^\[workspace.package\]/,/^version/s/^version = "\(.*\)"/\1/p' Cargo.toml)
name=cloud-init-rs-$version
out=$target_dir/source
rm -rf "$out"
mkdir -p "$out/$name"
git archive --format=tar HEAD | tar -x -C "$out/$name"
(
    cd "$out/$name"
    cargo vendor --locked --quiet vendor > /dev/null
)
mv "$out/$name/vendor" "$out/vendor"
# What cargo would print: all crates are from one registry.
printf '%s\n' '[source.crates-io]' 'replace-with = "vendored-sources"' '' '[source.vendored-sources]' 'directory = "vendor"' \
    > "$out/vendor/config.toml"
archive() { tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$out" -cf - "$2" | gzip -9n > "$out/$1"; }
archive "$name.tar.gz" "$name"
archive "$name-vendor.tar.gz" vendor
if command -v dpkg-source > /dev/null; then
    cp "$out/$name.tar.gz" "$out/cloud-init-rs_$version.orig.tar.gz"
    cp "$out/$name-vendor.tar.gz" "$out/cloud-init-rs_$version.orig-vendor.tar.gz"
    mv "$out/vendor" "$out/$name/vendor"
    cp -r packaging/debian "$out/$name/debian"
    (cd "$out/$name" && dpkg-buildpackage --build=source --no-sign --no-check-builddeps > "$out/log" 2>&1) ||
        { cat "$out/log" >&2; exit 1; }
fi
rm -rf "${out:?}/$name" "$out/vendor"
ls -l "$out"
