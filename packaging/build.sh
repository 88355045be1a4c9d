#!/bin/sh
# build.sh DISTRO [FEATURES] : builds the static program with these features (default: all), and creates in
# target/package/DISTRO what install.sh installs: cloud.cfg, templates, man pages, completions, schemas, units.
# A tool of the build writes them: the program of the image does not contain it.
set -eu
cd "$(dirname "$0")/.."
distro=$1
features=${2:-full}
target_dir=${CARGO_TARGET_DIR:-target}
target=$(rustc -vV | sed -n 's/^host: //p')
profile=$(packaging/profile.sh "$features")
RUSTFLAGS="${RUSTFLAGS:-} $(packaging/linking.sh)" \
    cargo build --profile "$profile" --target "$target" --bin cloud-init --no-default-features --features "$features"
packaging/generated.sh "$distro" "$features"
cp "$target_dir/$target/$profile/cloud-init" "$target_dir/package/$distro/cloud-init"
packaging/weigh.sh "$target_dir/package/$distro/cloud-init" "$features"
