"""Header fields that a receiver wants with each request, as its `Authorization`: a file with a line each.

Owns: reading such a file, and which fields may stand in it (RFC 9110 §5).
Does not own: who may read it (`secret_files`), or the requests (`tracker.stream.sender`).
"""

import re
from pathlib import Path

from config.keys.secret_files import KeyFileError, read_secret

_FIELD = re.compile(
    rb"([A-Za-z0-9!#$%&'*+.^_`|~-]+):[ \t]*([\x21-\x7e]([\x20-\x7e\t]*[\x21-\x7e])?)"
)
OF_THE_CONNECTION = frozenset(
    {
        "connection",
        "content-length",
        "expect",
        "host",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Fields by which a request is read: another value would make it another request."""


def read_stream_headers(path: Path) -> dict[str, str]:
    """Return the header fields in a file by their names; raises KeyFileError.

    Blank lines, and those that begin with `#`, are passed over.
    """
    fields: dict[str, str] = {}
    for number, line in enumerate(read_secret(path).splitlines(), 1):
        text = line.strip()
        if not text or text.startswith(b"#"):
            continue
        name, value = _field(path, number, text)
        fields[name] = value
    if not fields:
        raise KeyFileError(path, "holds no header field", "write one a line, as Name: value")
    return fields


def _field(path: Path, number: int, text: bytes) -> tuple[str, str]:
    found = _FIELD.fullmatch(text)
    if found is None:
        what = f"holds no header field in line {number}"
        raise KeyFileError(path, what, "write Name: value, in ASCII")
    name = found[1].decode("ascii")
    if name.lower() in OF_THE_CONNECTION:
        raise KeyFileError(path, f"holds {name} in line {number}", "Waypost sets that field itself")
    return name, found[2].decode("ascii")
