from uaclient.api.exceptions import asked


class ShouldAutoAttachResult:
    def __init__(self, answer):
        self.should_auto_attach = answer["should_auto_attach"]


def should_auto_attach():
    return ShouldAutoAttachResult(asked("u.pro.attach.auto.should_auto_attach.v1"))
