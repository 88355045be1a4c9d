machines=$3/../../machines
. "$machines/port.sh"
. "$machines/vmware.sh"
vmware
nic eth0 52:54:00:12:34:56
mkdir -p run/vmware-imc usr/lib/open-vm-tools/plugins/vmsvc etc/network
cp "$3"/imc/* run/vmware-imc
: >usr/lib/open-vm-tools/plugins/vmsvc/libdeployPkgPlugin.so
printf 'auto eth9\niface eth9 inet dhcp\n' >etc/network/interfaces
echo 'disable_vmware_customization: false' >etc/cloud/cloud.cfg.d/99-vmware.cfg
