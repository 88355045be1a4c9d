dmi product_name CloudCIX
cloud "$3/service" 169.254.169.254
wired
echo 'datasource_list: [ CloudCIX, None ]' >run/cloud-init/cloud.cfg
