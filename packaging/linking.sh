#!/bin/sh
# linking.sh : prints the compiler flags of the static program: those that this toolchain's linker knows, and whose program
# its C library can start. Relative relocations (RELR) take a fiftieth of the room of the usual ones.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
flags='-C target-feature=+crt-static'
# Its static data has pointers, so that nothing would work without relocations.
cat > "$scratch/probe.rs" <<END
static NAMES: [&str; 2] = ["none", "one"];
fn main() { assert_eq!(NAMES[std::env::args().count()], "one"); }
END
for extra in '-C link-arg=-Wl,-z,pack-relative-relocs'; do
    # shellcheck disable=SC2086 # several words
    if "${RUSTC:-rustc}" ${RUSTFLAGS:-} $flags $extra -o "$scratch/probe" "$scratch/probe.rs" 2>/dev/null &&
        "$scratch/probe" 2>/dev/null; then
        flags="$flags $extra"
    fi
done
echo "$flags"
