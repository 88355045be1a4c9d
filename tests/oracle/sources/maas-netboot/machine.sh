# Booted over the network: the initramfs has configured it, so that the service is queried in the local stage.
cloud "$3/../maas/service" 192.0.2.1
wired
mkdir -p run/initramfs
: >run/initramfs/open-iscsi.interface
cat >run/net-eth0.conf <<'CONFIG'
DEVICE='eth0'
PROTO='dhcp'
IPV4ADDR='192.0.2.10'
IPV4BROADCAST='192.0.2.255'
IPV4NETMASK='255.255.255.0'
IPV4GATEWAY='192.0.2.1'
IPV4DNS0='192.0.2.53'
HOSTNAME='node-1'
DNSDOMAIN='maas'
CONFIG
cat >etc/cloud/cloud.cfg.d/91_maas.cfg <<'CONFIG'
datasource:
  MAAS: {metadata_url: "http://192.0.2.1/MAAS/metadata/", consumer_key: ck, token_key: tk, token_secret: "t&s"}
network:
  version: 2
  ethernets: {eth0: {addresses: [192.0.2.10/24], routes: [{to: default, via: 192.0.2.1}]}}
CONFIG
echo 'datasource_list: [ MAAS, None ]' >run/cloud-init/cloud.cfg
