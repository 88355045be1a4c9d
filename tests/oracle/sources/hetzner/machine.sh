dmi sys_vendor Hetzner
dmi product_serial 41234567
cloud "$3/service" 169.254.169.254 fe80::a9fe:a9fe
echo 'datasource_list: [ Hetzner, None ]' >run/cloud-init/cloud.cfg
