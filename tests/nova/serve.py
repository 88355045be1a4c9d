"""Nova's own metadata service, for one instance that is in no database: serve.py ADDRESS PORT LOG."""

import base64
import sys
from unittest import mock
from wsgiref.simple_server import WSGIRequestHandler, make_server

from nova import objects
from nova.api.metadata import base, handler
from nova.network import model
from nova.conf import CONF
from oslo_log import log

UUID = "8d8a3c1e-5f0b-4f0a-9d3c-2f6d0a9b7c11"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINovaNovaNovaNovaNovaNovaNovaNovaNovaNovaNovaN k"


def network():
    v4 = model.Subnet(
        cidr="192.0.2.0/24",
        gateway=model.IP(address="192.0.2.1", type="gateway"),
        ips=[model.FixedIP(address="192.0.2.10")],
        dns=[model.IP(address="192.0.2.53", type="dns")],
        routes=[],
    )
    v6 = model.Subnet(
        cidr="2001:db8::/64",
        gateway=model.IP(address="2001:db8::1", type="gateway"),
        ips=[model.FixedIP(address="2001:db8::10")],
        dns=[],
        routes=[],
    )
    net = model.Network(id="n0", bridge="br", label="private", subnets=[v4, v6], mtu=1450)
    vif = model.VIF(id="tap0", address="52:54:00:12:34:56", network=net, type="ovs", devname="tap0")
    return model.NetworkInfo([vif])


def instance():
    flavor = objects.Flavor(name="m1.tiny", memory_mb=512, vcpus=1, root_gb=1, extra_specs={})
    user_data = "#cloud-config\nruncmd: [echo nova]\n"
    known = objects.Instance(
        uuid=UUID, id=1, hostname="web", display_name="web", launch_index=3, availability_zone="az-1",
        project_id="p", user_id="u", reservation_id="r-1", key_name="k", key_data=KEY, metadata={"role": "web"},
        system_metadata={}, user_data=base64.b64encode(user_data.encode()).decode(), image_ref="i", flavor=flavor,
        numa_topology=None, device_metadata=None,
        ec2_ids=objects.EC2Ids(instance_id="i-00000001", ami_id="ami-00000001", kernel_id=None, ramdisk_id=None),
        keypairs=objects.KeyPairList(objects=[objects.KeyPair(name="k", public_key=KEY, type="ssh")]),
    )
    known.obj_reset_changes(recursive=True)
    return known


class Quiet(WSGIRequestHandler):
    def log_message(self, *words):
        with open(sys.argv[3], "a") as requests:
            print(self.requestline, words[1] if len(words) > 1 else "", file=requests)


def main():
    log.register_options(CONF)
    CONF([], project="nova", default_config_files=[])
    objects.register_all()
    groups = mock.patch.object(base.security_group_api, "get_instance_security_groups", return_value=[{"name": "default"}])
    mappings = mock.patch.object(base, "_format_instance_mapping", return_value={"ami": "vda", "root": "/dev/vda"})
    with groups, mappings:
        known = base.InstanceMetadata(instance(), address="192.0.2.10", network_info=network())
    service = handler.MetadataRequestHandler()
    service.get_metadata_by_remote_address = lambda address: known
    make_server(sys.argv[1], int(sys.argv[2]), service, handler_class=Quiet).serve_forever()


main()
