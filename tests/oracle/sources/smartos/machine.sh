machines=$3/../../machines
. "$machines/port.sh"
port "$machines/smartos.py" "$3/values.json"
nic net0 52:54:00:12:34:56
nic net1 52:54:00:12:34:57
mkdir -p var/svc
: >var/svc/provisioning
dmi product_name 'SmartDC HVM'
echo 'datasource_list: [ SmartOS, None ]' >run/cloud-init/cloud.cfg
