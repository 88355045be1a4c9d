#!/bin/sh
# symbols.sh FILE… : prints the functions of object files, archives or a program, one per line: address, symbol, and its
# name without what changes from build to build (hashes, spaces), separated by tabs.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# Both list the same symbols in the same order. An archive's members without symbols are reported; they do not matter.
"${NM:-nm}" --no-sort --defined-only "$@" 2> /dev/null > "$scratch/symbols" || true
"${NM:-nm}" --no-sort --defined-only --demangle "$@" 2> /dev/null > "$scratch/names" || true
LC_ALL=C awk '
    NR == FNR { symbol[FNR] = NF == 3 && $2 ~ /^[TtWwi]$/ ? $3 : ""; address[FNR] = $1; next }
    symbol[FNR] == "" { next }
    {
        name = $0
        sub(/^[^ ]* . /, "", name)
        # A copy that the compiler made of a function, and the hash of an older scheme of names.
        sub(/ *\(?\.llvm\.[0-9]+\)?$/, "", name)
        sub(/::h[0-9a-f]+$/, "", name)
        gsub(/\[[0-9a-f]+\]|[ \t]/, "", name)
        print address[FNR] "\t" symbol[FNR] "\t" name
    }' "$scratch/symbols" "$scratch/names"
