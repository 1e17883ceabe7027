"""Who logs in: the name in an AUTH exchange that passes through.

Owns: reading the user name, and nothing else, out of the client's side of the usual SASL
mechanisms (RFC 4616, RFC 2195, RFC 5802, RFC 7628 and LOGIN).
Does not own: the exchange (`authentication`), or judging it (the relay).
"""

import binascii
import re
from collections.abc import Sequence

_SCRAM_NAME = re.compile(rb"(?:\A|,)n=([^,]+)")
_OAUTH_NAME = re.compile(rb"(?:\A|\x01)user=([^\x01]+)|\An,a=([^,]+),")


def account_name(mechanism: bytes, responses: Sequence[bytes]) -> str | None:
    """Give the name by which an account is known again; `responses` are base64 as sent.

    None where the mechanism is unknown or does not tell.
    """
    name = _name(mechanism.upper(), [_decoded(response) for response in responses])
    return f"account:{name.decode('utf-8', 'backslashreplace')}" if name else None


def _name(mechanism: bytes, said: list[bytes]) -> bytes | None:
    first = said[0] if said else b""
    if mechanism == b"PLAIN":
        parts = first.split(b"\0")
        return parts[1] if len(parts) > 1 else None
    if mechanism == b"LOGIN":
        return first
    if mechanism == b"CRAM-MD5":
        return first.rpartition(b" ")[0]
    pattern = _SCRAM_NAME if mechanism.startswith(b"SCRAM-") else _OAUTH_NAME
    found = pattern.search(first)
    return (found[1] or found[found.re.groups]) if found else None


def _decoded(response: bytes) -> bytes:
    try:
        return binascii.a2b_base64(response)
    except binascii.Error:
        return b""
