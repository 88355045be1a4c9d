#!/bin/sh
# constants.sh ORDER OBJECT… : prints a linker script that puts the constants side by side that the functions of the file
# ORDER refer to, directly or by a table, and long texts before them, since few boots read those. Constants have no symbols:
# they are found by the relocations of the functions.
set -eu
order=$1
shift
for object; do
    readelf --sections --relocs --wide "$object" 2> /dev/null
done | LC_ALL=C awk '
    FILENAME != "-" { wanted[$1]; next }
    # "  [ 7] .rodata.x PROGBITS ADDRESS OFFSET SIZE …", in hexadecimal.
    /^ *\[ *[0-9]+\] \.rodata\./ {
        sub(/^ *\[ *[0-9]+\] /, "")
        if ($1 ~ /^\.rodata\.(cst|str)[0-9.]*$/) next
        if (length($5) == 6 && $5 < "000800") short[$1]; else print "long", $1
        next
    }
    /^Relocation section/ { split($3, quoted, "\047"); from = substr(quoted[2], 6); next }
    $5 ~ /^\.(rodata|data\.rel\.ro)\./ { if (!((from, $5) in seen)) { seen[from, $5]; to[from] = to[from] " " $5 } }
    function follow(section, depth,    parts, count, i) {
        count = split(to[section], parts, " ")
        for (i = 1; i <= count; i++) {
            if (parts[i] in short) print "boot", parts[i]
            if (depth > 0) follow(parts[i], depth - 1)
        }
    }
    END {
        for (section in to) {
            name = section
            if (sub(/^\.text\.(unlikely\.)?/, "", name) && name in wanted) follow(section, 2)
        }
    }' "$order" - | LC_ALL=C sort -u > "$order.constants"
[ -s "$order.constants" ] || exit 0
echo 'SECTIONS {'
for kind in long boot; do
    echo ".rodata.$kind : {"
    awk -v kind="$kind" '$1 == kind { print "*(" $2 ")" }' "$order.constants"
    echo '}'
done
echo '} INSERT BEFORE .rodata;'
