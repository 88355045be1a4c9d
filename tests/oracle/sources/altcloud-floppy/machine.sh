dmi product_name 'RHEV Hypervisor'
mkdir "$scratch/files"
printf '#cloud-config\nruncmd: [echo altcloud]\n' >"$scratch/files/deltacloud-user-data.txt"
truncate -s 1440K "$scratch/floppy"
mkfs.vfat "$scratch/floppy" >/dev/null
mcopy -i "$scratch/floppy" "$scratch/files/deltacloud-user-data.txt" ::
disk "$scratch/floppy" "$scratch/files" fd0
printf '#!/bin/sh\n' >usr/sbin/modprobe
chmod 755 usr/sbin/modprobe
echo 'datasource_list: [ AltCloud ]' >run/cloud-init/cloud.cfg
