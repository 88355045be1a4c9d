dmi product_name 'Exoscale Compute Platform'
ports='80 8080' cloud "$3/service" 169.254.169.254
wired
echo 'datasource_list: [ Exoscale, None ]' >run/cloud-init/cloud.cfg
