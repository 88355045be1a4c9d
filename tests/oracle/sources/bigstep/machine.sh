cloud "$3/service" 192.0.2.1
wired
mkdir -p var/lib/cloud/data/seed/bigstep
printf http://192.0.2.1/metadata/instance.json >var/lib/cloud/data/seed/bigstep/url
echo 'datasource_list: [ Bigstep, None ]' >run/cloud-init/cloud.cfg
