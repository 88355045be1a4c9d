#!/bin/sh
# linking.sh : prints the compiler flags of the static program: those that this toolchain's linker knows, and whose program
# its C library can start. Relative relocations (RELR) take a fiftieth of the room of the usual ones.
set -eu
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
flags='-C target-feature=+crt-static'
# Its static data has pointers, so that nothing would work without relocations.
cat > "$scratch/probe.rs" <<END
static NAMES: [&str; 2] = ["none", "one"];
fn main() { assert_eq!(NAMES[std::env::args().count()], "one"); }
END
works() {
    # shellcheck disable=SC2086 # several words
    "${RUSTC:-rustc}" ${RUSTFLAGS:-} $flags $1 -o "$scratch/probe" "$scratch/probe.rs" 2>/dev/null &&
        "$scratch/probe" 2>/dev/null
}
for extra in '-C link-arg=-Wl,-z,pack-relative-relocs'; do
    ! works "$extra" || flags="$flags $extra"
done
# With frame pointers, the tables for unwinding name a frame once, instead of the stack's depth at each instruction that changes
# it: that is a third of them, and more of code that is compiled for size alone, which pushes and pops constants.
flags="$flags -C force-frame-pointers=yes"
# The functions that a boot calls side by side: for lld as the default linker, installed, or of the toolchain. Without it, the
# program is the same, and a boot has more of it in memory.
order='-C symbol-mangling-version=v0 -C linker=packaging/order/cc.sh'
sysroot=$("${RUSTC:-rustc}" --print sysroot)
lld='-C link-arg=-fuse-ld=lld'
ordered=no
own="-C link-arg=-B$(echo "$sysroot"/lib/rustlib/*/bin/gcc-ld | head -n 1)"
for extra in "$order" "$order $lld" "$order $lld $own"; do
    if works "$extra"; then
        flags="$flags $extra"
        ordered=yes
        break
    fi
done
if [ $ordered = no ]; then
    echo "$0: no lld that links a static program: the functions of a boot are not put side by side, which takes twice the memory" >&2
fi
echo "$flags"
