#!/bin/sh
# generated.sh DISTRO [FEATURES] : creates the generated files of target/package/DISTRO, as build.sh does, without the
# program.
set -eu
cd "$(dirname "$0")/.."
distro=$1
features=${2:-full}
target_dir=${CARGO_TARGET_DIR:-target}
cargo build --bin cloud-init-generate --no-default-features --features "$features,packaging"
generate=$target_dir/debug/cloud-init-generate
out=$target_dir/package/$distro
rm -rf "$out"
mkdir -p "$out"
"$generate" cloud-cfg "$distro" > "$out/cloud.cfg"
for kind in templates man completions schema; do
    # Without the feature `schema` there are no schemas.
    [ $kind != schema ] || "$generate" --help | grep -q '^  schema ' || continue
    "$generate" $kind "$out/$kind"
done
packaging/units.sh "$distro" "$out/systemd"
