#!/usr/bin/env bash
# `tests/fuzz-seeds.sh DIR` puts what each fuzz target begins with into DIR/TARGET: files that this repository has anyway,
# images and packets that are made here, and fuzz/found/TARGET, where what once found a fault is kept.
set -euo pipefail
cd "$(dirname "$0")/.."
seeds=$1
rm -rf "$seeds"

# seed TARGET FILE…: under names that do not depend on where they come from.
seed() {
    local target=$1 file
    shift
    mkdir -p "$seeds/$target"
    for file in "$@"; do cp "$file" "$seeds/$target/$(sha1sum < "$file" | cut -c 1-16)"; done
}
# text TARGET: the same from standard input.
text() {
    cat > "$seeds/.part"
    seed "$1" "$seeds/.part"
}
# files PATTERN: of the repository, small ones, by an extended regular expression.
files() {
    git ls-files -z | grep -zE "$1" | xargs -0 -r sh -c 'find "$@" -maxdepth 0 -size -16k -type f' sh
}

mkdir -p "$seeds"
mapfile -t configs < <(files '(testdata|examples|cases)/.*(\.yaml|\.cfg|user-data[^/]*|config)$')
seed yaml "${configs[@]}"
seed schema "${configs[@]}"
mapfile -t templates < <(files '(testdata|cases|templates)/.*(\.tmpl|jinja[^/]*)$|templates/')
[ ${#templates[@]} = 0 ] || seed template "${templates[@]}"
text template <<< '{% for k in v1["keys"] %}{{ loop.index }}{{ k|upper }}{% else %}{{ n|default(1) }}{% endfor %}{{ "%5.2f"|format(d["a-b"]) }}'
text template <<< '{% set ns = namespace(a=[1]) %}{% macro m(x) %}{{ x }}{% endmacro %}{{ m(ns.a|join("-")) }}{{ $n }}'
text boolean <<< 'yes'
mapfile -t ifcfg < <(files 'testdata/.*/(ifcfg|route|ifroute|rule)6?-[^/]*$')
seed ifcfg "${ifcfg[@]}"
mapfile -t interfaces < <(files 'testdata/.*/etc/network/.*')
seed interfaces "${interfaces[@]}"
mapfile -t texts < <(files '/(hosts|resolv\.conf|hostname|fstab|passwd|shadow|sshd_config|authorized_keys|[^/]*\.passwd|[^/]*lease[^/]*)$')
seed text "${texts[@]}"
text text <<< 'Defaults env_reset
@includedir /etc/sudoers.d'
text text <<< 'lease { interface "eth0"; option unknown-245 a8:3f:81:10; option rfc3442-classless-static-routes 0,192,0,2,1; }'
mapfile -t messages < <(grep -lrE --include='user-data*' '^Content-Type: multipart' tests datasources | head -20)
[ ${#messages[@]} = 0 ] || seed mime "${messages[@]}"
printf 'Content-Type: multipart/mixed; boundary="=b="\nMIME-Version: 1.0\n\n--=b=\nContent-Type: text/cloud-config; charset="utf-8"\nContent-Transfer-Encoding: base64\nContent-Disposition: attachment; filename*=utf-8'"''"'a%%20b\n\nI2Nsb3VkLWNvbmZpZwo=\n--=b=\nContent-Transfer-Encoding: quoted-printable\n\n=23!/bin/sh=\n\n--=b=--\n' | text mime
printf 'list(append,recurse_dict)+dict(no_replace,recurse_list)\0a: [1, {b: 2}]\nc: x\0a: [3]\nc: {d: 4}\n' | text merge
printf 'dict(replace)+list(prepend)+str(append)\0x: [a]\0x: [b]\ny: !!binary aGk=\n' | text merge
text log <<< '2026-01-01 00:00:00,100 - handlers.py[DEBUG]: start: init-local: starting search for local datasources
2026-01-01 00:00:00,150 - util.py[DEBUG]: Cloud-init v. 26.2 running '"'init-local'"' at Thu, 01 Jan 2026 00:00:00 +0000. Up 4.02 seconds.
2026-01-01 00:00:01,200 - handlers.py[DEBUG]: finish: init-local/search-NoCloud: SUCCESS: found local data from DataSourceNoCloud
2026-01-01 00:00:02,300 - handlers.py[DEBUG]: finish: init-local: FAIL: searching for local datasources'

# A DHCP acknowledgement with the usual options (RFC 2131), bare and in its datagram (RFC 791, RFC 768).
acknowledgement() {
    printf '\002\001\006\000\000\000\000\001\000\000\000\000\000\000\000\000\300\000\002\012\300\000\002\001\000\000\000\000'
    printf 'RT\000\0224V'
    head -c 202 /dev/zero
    printf 'c\202Sc5\001\0056\004\300\000\002\0013\004\000\000\016\020\001\004\377\377\377\000\003\004\300\000\002\001\006\004\300\000\0025'
    printf 'w\006\003lab\300\000y\010\030\300\000\002\000\000\000\000\377'
}
acknowledgement | text dhcp
{
    printf 'E\000\001\100\000\000\000\000\100\021\000\000\300\000\002\001\377\377\377\377\000C\000D\001,\000\000'
    acknowledgement
} | text dhcp

# OEM strings (DMTF DSP0134, type 11): type, length, handle and number, the strings, and an empty one.
printf '\013\005\000\001\002io.systemd.credential:a=b\000cloud-init:nocloud\000\000' | text smbios
printf '\013\005\000\001\000\000\000' | text smbios

# The images as drivers of virtual machines make them; what a target adds itself is cut off.
mkdir "$seeds/tree"
printf 'instance-id: i-1\n' > "$seeds/tree/meta-data"
printf '#cloud-config\n' > "$seeds/tree/user-data"
genisoimage -quiet -joliet -rock -volid cidata -o "$seeds/image" "$seeds/tree"
tail -c +32769 "$seeds/image" | text iso9660
rm "$seeds/image"
mkfs.vfat -C -n CIDATA "$seeds/image" 64 > /dev/null
mcopy -i "$seeds/image" "$seeds/tree/meta-data" "$seeds/tree/user-data" ::
seed fat "$seeds/image"
rm -r "$seeds/tree" "$seeds/image" "$seeds/.part"

for found in fuzz/found/*/; do
    seed "$(basename "$found")" "$found"*
done
for target in fuzz/fuzz_targets/*.rs; do
    name=$(basename "$target" .rs)
    [ -d "$seeds/$name" ] || { echo "the target '$name' has nothing to begin with" >&2; exit 1; }
done
