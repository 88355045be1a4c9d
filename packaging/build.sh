#!/bin/sh
# build.sh DISTRO [FEATURES] : builds the static program for a target, and creates in target/package/DISTRO
# the contents of the .deb and the .rpm: cloud.cfg, templates, man pages, completions, units.
set -eu
cd "$(dirname "$0")/.."
distro=$1
features=${2:-}
target=$(rustc -vV | sed -n 's/^host: //p')
export RUSTFLAGS="${RUSTFLAGS:-} -C target-feature=+crt-static"
if [ -n "$features" ]; then
    cargo build --release --target "$target" --no-default-features --features "$features"
else
    cargo build --release --target "$target"
fi
program=target/$target/release/cloud-init
out=target/package/$distro
rm -rf "$out"
mkdir -p "$out"
cp "$program" "$out/cloud-init"
"$program" generate cloud-cfg "$distro" > "$out/cloud.cfg"
"$program" generate templates "$out/templates"
"$program" generate man "$out/man"
"$program" generate completions "$out/completions"
packaging/units.sh "$distro" "$out/systemd"
