# Nothing is asked of it: the machine has a network device.
cloud "$3/files" 192.0.2.1
truncate -s 2M "$scratch/cloudmd"
mkfs.vfat -n CLOUDMD "$scratch/cloudmd" >/dev/null
mcopy -i "$scratch/cloudmd" "$3"/files/* ::
disk "$scratch/cloudmd" "$3/files"
printf '#!/bin/sh\n' >usr/bin/arping
chmod 755 usr/bin/arping
echo 'datasource_list: [ RbxCloud, None ]' >run/cloud-init/cloud.cfg
