#!/bin/sh
# cc.sh ARGUMENT… : links like the C compiler, with the functions that a boot calls side by side. The list of their names
# survives builds, symbols do not: the ones of this build are looked up in the objects that are linked.
set -eu
here=$(dirname "$0")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# The paths of objects, without those of options.
for argument; do
    case $argument in
    -*) ;;
    *.o | *.rlib | *.a) printf '%s\0' "$argument" ;;
    esac
done > "$scratch/objects"
xargs -0 "$here/symbols.sh" < "$scratch/objects" > "$scratch/symbols"
# Names that are no Rust paths are symbols, of the C library for example.
LC_ALL=C awk -F '\t' '
    NR == FNR { symbols[$3] = symbols[$3] " " $2; next }
    $0 in symbols { print symbols[$0]; next }
    /^[A-Za-z0-9_]+$/ { print }' "$scratch/symbols" "$here/functions" | tr -s ' ' '\n' | awk 'NF && !seen[$0]++' > "$scratch/order"
xargs -0 "$here/constants.sh" "$scratch/order" < "$scratch/objects" > "$scratch/constants"
if [ -s "$scratch/constants" ]; then
    set -- "$@" "-Wl,--script=$scratch/constants"
fi
"${CC:-cc}" "$@" "-Wl,--symbol-ordering-file=$scratch/order" -Wl,--no-warn-symbol-ordering
