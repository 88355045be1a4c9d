"""Of the published interface of Ubuntu Pro's client in Python, which here asks the program."""
import json
import subprocess


class UserFacingError(Exception):
    def __init__(self, msg, code):
        super().__init__(msg)
        self.msg = msg
        self.msg_code = code


class AlreadyAttachedError(UserFacingError):
    pass


def asked(endpoint, data=None):
    words = ["pro", "api", endpoint] + ([] if data is None else ["--data", json.dumps(data, separators=(",", ":"), ensure_ascii=False)])
    answer = json.loads(subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, check=False).stdout)
    if answer["result"] == "success":
        return answer["data"]["attributes"]
    error = answer["errors"][0]
    kind = AlreadyAttachedError if error["code"] == "already-attached" else UserFacingError
    raise kind(error["title"], error["code"])
