#!/bin/sh
# units.sh DISTRO DIRECTORY : installs the units with a distribution's ordering, which is that of upstream's units. In
# packaging/systemd, "@NAMES: LINE" is a line for these distributions, "@!NAMES: LINE" one for all others.
set -eu
cd "$(dirname "$0")/.."
names=$1
case $1 in
almalinux | azurelinux | centos | cloudlinux | eurolinux | fedora | miraclelinux | openeuler | OpenCloudOS | openmandriva | \
    rhel | rocky | suse | TencentOS | virtuozzo) names="$1 networkmanager" ;;
raspberry-pi-os) names=ubuntu ;;
opensuse* | sle*) names="suse networkmanager" ;;
mariner) names=azurelinux ;;
esac
rm -rf "$2"
mkdir -p "$2"
for unit in packaging/systemd/*.service packaging/systemd/*.socket packaging/systemd/*.target; do
    awk -v names="$names" '
        BEGIN { split(names, mine, " ") }
        !/^@/ { print; next }
        {
            colon = index($0, ": ")
            listed = substr($0, 2, colon - 2)
            inverted = sub(/^!/, "", listed)
            member = 0
            for (i in mine) if (index(" " listed " ", " " mine[i] " ")) member = 1
            if (member != inverted) print substr($0, colon + 2)
        }' "$unit" > "$2/${unit##*/}"
done
