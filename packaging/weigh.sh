#!/bin/sh
# weigh.sh PROGRAM FEATURES : prints the size of the program in bytes, plain and compressed, beside that of the last release,
# which packaging/sizes has for some sets of features.
set -eu
program=$1 features=$2
sizes=$(dirname "$0")/sizes
# kind BYTES COLUMN
kind() {
    last=$(awk -v features="$features" -v column="$3" '$1 == features { print $column }' "$sizes")
    echo "$2 bytes$1: $features${last:+, last release $last ($(($2 - last)))}"
}
kind '' "$(wc -c < "$program")" 2
if command -v xz > /dev/null; then
    kind ' compressed' "$(xz -9 -c "$program" | wc -c)" 3
fi
