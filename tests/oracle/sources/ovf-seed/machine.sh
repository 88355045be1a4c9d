mkdir -p opt/seed
cp "$3/ovf-env.xml" var/lib/cloud/seed
printf 'instance-id: i-2\nlocal-hostname: other\nregion: north\n' >opt/seed/meta-data
printf '#cloud-config\nruncmd: [echo ovf]\n' >opt/seed/user-data
printf '#cloud-config\nfinal_message: from the vendor\n' >opt/seed/vendor-data
echo 'datasource_list: [ OVF, None ]' >run/cloud-init/cloud.cfg
