dmi chassis_asset_tag 'OracleCloud.com'
dmi product_uuid 0c1f00d0-0000-4000-8000-000000000001
cloud "$3/service" 169.254.169.254
# The root is on iSCSI: the ramdisk has configured the network.
cat >run/net-eth0.conf <<'CONF'
DEVICE='eth0'
PROTO='dhcp'
IPV4ADDR='192.0.2.10'
IPV4BROADCAST='192.0.2.255'
IPV4NETMASK='255.255.255.0'
IPV4GATEWAY='192.0.2.1'
IPV4DNS0='192.0.2.1'
IPV4PROTO='dhcp'
CONF
echo 0 >/proc/sys/net/ipv6/conf/eth0/accept_dad
ip address add 192.0.2.10/24 dev eth0
ip link set eth0 up
ip route add default via 192.0.2.1
echo 'datasource_list: [ Oracle, None ]' >run/cloud-init/cloud.cfg
