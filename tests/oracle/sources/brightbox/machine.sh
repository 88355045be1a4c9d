dmi product_serial 'srv-abcde.gb1.brightbox.com'
cloud "$3/service" 169.254.169.254
# Only the network stage reads it: the image has configured the network.
echo 0 >/proc/sys/net/ipv6/conf/eth0/accept_dad
ip address add 192.0.2.10/24 dev eth0
ip link set eth0 up
ip route add default via 192.0.2.1
echo 'datasource_list: [ Ec2, None ]' >run/cloud-init/cloud.cfg
