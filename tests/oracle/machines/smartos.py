"""SmartOS's metadata service, protocol version 2, for the values in the JSON document at descriptor 3."""

import base64
import json
import os
import pty
import socket
import sys
import threading
import tty
import zlib

VALUES = json.load(os.fdopen(3))


def message(body):
    return f"V2 {len(body)} {zlib.crc32(body.encode()):08x} {body}"


def answer(line):
    words = line.split(" ")
    if line == "NEGOTIATE V2":
        return "V2_OK"
    if words[0] != "V2" or message(" ".join(words[3:])) != line:
        return "invalid command"
    identity, kind = words[3:5]
    value = None
    if kind == "KEYS":
        value = "\n".join(VALUES)
    if kind == "GET":
        value = VALUES.get(base64.b64decode(words[5]).decode())
    if value is None:
        return message(f"{identity} NOTFOUND")
    return message(f"{identity} SUCCESS {base64.b64encode(value.encode()).decode()}")


def serve(stream):
    for line in stream:
        stream.write(answer(line.decode().rstrip("\n")).encode() + b"\n")
        stream.flush()


class Port:
    """A terminal's host end, which stays when a program closes its own end."""

    def __init__(self):
        self.host, self.machine = pty.openpty()
        tty.setraw(self.machine)

    def __iter__(self):
        line = b""
        while True:
            line += os.read(self.host, 1)
            if line.endswith(b"\n"):
                yield line
                line = b""

    def write(self, data):
        while data:
            data = data[os.write(self.host, data):]

    def flush(self):
        pass


def zone(path):
    os.makedirs(os.path.dirname(path))
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    print("ready", flush=True)
    while True:
        stream = listener.accept()[0].makefile("rwb")
        threading.Thread(target=serve, args=[stream], daemon=True).start()


if len(sys.argv) > 1:
    zone(sys.argv[1])
port = Port()
print("ready", flush=True)
serve(port)
