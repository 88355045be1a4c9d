#!/bin/sh
# units.sh DISTRO DIRECTORY : installs the units with a distribution's ordering.
set -eu
cd "$(dirname "$0")/.."
rm -rf "$2"
mkdir -p "$2"
cp packaging/systemd/*.service packaging/systemd/*.socket packaging/systemd/*.target "$2"
case $1 in
debian | ubuntu) ;;
*)
    # NetworkManager starts after sysinit.target, so the network stage, which waits for it, cannot run before that.
    sed -i -e '/^After=networking.service$/c After=NetworkManager.service\nAfter=NetworkManager-wait-online.service' \
        -e '/^Before=sysinit.target$/d' -e '/^Before=shutdown.target$/d' -e '/^Conflicts=shutdown.target$/d' \
        "$2/cloud-init-network.service"
    ;;
esac
