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
limit=${CLOUD_INIT_MUTANTS_LIMIT:-600}
default=(engine system netconfig network-managers fetch metadata schema modules datasources capabilities
    debian rhel suse alpine arch gentoo aosc photon bsd)
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

# cargo-mutants follows `mod` only where it is written out: for the list, the members of a macro's table are.
for table in datasources modules; do
    cp "$table/src/lib.rs" "$work/$table"
    sed -nE 's/^    ("[a-z0-9_]+" )?([a-z0-9_]+)( |::)[A-Za-z0-9]+( by "[a-z0-9_]+")?[;,]$/mod \2;/p' "$work/$table" |
        sort -u > "$work/members"
    [ -s "$work/members" ] || { echo "$table/src/lib.rs: found no table of members" >&2; exit 1; }
    cat "$work/members" >> "$table/src/lib.rs"
done

# One file for each change: its name, then its diff.
selected=()
for package in $packages; do selected+=(--package "$package"); done
cargo mutants --list --diff --colors never "${selected[@]}" |
    awk -v directory="$work/changes" '
        /^[^ @+=\\-].*:[0-9]+:[0-9]+: / { close(file); file = sprintf("%s/%05d", directory, ++number); print > file; next }
        file { print > file }'
for table in datasources modules; do cat "$work/$table" > "$table/src/lib.rs"; done
all=$(ls "$work/changes" | wc -l)
[ "$all" -gt 0 ] || { echo "cargo-mutants proposes nothing" >&2; exit 1; }
# shuf has no seed, and with a source of few different bytes it draws neighbors only.
mapfile -t drawn < <(ls "$work/changes" |
    awk -v seed="$seed" 'BEGIN { srand(seed) } { printf "%.12f %s\n", rand(), $0 }' | sort | cut -d' ' -f2 | head -n "$count")
echo "seed $seed: ${#drawn[@]} of $all changes"

# test PACKAGE…: 0 where their tests pass.
test() {
    [ $# -gt 0 ] || return 0
    local wanted=()
    for package in "$@"; do wanted+=(--package "$package"); done
    # Without the examples in comments, which take long to build and hold little.
    # A change can make a loop endless: it ends at the time limit, or at that of memory.
    (ulimit -v $((8 << 20)) && timeout "$limit" cargo test --quiet --all-targets ${all_of_them:-} "${wanted[@]}" -- "${arguments[@]}" \
        > "$work/log" 2>&1 < /dev/null)
}

# The packages that depend on one: those of the program, and in a second line the black-box tests, which take longer to
# build than all the others and are not needed for a change that the others notice.
dependents() {
    local all
    all=$(cargo tree --workspace --invert "$1" --edges all --prefix none --format '{p}' |
        sed -n 's/^\([^ ]*\) v[^ ]* (\/.*/\1/p' | sort -u | grep -vxF -e "$1" -e tests || true)
    echo $(grep '^cloud-init' <<< "$all" || true)
    echo $(grep -v '^cloud-init' <<< "$all" || true) tests
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
everything=$(for package in $touched; do echo "$package"; dependents "$package"; done | tr ' ' '\n' | sort -u)
arguments=()
test $everything || { tail -n 40 "$work/log"; echo "the tests fail without any change" >&2; exit 1; }
# Tests that need root or programs count where they can run.
arguments=(--ignored)
all_of_them=--no-fail-fast test $everything || true
arguments=(--include-ignored --exact)
for unable in $(sed -nE 's/^    ([a-z0-9_]+(::[a-z0-9_]+)*)$/\1/p' "$work/log" | sort -u); do
    arguments+=(--skip "$unable")
    echo "cannot run here: $unable"
done

caught=0 survivors=() unviable=0
for change in "${drawn[@]}"; do
    # A build that fails for want of space would count as caught.
    [ "$(df --output=avail -k "$work" | tail -n 1)" -gt $((1 << 20)) ] || { echo "less than 1 GiB is free" >&2; break; }
    name=$(head -n 1 "$work/changes/$change")
    file=${name%%:*} begun=$SECONDS
    package=$(package_of "$file")
    cp "$file" "$work/before"
    sed "1d; s|^--- .*|--- a/$file|; s|^+++ .*|+++ b/$file|" "$work/changes/$change" |
        GIT_CEILING_DIRECTORIES=$work git apply
    mapfile -t others < <(dependents "$package")
    if ! cargo test --quiet --no-run --all-targets --package "$package" > "$work/log" 2>&1; then
        unviable=$((unviable + 1)) verdict="does not build"
    elif ! test "$package"; then
        caught=$((caught + 1)) verdict="caught by its own tests"
    elif ! test ${others[0]} || ! test ${others[1]}; then
        caught=$((caught + 1)) verdict="caught by others' tests"
    else
        survivors+=("$name") verdict=SURVIVED
    fi
    # With a new time, so that cargo builds it again.
    cat "$work/before" > "$file"
    echo "$verdict, $((SECONDS - begun)) s: $name"
done

tried=$((caught + ${#survivors[@]}))
echo
echo "caught $caught of $tried ($((tried ? caught * 100 / tried : 0)) %), $unviable do not build; seed $seed"
[ ${#survivors[@]} = 0 ] || printf 'survived: %s\n' "${survivors[@]}"
