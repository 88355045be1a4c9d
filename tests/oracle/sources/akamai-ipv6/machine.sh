dmi sys_vendor Akamai
dmi product_serial 123456
advertised='--enable-ra --dhcp-range=::,constructor:host0,ra-only'
cloud "$3/../akamai/service" fd00:a9fe:a9fe::1
cat >etc/cloud/cloud.cfg.d/91_akamai.cfg <<'CONFIG'
datasource:
  Akamai: {allow_ipv4: false, preferred_mac_prefixes: ["52:54"]}
CONFIG
echo 'datasource_list: [ Akamai, None ]' >run/cloud-init/cloud.cfg
