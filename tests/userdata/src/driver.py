# Gives every case to the original's own functions and tells what came of it. Runs inside the original's root.
import base64, copy, glob, importlib, io, json, logging, os, shutil, signal, stat, sys

sys.setrecursionlimit(600)
logging.disable(logging.NOTSET)
from cloudinit import helpers, importer, mergers, sources, stages, subp, templater, user_data, util
from cloudinit.handlers import boot_hook, jinja_template
from cloudinit.sources import DataSource

WARNINGS = []


class Note(logging.Handler):
    def emit(self, record):
        if record.levelno >= logging.WARNING:
            WARNINGS.append(record.getMessage())


root = logging.getLogger()
root.handlers = [Note()]
root.setLevel(logging.WARNING)
plain_import = importer.import_module


def import_module(name):
    # Directories change faster here than their times do.
    importlib.invalidate_caches()
    return plain_import(name)


importer.import_module = import_module
boot_hook.subp.subp = lambda *words, **options: ("", "")


class Source(DataSource):
    dsname = "Source"

    def get_instance_id(self):
        return "i-1"


def b64(data):
    if isinstance(data, str):
        data = data.encode("utf-8", "surrogateescape")
    return base64.b64encode(data or b"").decode()


def written(top, names):
    found = {}
    for name in names:
        base = os.path.join(top, name)
        for directory, _, files in os.walk(base):
            for file in files:
                path = os.path.join(directory, file)
                with open(path, "rb") as content:
                    mode = stat.S_IMODE(os.stat(path).st_mode)
                    found[path] = [mode, b64(content.read())]
        if os.path.isfile(base):
            with open(base, "rb") as content:
                found[base] = [stat.S_IMODE(os.stat(base).st_mode), b64(content.read())]
    return found


def userdata(case):
    for path in ("/var/lib/cloud", "/run/cloud-init", "/inc"):
        shutil.rmtree(path, ignore_errors=True)
    instance = "/var/lib/cloud/instances/i-1"
    for path in (instance, "/run/cloud-init", "/inc"):
        os.makedirs(path)
    os.symlink(instance, "/var/lib/cloud/instance")
    util.write_file("/run/cloud-init/instance-data-sensitive.json", json.dumps(case["data"]))
    for path, content in case["files"].items():
        util.write_file(path, base64.b64decode(content))
    init = stages.Init()
    init._cfg = {
        "system_info": {"distro": "ubuntu", "paths": {}},
        "vendor_data": {"enabled": True},
        "vendor_data2": {"enabled": True},
    }
    ds = Source({}, None, init.paths)
    init.datasource = ds
    init.paths.datasource = ds
    ds.metadata = {"instance-id": "i-1"}
    if case["launch_index"] is not None:
        ds.metadata["launch-index"] = case["launch_index"]
    ds.userdata_raw = base64.b64decode(case["user"])
    ds.vendordata_raw = [base64.b64decode(piece) for piece in case["vendor"]] or None
    ds.vendordata2_raw = [base64.b64decode(piece) for piece in case["vendor2"]] or None
    processed = ds.get_userdata()
    answer = {"parts": []}
    for part in processed.walk():
        if part.get_content_maintype() == "multipart":
            continue
        answer["parts"].append([
            part.get_content_type(),
            part.get_filename() or "",
            b64(util.fully_decoded_payload(part)),
            [str(value) for value in part.get_all("Launch-Index", [])],
            str(part.get("Merge-Type", "")),
        ])
    try:
        text = str(processed)
        boundary = processed.get_boundary()
        if boundary:
            text = text.replace(boundary, "BOUNDARY")
        answer["processed"] = b64(text)
    except Exception as error:
        answer["processed"] = None
    init._consume_userdata()
    # What the instance's own configuration says of vendor-data is asked of its files.
    init._consume_vendordata("vendordata")
    init._consume_vendordata("vendordata2")
    answer["files"] = written(instance, ["scripts", "boothooks", "cloud-config.txt", "vendor-cloud-config.txt", "vendor2-cloud-config.txt", "data/urlcache"])
    answer["files"].update(written("/var/lib/cloud", ["scripts"]))
    return answer


def pair(case):
    how = mergers.construct(mergers.string_extract_mergers(case["how"]))
    return {"value": json.dumps(how.merge(copy.deepcopy(case["old"]), copy.deepcopy(case["new"])))}


def layers(case):
    return {"value": json.dumps(util.mergemanydict(copy.deepcopy(case["layers"])))}


def jinja(case):
    variables = jinja_template.convert_jinja_instance_data(
        copy.deepcopy(case["data"]), include_key_aliases=True
    )
    return {"value": templater.render_string(case["text"], variables)}


def shipped(case):
    path = "/etc/cloud/templates/%s.tmpl" % case["name"]
    return {"value": templater.render_from_file(path, copy.deepcopy(case["variables"]))}


def handlers(case):
    os.makedirs("/out", exist_ok=True)
    for path in glob.glob("/out/*"):
        os.remove(path)
    sys.path_importer_cache.clear()
    for name in [name for name in sys.modules if name.startswith("part-handler-")]:
        del sys.modules[name]
    shutil.rmtree("/var/lib/cloud/instances", ignore_errors=True)
    answer = userdata(case)
    for name in ("part-handler",):
        answer["files"].update(written("/var/lib/cloud/instances/i-1", ["handlers"]))
    answer["files"] = {k: v for k, v in answer["files"].items() if "__pycache__" not in k}
    told = []
    for path in sorted(glob.glob("/out/*")):
        with open(path) as lines:
            told.extend(lines.read().splitlines())
    answer["told"] = told
    return answer


class Slow(Exception):
    pass


def slow(*ignored):
    raise Slow()


signal.signal(signal.SIGALRM, slow)
KINDS = {"userdata": userdata, "pair": pair, "layers": layers, "jinja": jinja, "shipped": shipped, "handlers": handlers}
sys.stdout = open("/dev/null", "w")
with open("/cases/cases.jsonl") as cases, open("/cases/answers.jsonl", "w") as answers:
    for line in cases:
        case = json.loads(line)
        del WARNINGS[:]
        signal.alarm(20)
        try:
            answer = KINDS[case["kind"]](case)
        except Exception as error:
            answer = {"error": "%s: %s" % (type(error).__name__, error)}
        finally:
            signal.alarm(0)
        answer["case"] = case["case"]
        answer["kind"] = case["kind"]
        answer["warnings"] = [str(warning)[:300] for warning in WARNINGS]
        answers.write(json.dumps(answer, ensure_ascii=True) + "\n")
