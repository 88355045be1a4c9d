# Lays a cloud of tests/oracle/sources into the root $1: runs the machine.sh of its directory $2 with functions that print
# the firmware and the network it asks for instead of making them. The harness makes both.
set -e
cd "$1"
# Directories of these are hidden in the machine; the scripts write there for a root that is not booted.
hidden="run/cloud-init run/systemd/resolve proc/sys/net/ipv4"
mkdir -p $hidden etc/cloud/cloud.cfg.d usr/bin
[ -e etc/hosts ] || echo 127.0.0.1 localhost >etc/hosts
dmi() { echo "dmi $1 $2"; }
cloud() {
    shift
    for address; do
        echo "address $address"
        for port in ${ports:-80}; do
            echo "listen $address $port"
        done
    done
    for option in ${advertised:-} ${dhcp:-}; do
        echo "dhcp $option"
    done
}
# The harness has a network device with DHCP for every machine.
wired() { :; }
ip() { :; }
mount() { :; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch" run/cloud-init run/systemd proc/sys' EXIT
set -- "$1" "$scratch" "$2"
. "$3/machine.sh"
