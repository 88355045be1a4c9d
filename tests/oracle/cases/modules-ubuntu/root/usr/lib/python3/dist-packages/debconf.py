# A stand-in for the interface of python3-debconf, with the same program behind it.
import subprocess


class DebconfCommunicator:
    def __init__(self, owner):
        self.owner = owner

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def command(self, *words):
        line = " ".join(words) + "\n"
        subprocess.run(
            ["debconf-communicate", "-fnoninteractive", self.owner],
            input=line.encode(),
            stdout=subprocess.DEVNULL,
            check=True,
        )
