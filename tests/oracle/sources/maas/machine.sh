cloud "$3/service" 192.0.2.1
wired
cat >etc/cloud/cloud.cfg.d/91_maas.cfg <<'CONFIG'
datasource:
  MAAS: {metadata_url: "http://192.0.2.1/MAAS/metadata", consumer_key: ck, token_key: tk, token_secret: "t&s"}
CONFIG
echo 'datasource_list: [ MAAS, None ]' >run/cloud-init/cloud.cfg
