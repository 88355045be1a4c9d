#!/usr/bin/env bash
# How much of the program the tests hold: `tests/mutants.sh [COUNT] [SEED]` changes one function at a time, as
# cargo-mutants proposes, and runs the tests. A change that no test notices survives, and is listed at the end.
#
# COUNT changes (30 unless said otherwise) are drawn by SEED, which is printed: the same seed draws the same of the same
# sources. The tests of the changed crate come first, then those of every crate that depends on it and the black-box
# tests; nothing else can notice. The sources are changed in a copy below target/mutants. CLOUD_INIT_MUTANTS names packages,
# where not all of them are wanted; CLOUD_INIT_MUTANTS_LIMIT is how many seconds the tests of one package may take.
set -euo pipefail
cd "$(dirname "$0")/.."
count=${1:-30}
seed=${2:-$RANDOM}
limit=${CLOUD_INIT_MUTANTS_LIMIT:-1800}
default=(engine system netconfig network-managers fetch metadata schema modules datasources debian rhel capabilities)
packages=${CLOUD_INIT_MUTANTS:-${default[*]/#/cloud-init-}}
export CARGO_TERM_COLOR=never RUST_BACKTRACE=0
command -v cargo-mutants > /dev/null || cargo install --locked --quiet --debug cargo-mutants

work=$PWD/target/mutants
# Its own, which is kept: cargo takes the crates of two copies of a workspace for the same, by their paths inside it.
export CARGO_TARGET_DIR=$work/target
rm -rf "$work/source" "$work/changes"
mkdir -p "$work/source" "$work/changes"
git ls-files -z | tar --null --files-from=- --create --ignore-failed-read 2> /dev/null | tar --extract --directory "$work/source"
cd "$work/source"

# One file for each change: its name, then its diff.
selected=()
for package in $packages; do selected+=(--package "$package"); done
cargo mutants --list --diff --colors never "${selected[@]}" |
    awk -v directory="$work/changes" '
        /^[^ @+=\\-].*:[0-9]+:[0-9]+: / { close(file); file = sprintf("%s/%05d", directory, ++number); print > file; next }
        file { print > file }'
all=$(ls "$work/changes" | wc -l)
[ "$all" -gt 0 ] || { echo "cargo-mutants proposes nothing" >&2; exit 1; }
# shuf has no seed, and with a source of few different bytes it draws neighbors only.
mapfile -t drawn < <(ls "$work/changes" |
    awk -v seed="$seed" 'BEGIN { srand(seed) } { printf "%.12f %s\n", rand(), $0 }' | sort | cut -d' ' -f2 | head -n "$count")
echo "seed $seed: ${#drawn[@]} of $all changes"

# test PACKAGE…: 0 where their tests pass.
test() {
    local wanted=()
    for package in "$@"; do wanted+=(--package "$package"); done
    # Without the examples in comments, which take long to build and hold little.
    timeout "$limit" cargo test --quiet --all-targets "${wanted[@]}" -- "${ignored[@]}" > "$work/log" 2>&1 < /dev/null
}

# The packages that depend on one, the black-box tests last.
dependents() {
    cargo tree --workspace --invert "$1" --edges all --prefix none --format '{p}' |
        sed -n 's/^\([^ ]*\) v[^ ]* (\/.*/\1/p' | sort -u | grep -vxF -e "$1" -e tests
    echo tests
}

# The package that a file of the sources is of.
package_of() {
    local directory
    directory=$(dirname "$1")
    until [ -e "$directory/Cargo.toml" ]; do directory=$(dirname "$directory"); done
    sed -n 's/^name = "\(.*\)"/\1/p' "$directory/Cargo.toml" | head -n 1
}

# Tests that fail on what is not changed would catch everything.
touched=$(for change in "${drawn[@]}"; do package_of "$(head -n 1 "$work/changes/$change" | cut -d: -f1)"; done | sort -u)
echo "first the sources as they are: $(echo $touched)"
everything=$(for package in $touched; do echo "$package"; dependents "$package"; done | sort -u)
# Tests that need root or programs count where they can run.
ignored=(--include-ignored)
if ! test $everything; then
    echo "not all tests that need more than the toolchain pass here: only the others are run"
    ignored=()
    test $everything || { tail -n 40 "$work/log"; echo "the tests fail without any change" >&2; exit 1; }
fi

caught=0 survivors=() unviable=0
for change in "${drawn[@]}"; do
    name=$(head -n 1 "$work/changes/$change")
    file=${name%%:*}
    package=$(package_of "$file")
    cp "$file" "$work/before"
    sed "1d; s|^--- .*|--- a/$file|; s|^+++ .*|+++ b/$file|" "$work/changes/$change" |
        GIT_CEILING_DIRECTORIES=$work git apply
    if ! cargo check --quiet --package "$package" > "$work/log" 2>&1; then
        unviable=$((unviable + 1)) verdict="does not build"
    elif ! test "$package"; then
        caught=$((caught + 1)) verdict="caught by its own tests"
    elif ! test $(dependents "$package"); then
        caught=$((caught + 1)) verdict="caught by others' tests"
    else
        survivors+=("$name") verdict=SURVIVED
    fi
    # With a new time, so that cargo builds it again.
    cat "$work/before" > "$file"
    echo "$verdict: $name"
done

tried=$((caught + ${#survivors[@]}))
echo
echo "caught $caught of $tried ($((tried ? caught * 100 / tried : 0)) %), $unviable do not build; seed $seed"
[ ${#survivors[@]} = 0 ] || printf 'survived: %s\n' "${survivors[@]}"
