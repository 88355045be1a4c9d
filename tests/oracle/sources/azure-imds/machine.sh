dmi chassis_asset_tag '7783-7084-3265-9085-8269-3286-77'
dmi product_uuid 00112233-4455-6677-8899-aabbccddeeff
# Routes to the services, and the WireServer's address: only the primary device gets them.
dhcp='--dhcp-option=121,0.0.0.0/0,192.0.2.1,168.63.129.16/32,192.0.2.1,169.254.169.254/32,192.0.2.1
    --dhcp-option-force=245,168.63.129.16'
cloud "$3/service" 169.254.169.254 168.63.129.16
echo 'datasource_list: [ Azure, None ]' >run/cloud-init/cloud.cfg
# The host reads a file of keys and values, as Azure's images are configured.
mkdir -p var/lib/hyperv
: >var/lib/hyperv/.kvp_pool_1
echo 'reporting: { telemetry: { type: hyperv } }' >etc/cloud/cloud.cfg.d/10-azure-kvp.cfg
