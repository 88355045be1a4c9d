"""CloudSigma's server context: the document at descriptor 3 is the answer to the empty path."""

import os
import pty
import tty

context = os.fdopen(3).read().replace("\n", "")
host, machine = pty.openpty()
tty.setraw(machine)
print("ready", flush=True)
request = b""
while True:
    request += os.read(host, 1)
    if request.endswith(b"<\n\n>"):
        os.write(host, context.encode() + b"\n\x04")
        request = b""
