"""As much of pyserial as upstream's data sources use: the root of the comparison does not have the package."""

import os
import select
import termios
import tty


class Serial:
    def __init__(self, port=None, timeout=None, **_others):
        self.timeout = timeout
        self.descriptor = os.open(port, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self.descriptor, termios.TCSANOW)

    def isOpen(self):
        return True

    def fileno(self):
        return self.descriptor

    def read(self, size=1):
        ready, _, _ = select.select([self.descriptor], [], [], self.timeout)
        return os.read(self.descriptor, size) if ready else b""

    def readline(self):
        line = b""
        while not line.endswith(b"\n"):
            byte = self.read(1)
            if not byte:
                break
            line += byte
        return line

    def write(self, data):
        return os.write(self.descriptor, data)

    def flush(self):
        termios.tcdrain(self.descriptor)

    def close(self):
        os.close(self.descriptor)
