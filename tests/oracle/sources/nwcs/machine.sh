dmi sys_vendor 'NWCS'
cloud "$3/service" 169.254.169.254
echo 'datasource_list: [ NWCS, None ]' >run/cloud-init/cloud.cfg
