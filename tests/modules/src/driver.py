"""Runs `cloud-init single` over many configurations, each in an overlay of its own over the same base.

The original is imported once and forked for each case; ours is executed. Both start from the layers of the base, and
what a case has left in its upper layer is the answer.
"""
import ctypes
import json
import os
import re
import shutil
import signal
import stat
import sys
import time

OURS = sys.argv[1] == "ours"
CASES, OVER, ROOT = "/cases", "/over", "/mnt"
LIMIT = 20
# Not a module's work: logs, the state of the stages, what Python keeps beside its sources, and the locks that apt-get
# makes itself when it is no stand-in.
IGNORED = re.compile(r"/(var/lib/dpkg/lock|var/lib/apt/lists/lock|var/cache/apt/archives/lock|var/log|run/cloud-init|run/lock|tmp|proc|var/lib/cloud/(?!instances/[^/]+/scripts/))")
REPORTED = re.compile(r"\[(?:WARNING|ERROR|CRITICAL)\]: (.*)")
# Numbers that people look for in the log.
COUNTED = re.compile(r"\[DEBUG\]: ((?:Adding \d+|Disabling/removing default|Updating) certificates)")
libc = ctypes.CDLL(None, use_errno=True)

if not OURS:
    import importlib

    # Later, in a case's root, they are where they belong.
    sys.path.append("/stand/usr/lib/python3/dist-packages")
    from cloudinit.cmd import main as original
    for name in sorted({json.loads(line)["module"] for line in open(f"{CASES}/cases.jsonl")}):
        importlib.import_module(f"cloudinit.config.cc_{name}")


def mount(source, target, kind, options=""):
    words = [word.encode() for word in (source, target, kind)]
    if libc.mount(*words, 0, options.encode()):
        raise OSError(ctypes.get_errno(), f"mount {target}")


def run(case, place):
    """In the child: enters the case's root and does not return."""
    signal.alarm(LIMIT)
    os.unshare(os.CLONE_NEWNS)
    mount("overlay", ROOT, "overlay",
          f"lowerdir={OVER}/base:/stand:/lower,upperdir={place}/upper,workdir={place}/work")
    mount("proc", f"{ROOT}/proc", "proc")
    out = os.open(f"{place}/out", os.O_WRONLY | os.O_CREAT, 0o600)
    os.chroot(ROOT)
    os.chdir("/")
    with open("/tmp/config.yaml", "w") as file:
        json.dump(case["config"], file)
    os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
    os.dup2(out, 1)
    os.dup2(out, 2)
    words = ["cloud-init", "single", "--name", case["module"], "--frequency", "always", "--file", "/tmp/config.yaml"]
    if OURS:
        os.execv("/usr/bin/cloud-init", words)
    code = 1
    try:
        sys.argv = list(words)
        code = original.main(words)
    except SystemExit as error:
        code = error.code
    except BaseException as error:
        print("raised", repr(error))
    sys.stdout.flush()
    os._exit(code if isinstance(code, int) else 1 if code else 0)


def settle():
    """Waits shortly for what a case has left to run after its end, such as a delayed shutdown."""
    for _ in range(200):
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass
        if not [pid for pid in os.listdir("/proc") if pid.isdigit() and int(pid) not in (1, os.getpid())]:
            return
        time.sleep(0.02)


def read(path):
    with open(path, "rb") as file:
        return file.read().decode("utf-8", "backslashreplace")


def state(path, name):
    found = os.lstat(path)
    if stat.S_ISCHR(found.st_mode) and found.st_rdev == 0:
        return "removed"
    head = f"{stat.S_IMODE(found.st_mode):04o} {found.st_uid}:{found.st_gid}"
    if stat.S_ISLNK(found.st_mode):
        return f"link {os.readlink(path)}"
    if stat.S_ISDIR(found.st_mode):
        if any(os.path.isdir(layer + name) for layer in (f"{OVER}/base", "/stand", "/lower")):
            return None
        return f"{head} directory"
    if stat.S_ISREG(found.st_mode):
        return f"{head}\n{read(path)}"
    return f"{head} other"


def collect(place):
    upper, files = f"{place}/upper", {}
    for directory, subdirectories, names in os.walk(upper):
        for name in subdirectories + names:
            path = os.path.join(directory, name)
            name = path[len(upper):]
            told = None if IGNORED.match(name) or "__pycache__" in name else state(path, name)
            if told is not None:
                files[name] = told
    calls = files.pop("/var/tmp/calls", "\n").split("\n", 1)[1]
    log = f"{upper}/var/log/cloud-init.log"
    text = read(log) if os.path.isfile(log) else ""
    return files, calls, REPORTED.findall(text), COUNTED.findall(text)


def main():
    with open(f"{CASES}/cases.jsonl") as lines, open(f"{CASES}/answers.jsonl", "w") as answers:
        for number, line in enumerate(lines):
            case = json.loads(line)
            # Of its own: what a case has left running may still write.
            place = f"{OVER}/case-{number}"
            os.makedirs(f"{place}/upper")
            os.makedirs(f"{place}/work")
            child = os.fork()
            if not child:
                try:
                    run(case, place)
                finally:
                    os._exit(125)
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            settle()
            files, calls, reported, counted = collect(place)
            answer = {"exit": code, "files": files, "calls": calls, "reported": reported, "counted": counted,
                      "out": read(f"{place}/out") if os.path.exists(f"{place}/out") else ""}
            answers.write(json.dumps(answer) + "\n")
            answers.flush()
            shutil.rmtree(place, ignore_errors=True)


main()
