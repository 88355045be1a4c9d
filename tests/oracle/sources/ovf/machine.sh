# Both programs of VMware's tools, of which the first one fails.
cp "$3/ovf-env.xml" opt
printf '#!/bin/sh\nexit 1\n' >usr/bin/vmware-rpctool
cat >usr/bin/vmtoolsd <<'END'
#!/bin/sh
[ "$*" = "--cmd info-get guestinfo.ovfEnv" ] || exit 1
cat /opt/ovf-env.xml
END
chmod 755 usr/bin/vmware-rpctool usr/bin/vmtoolsd
dmi product_name 'VMware Virtual Platform'
echo 'datasource_list: [ OVF, None ]' >run/cloud-init/cloud.cfg
