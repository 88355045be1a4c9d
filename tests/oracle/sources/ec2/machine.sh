dmi sys_vendor 'Amazon EC2'
dmi product_uuid ec2e1916-9099-7caf-fd21-012345abcdef
dmi product_serial ec2e1916-9099-7caf-fd21-012345abcdef
# The documents of an instance with session tokens, as tests/metadata-service has them.
documents='--ec2 example' cloud '' 169.254.169.254 fd00:ec2::254
echo 'datasource_list: [ Ec2, None ]' >run/cloud-init/cloud.cfg
