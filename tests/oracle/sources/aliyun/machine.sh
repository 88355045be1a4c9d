dmi product_name 'Alibaba Cloud ECS'
cloud "$3/service" 100.100.100.200
echo 'datasource_list: [ AliYun, None ]' >run/cloud-init/cloud.cfg
