dmi product_name 'VMware Virtual Platform'
mkdir "$scratch/files"
printf '#cloud-config\nruncmd: [echo altcloud]\n\n' >"$scratch/files/user-data.txt"
genisoimage -quiet -V CDROM -J -r -o "$scratch/cdrom.iso" "$scratch/files"
disk "$scratch/cdrom.iso" "$scratch/files"
echo 'datasource_list: [ AltCloud ]' >run/cloud-init/cloud.cfg
