#!/bin/sh
# init.sh INIT DIRECTORY [PREFIX] : installs the scripts of an init system: openrc, sysvinit, freebsd (also DragonFly),
# netbsd or openbsd. PREFIX is where packages of a BSD are installed; the default is its own.
set -eu
cd "$(dirname "$0")"
case $1 in
openrc | sysvinit) source=$1 prefix=/usr ;;
freebsd | openbsd) source=rc.d/$1 prefix=/usr/local ;;
netbsd) source=rc.d/$1 prefix=/usr/pkg ;;
*)
    echo "unknown init system '$1'; expected openrc, sysvinit, freebsd, netbsd or openbsd" >&2
    exit 1
    ;;
esac
prefix=${3:-$prefix}
mkdir -p "$2"
for script in "$source"/*; do
    sed "s|@PREFIX@|$prefix|g" "$script" > "$2/${script##*/}"
    chmod 755 "$2/${script##*/}"
done
