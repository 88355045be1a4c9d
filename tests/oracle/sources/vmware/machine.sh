machines=$3/../../machines
. "$machines/port.sh"
. "$machines/vmware.sh"
vmware "$3/values"
nic eth0 52:54:00:12:34:56
ip link set eth0 up
ip address add 192.0.2.10/24 broadcast 192.0.2.255 dev eth0
ip address add 2001:db8::10/64 dev eth0 nodad
ip route add default via 192.0.2.1
