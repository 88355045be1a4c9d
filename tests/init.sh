#!/bin/bash
# init.sh PROGRAM : boots roots with sysvinit and with OpenRC in namespaces (sysvinit.sh, openrc.sh) with the static
# PROGRAM. The roots are Debian's and are kept in target/init. Needs root and mmdebstrap.
set -eu
cd "$(dirname "$0")/.."
cache=$(realpath -m "${CARGO_TARGET_DIR:-target}")/init
mkdir -p "$cache"

# root NAME PACKAGES
root() {
    [ ! -e "$cache/$1/etc/os-release" ] || return 0
    for pause in 5 20 0; do
        rm -rf "$cache/part"
        if mmdebstrap --quiet --mode=root --variant=minbase --components=main --include="$2" trixie "$cache/part"; then
            mv "$cache/part" "$cache/$1"
            return 0
        fi
        sleep "$pause"
    done
    return 1
}

root sysvinit sysvinit-core,sysv-rc,insserv,ifupdown,openssh-server,iproute2,procps,netbase
root openrc sysvinit-core,openrc,ifupdown,iproute2,procps,netbase
for init in sysvinit openrc; do
    log=$cache/$init.log
    "tests/$init.sh" "$cache/$init" "$1" > "$log" 2>&1 || { cat "$log"; exit 1; }
    tail -n 1 "$log"
done
