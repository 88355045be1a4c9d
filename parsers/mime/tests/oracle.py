"""Describes messages as Python's email package reads them: hex lines in, JSON lines out."""
import email
import email.policy
import json
import sys

WIDE = email.policy.compat32.clone(max_line_length=0)


def name_of(defect):
    return type(defect).__name__.removesuffix("Defect")


def raw(text):
    return None if text is None else text.encode("utf-8", "surrogateescape").hex()


def attempt(call):
    try:
        return call()
    except Exception as problem:
        return "raised " + type(problem).__name__


def describe(data):
    message = email.message_from_bytes(data)
    parts = []
    # Text of headers is compared as the original reads it, from text.
    texts = list(email.message_from_string(data.decode("utf-8", "surrogateescape")).walk())
    for part, text in zip(message.walk(), texts):
        defects = [name_of(d) for d in part.defects]
        parts.append({
            "unix_from": raw(part.get_unixfrom()),
            "type": text.get_content_type(),
            "filename": attempt(text.get_filename),
            "boundary": attempt(text.get_boundary),
            "multipart": part.is_multipart(),
            "headers": [[n, raw(v)] for n, v in part.raw_items()],
            "preamble": raw(part.preamble),
            "epilogue": raw(part.epilogue) if part.is_multipart() else None,
            "defects": defects,
            "payload": None if part.is_multipart() else part.get_payload(decode=True).hex(),
        })
    written = attempt(lambda: message.as_bytes(policy=WIDE).hex())
    return {"parts": parts, "written": written}


for line in sys.stdin:
    print(json.dumps(describe(bytes.fromhex(line.strip()))))
