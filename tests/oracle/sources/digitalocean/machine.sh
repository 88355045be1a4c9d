dmi sys_vendor 'DigitalOcean'
dmi product_serial '2756294'
cloud "$3/service" 169.254.169.254
echo 'datasource_list: [ DigitalOcean, None ]' >run/cloud-init/cloud.cfg
