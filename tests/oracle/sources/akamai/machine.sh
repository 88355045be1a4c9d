# The platform allows IPv4 only.
dmi sys_vendor Akamai
dmi product_serial 123456
dmi board_serial v6=0
cloud "$3/service" 169.254.169.254
echo 'datasource_list: [ Akamai, None ]' >run/cloud-init/cloud.cfg
