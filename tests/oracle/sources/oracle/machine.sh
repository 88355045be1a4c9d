dmi chassis_asset_tag 'OracleCloud.com'
dmi product_uuid 0c1f00d0-0000-4000-8000-000000000001
cloud "$3/service" 169.254.169.254
echo 'datasource_list: [ Oracle, None ]' >run/cloud-init/cloud.cfg
