# Nothing is asked of it: the machine has a network device.
cloud "$3/files" 192.0.2.1
truncate -s 2M "$scratch/drive"
mkfs.vfat -n config-2 -i 9796932E "$scratch/drive" >/dev/null
mcopy -s -i "$scratch/drive" "$3"/files/* ::
disk "$scratch/drive" "$3/files"
on_xen
echo 'datasource_list: [ IBMCloud, None ]' >run/cloud-init/cloud.cfg
