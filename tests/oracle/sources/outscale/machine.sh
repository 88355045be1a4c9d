dmi sys_vendor '3DS Outscale'
dmi product_name '3DS Outscale VM'
dmi product_uuid 4ca2d3e1-0000-4000-8000-000000000001
cloud "$3/service" 169.254.169.254
echo 'datasource_list: [ Ec2, None ]' >run/cloud-init/cloud.cfg
