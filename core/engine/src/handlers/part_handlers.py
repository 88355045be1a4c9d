# Runs part handlers for cloud-init. Requests and answers are lines of JSON on standard input and output; what
# handlers print goes to standard error, which cloud-init sends to its output log.
import base64
import copy
import importlib
import json
import os
import sys

requests = os.fdopen(os.dup(0), "rb")
answers = os.fdopen(os.dup(1), "wb")
null = os.open(os.devnull, os.O_RDONLY)
os.dup2(null, 0)
os.dup2(2, 1)

FREQUENCIES = ("once-per-instance", "always", "once")
INSTANCE_FILES = {
    "boothooks": "boothooks", "cloud_config": "cloud-config.txt", "data": "data", "handlers": "handlers",
    "instance_data": "instance-data.json", "instance_data_sensitive": "instance-data-sensitive.json",
    "combined_cloud_config": "combined-cloud-config.json", "network_config": "network-config.json",
    "instance_id": ".instance-id", "manual_clean_marker": "manual-clean", "obj_pkl": "obj.pkl",
    "scripts": "scripts", "sem": "sem", "userdata": "user-data.txt.i", "userdata_raw": "user-data.txt",
    "vendordata": "vendor-data.txt.i", "vendordata_raw": "vendor-data.txt",
    "vendordata2": "vendor-data2.txt.i", "vendordata2_raw": "vendor-data2.txt",
    "vendor_cloud_config": "vendor-cloud-config.txt", "vendor2_cloud_config": "vendor2-cloud-config.txt",
    "vendor_scripts": "scripts/vendor", "warnings": "warnings", "hotplug.enabled": "hotplug.enabled",
    ".skip-network": ".skip-network",
}


class Paths(object):
    def __init__(self, told):
        self.cloud_dir = told["cloud_dir"]
        self.run_dir = told["run_dir"]
        self.docs_dir = told["docs_dir"]
        self.template_tpl = os.path.join(told["templates_dir"], "%s.tmpl")
        self.instance_link = os.path.join(self.cloud_dir, "instance")
        self.boot_finished = os.path.join(self.instance_link, "boot-finished")
        self.seed_dir = os.path.join(self.cloud_dir, "seed")
        self.lookups = INSTANCE_FILES
        self._instance = told["instance_dir"]

    def _below(self, base, name):
        return base if name is None else os.path.join(base, self.lookups[name])

    def get_ipath_cur(self, name=None):
        return self._below(self.instance_link, name)

    def get_cpath(self, name=None):
        return self._below(self.cloud_dir, name)

    def get_ipath(self, name=None):
        return self._below(self._instance, name)

    def get_runpath(self, name=None):
        return self._below(self.run_dir, name)


class DataSource(object):
    def __init__(self, told):
        self.metadata = told["metadata"]
        self.dsname = told["source"]
        self._told = told

    def get_instance_id(self):
        return self._told["instance_id"]

    def get_hostname(self, fqdn=False, **ignored):
        name = self.metadata.get("local-hostname") or self.metadata.get("hostname") or "localhost"
        return name if fqdn else name.split(".")[0]

    def get_public_ssh_keys(self):
        return list(self._told["public_keys"])

    def get_userdata_raw(self):
        return base64.b64decode(self._told["user_data"])

    @property
    def userdata_raw(self):
        return self.get_userdata_raw()

    @property
    def launch_index(self):
        return self.metadata.get("launch-index")


class Cloud(object):
    """What handlers get as data."""

    def __init__(self, told):
        self.paths = Paths(told)
        self.datasource = DataSource(told)
        self._cfg = told["config"]

    @property
    def cfg(self):
        return copy.deepcopy(self._cfg)

    @property
    def launch_index(self):
        return self.datasource.launch_index

    def get_template_filename(self, name):
        path = self.paths.template_tpl % name
        return path if os.path.isfile(path) else None

    def get_instance_id(self):
        return self.datasource.get_instance_id()

    def get_public_ssh_keys(self):
        return self.datasource.get_public_ssh_keys()

    def get_hostname(self, fqdn=False, metadata_only=False):
        return self.datasource.get_hostname(fqdn=fqdn)

    def get_ipath_cur(self, name=None):
        return self.paths.get_ipath_cur(name)

    def get_cpath(self, name=None):
        return self.paths.get_cpath(name)

    def get_ipath(self, name=None):
        return self.paths.get_ipath(name)


def told(error):
    return "%s: %s" % (type(error).__name__, error)


def call(module, cloud, kind, name, payload, frequency, headers):
    own = getattr(module, "frequency", None)
    if not (own == "always" or (own == frequency == "once-per-instance")):
        return
    try:
        version = int(module.handler_version)
    except (TypeError, ValueError, AttributeError):
        version = 1
    headers = dict(headers)
    headers["Content-Type"] = kind
    if version == 3:
        module.handle_part(cloud, kind, name, payload, frequency, headers)
    elif version == 2:
        module.handle_part(cloud, kind, name, payload, frequency)
    elif version == 1:
        module.handle_part(cloud, kind, name, payload)
    else:
        raise ValueError("Unknown module version %s" % version)


class State(object):
    def __init__(self):
        self.modules = {}
        self.cloud = None
        self.frequency = None

    def hello(self, request):
        self.cloud = Cloud(request)
        self.frequency = request["frequency"]
        for path in request["directories"]:
            if path not in sys.path:
                sys.path.insert(0, path)
        return {}

    def load(self, request):
        name = request["name"]
        importlib.invalidate_caches()
        module = importlib.import_module(name)
        for needed in request["needs"]:
            if not hasattr(module, needed):
                return {"error": "it has no %s" % needed}
        if not hasattr(module, "handler_version"):
            module.handler_version = 1
        if not hasattr(module, "frequency"):
            module.frequency = "once-per-instance"
        answer = {}
        if module.frequency and module.frequency not in FREQUENCIES:
            answer["warning"] = "unknown frequency %s" % (module.frequency,)
        try:
            call(module, self.cloud, "__begin__", None, None, self.frequency, {})
        except BaseException as error:
            answer["warning"] = told(error)
        answer["types"] = sorted(set(str(kind) for kind in module.list_types()))
        self.modules[name] = module
        return answer

    def part(self, request):
        payload = base64.b64decode(request["payload"])
        if request["text"]:
            payload = payload.decode("utf-8", "surrogateescape")
        call(
            self.modules[request["name"]], self.cloud, request["type"], request["filename"], payload,
            self.frequency, request["headers"],
        )
        return {}

    def end(self, request):
        call(self.modules[request["name"]], self.cloud, "__end__", None, None, self.frequency, {})
        return {}


state = State()
for line in requests:
    try:
        request = json.loads(line.decode("utf-8"))
        answer = getattr(state, request["do"])(request)
    except BaseException as error:
        answer = {"error": told(error)}
    sys.stdout.flush()
    answers.write((json.dumps(answer) + "\n").encode("utf-8"))
    answers.flush()
