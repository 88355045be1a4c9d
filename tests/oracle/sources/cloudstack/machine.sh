dmi product_name 'CloudStack KVM Hypervisor'
ports='80 8080' cloud "$3/service" 192.0.2.1
# Nobody answers there, which is known at once.
echo nameserver 192.0.2.1 >etc/resolv.conf
# The original asks dhcpcd for its lease after it has ended it, so it finds its router in a lease of another client only.
mkdir -p run/systemd/netif/leases
printf 'ADDRESS=192.0.2.10\nSERVER_ADDRESS=192.0.2.1\nDOMAINNAME=cloud.test\n' >run/systemd/netif/leases/2
echo 'datasource_list: [ CloudStack, None ]' >run/cloud-init/cloud.cfg
