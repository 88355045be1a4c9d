"""Asks the original which system has these files: each case in a root that has nothing else."""
import json
import os
import platform
import shutil

from cloudinit import util


def answer(case):
    root = "/tmp/root"
    os.makedirs(root)
    for path, text in case["files"].items():
        os.makedirs(root + os.path.dirname(path), exist_ok=True)
        with open(root + path, "w") as file:
            file.write(text)
    system, release = case["kernel"].split(" ")
    platform.system, platform.release, platform.machine = (lambda: system), (lambda: release), (lambda: "x86_64")
    reader, writer = os.pipe()
    if not os.fork():
        os.chroot(root)
        dist = util.get_linux_distro()
        told = {"dist": dist, "variant": util._get_variant({"system": system, "dist": dist})}
        os.write(writer, json.dumps(told).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        told = pipe.read()
    os.wait()
    shutil.rmtree(root)
    return told


with open("/cases/cases.jsonl") as lines, open("/cases/answers.jsonl", "w") as answers:
    for line in lines:
        answers.write(answer(json.loads(line)) + "\n")
