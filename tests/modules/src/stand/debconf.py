"""The part of Debian's module that upstream uses: a conversation with debconf-communicate(1)."""
import subprocess


class DebconfError(Exception):
    pass


class DebconfCommunicator:
    def __init__(self, owner):
        self.words = ["debconf-communicate", "-fnoninteractive", owner]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def command(self, name, *words):
        line = " ".join([name.upper(), *map(str, words)]) + "\n"
        answer = subprocess.run(self.words, input=line, capture_output=True, text=True, check=False).stdout
        code, _, text = answer.strip().partition(" ")
        if code != "0":
            raise DebconfError(code, text)
        return text
