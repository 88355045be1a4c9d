dmi sys_vendor 'UpCloud'
dmi product_uuid '00322b68-0000-4000-8000-1ab1c2d3e4f5'
cloud "$3/service" 169.254.169.254
echo 'datasource_list: [ UpCloud, None ]' >run/cloud-init/cloud.cfg
