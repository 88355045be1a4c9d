dmi product_name 'OpenStack Nova'
dmi product_uuid 8d8a3c1e-5f0b-4f0a-9d3c-2f6d0a9b7c11
cloud "$3/service" 169.254.169.254 fe80::a9fe:a9fe
echo 'datasource_list: [ OpenStack, None ]' >run/cloud-init/cloud.cfg
