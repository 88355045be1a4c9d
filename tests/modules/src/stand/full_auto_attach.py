from uaclient.api.exceptions import asked


class FullAutoAttachOptions:
    def __init__(self, enable=None, enable_beta=None):
        self.enable = enable
        self.enable_beta = enable_beta


def full_auto_attach(options):
    given = {"enable": options.enable, "enable_beta": options.enable_beta}
    return asked("u.pro.attach.auto.full_auto_attach.v1", {key: value for key, value in given.items() if value is not None})
