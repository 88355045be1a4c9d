# A context with expressions and commands, which a shell reads.
# Nothing is asked of it: the machine has a network device.
cloud "$3/context" 192.0.2.1
genisoimage -quiet -V CONTEXT -J -r -o "$scratch/context.iso" "$3/context"
disk "$scratch/context.iso" "$3/context"
echo 'datasource_list: [ OpenNebula, None ]' >run/cloud-init/cloud.cfg
