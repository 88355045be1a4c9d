import types


def should_auto_attach():
    return types.SimpleNamespace(should_auto_attach=False)
