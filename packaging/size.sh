#!/bin/sh
# size.sh FEATURES : builds the static release program with these features and prints its size in bytes.
set -eu
cd "$(dirname "$0")/.."
target=$(rustc -vV | sed -n 's/^host: //p')
RUSTFLAGS="${RUSTFLAGS:-} -C target-feature=+crt-static" \
    cargo build --quiet --release --target "$target" --no-default-features --features "$1"
stat -c '%s bytes: '"$1" "${CARGO_TARGET_DIR:-target}/$target/release/cloud-init"
