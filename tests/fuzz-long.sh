#!/usr/bin/env bash
# `tests/fuzz-long.sh [SECONDS] [TARGET…]`: each fuzz target, or those that are named, for ten minutes or so many seconds,
# two at the same time, from the seeds of tests/fuzz-seeds.sh and the corpus of earlier runs. What finds a fault is kept in
# fuzz/found/TARGET, and every later run begins with it: commit it with what mends the fault.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-600}
[ $# = 0 ] || shift
export RUSTC_BOOTSTRAP=1 CARGO_TERM_COLOR=never
host=$(rustc -vV | sed -n 's/^host: //p')
seeds=target/fuzz-seeds
tests/fuzz-seeds.sh "$seeds"
mapfile -t targets < <(if [ $# = 0 ]; then cargo fuzz list; else printf '%s\n' "$@"; fi)
cargo fuzz build --target "$host" --sanitizer none

one() {
    local target=$1 log=$seeds/$1.log code=0
    mkdir -p "fuzz/corpus/$target"
    cargo fuzz run "$target" --target "$host" --sanitizer none "fuzz/corpus/$target" "$seeds/$target" -- \
        -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=20 -print_final_stats=1 -verbosity=0 > "$log" 2>&1 || code=$?
    local runs
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    if [ "$code" = 0 ]; then
        echo "$target: ${runs:-?} inputs, nothing found"
        return
    fi
    mkdir -p "fuzz/found/$target"
    find "fuzz/artifacts/$target" -type f -newer "$seeds/begun" -exec cp {} "fuzz/found/$target/" \;
    echo "$target: FOUND, the input is kept in fuzz/found/$target"
    grep -E 'panicked at|ERROR: libFuzzer|^SUMMARY' "$log" | head -n 5
    return 1
}
export -f one
export host seconds seeds
: > "$seeds/begun"
printf '%s\n' "${targets[@]}" | xargs -P 2 -I TARGET bash -c 'one TARGET'
