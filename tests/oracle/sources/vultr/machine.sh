dmi sys_vendor 'Vultr'
dmi product_serial '42872224'
cloud "$3/service" 169.254.169.254
echo 'datasource_list: [ Vultr, None ]' >run/cloud-init/cloud.cfg
