"""Reads documents (base64, one a line) and says what PyYAML makes of each, a JSON object a line."""

import base64
import datetime
import json
import struct
import sys

import yaml

sys.setrecursionlimit(20000)


class Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data):
        return True


class LoneSurrogate(Exception):
    pass


def joined(s):
    """The text with surrogate pairs made one character, as the reader under test has it."""
    try:
        return s.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError as e:
        raise LoneSurrogate() from e


def pairs(v):
    if isinstance(v, str):
        return joined(v) != v
    if isinstance(v, dict):
        return any(pairs(k) or pairs(i) for k, i in v.items())
    return isinstance(v, (list, tuple, set)) and any(map(pairs, v))


def encode(v, seen=()):
    if id(v) in seen:
        raise RecursionError()
    if v is None:
        return ["null"]
    if isinstance(v, bool):
        return ["bool", v]
    if isinstance(v, int):
        return ["int", str(v)]
    if isinstance(v, float):
        return ["float", "nan" if v != v else struct.pack(">d", v).hex()]
    if isinstance(v, str):
        return ["str", joined(v)]
    if isinstance(v, bytes):
        return ["binary", v.hex()]
    if isinstance(v, datetime.datetime):
        return ["timestamp", v.isoformat(" ")]
    if isinstance(v, datetime.date):
        return ["date", v.isoformat()]
    seen = seen + (id(v),)
    if isinstance(v, (list, tuple)):
        return ["seq", [encode(i, seen) for i in v]]
    if isinstance(v, dict):
        return ["map", [[encode(k, seen), encode(i, seen)] for k, i in v.items()]]
    if isinstance(v, set):
        return ["set", sorted((encode(i, seen) for i in v), key=json.dumps)]
    raise TypeError(type(v))


def sets(v):
    if isinstance(v, set):
        return True
    if isinstance(v, dict):
        return any(map(sets, v.values()))
    return isinstance(v, (list, tuple)) and any(map(sets, v))


def mark(m):
    return None if m is None else [m.line + 1, m.column + 1]


def spans(node, out):
    out.append(mark(node.start_mark) + mark(node.end_mark))
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            spans(item, out)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            spans(key, out)
            spans(value, out)
    return out


def answer(document):
    try:
        value = yaml.safe_load(document)
    except yaml.YAMLError as e:
        return {
            "error": type(e).__name__,
            "what": str(e),
            "at": mark(getattr(e, "problem_mark", None)),
            "context": mark(getattr(e, "context_mark", None)),
        }
    except Exception as e:
        return {"error": type(e).__name__, "what": str(e)}
    try:
        found = {"value": encode(value)}
    except LoneSurrogate:
        return {"special": "lone surrogate"}
    except RecursionError:
        return {"special": "recursive"}
    node = yaml.compose(document)
    found["spans"] = spans(node, []) if node is not None else []
    if not sets(value) and not pairs(value):
        options = dict(default_flow_style=False, line_break="\n", Dumper=Dumper)
        found["dump"] = yaml.dump(value, indent=4, explicit_start=True, explicit_end=True, **options)
        found["unsorted"] = yaml.dump(value, sort_keys=False, **options)
        for name in ("dump", "unsorted"):
            # Indented beyond the width PyYAML may fold between a backslash and the space it keeps,
            # and write what reads otherwise.
            deep = " " * 76 in found[name]
            if deep and encode(yaml.safe_load(found[name])) != found["value"]:
                del found[name]
    return found


for line in sys.stdin:
    print(json.dumps(answer(base64.b64decode(line))))
