dmi sys_vendor Scaleway
# The original uses the ports 1 and 2 only: a port is free again at once.
echo 0 >proc/sys/net/ipv4/tcp_max_tw_buckets
closing=--close cloud "$3/service" 169.254.42.42 fd00:42::42
echo 'datasource_list: [ Scaleway, None ]' >run/cloud-init/cloud.cfg
