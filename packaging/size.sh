#!/bin/sh
# size.sh FEATURES : builds the static release program with these features and prints its size in bytes, plain and
# compressed, and that of its sections.
set -eu
cd "$(dirname "$0")/.."
target=$(rustc -vV | sed -n 's/^host: //p')
profile=$(packaging/profile.sh "$1")
RUSTFLAGS="${RUSTFLAGS:-} $(packaging/linking.sh)" \
    cargo build --quiet --profile "$profile" --target "$target" --no-default-features --features "$1"
program=${CARGO_TARGET_DIR:-target}/$target/$profile/cloud-init
packaging/weigh.sh "$program" "$1"
if command -v size >/dev/null; then
    # Name and size of what has a size, the largest first.
    size -A "$program" | awk '$2 ~ /^[0-9]+$/ && $2 >= 65536 && $1 != "Total" { print $2 " bytes " $1 }' | sort -rn
fi
