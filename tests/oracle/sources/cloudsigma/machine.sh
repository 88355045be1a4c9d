machines=$3/../../machines
. "$machines/port.sh"
port "$machines/cloudsigma.py" "$3/context.json"
dmi product_name CloudSigma
echo 'datasource_list: [ CloudSigma, None ]' >run/cloud-init/cloud.cfg
