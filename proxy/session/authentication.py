"""AUTH, passed through: the relay checks credentials, we only pass them on (RFC 4954).

Owns: the exchange line by line as raw octets, and its limits.
Does not own: SASL mechanisms, credentials (nothing is kept), whether a client may log in here
(`identity`), or who is trusted after it (`trust`).
"""

import binascii
import re
from collections.abc import Sequence

from proxy.relay.upstream import Upstream
from proxy.session.connection import ClientConnection, LineTooLong
from proxy.session.limits import MAX_AUTH_LINE_OCTETS
from proxy.smtp import replies
from proxy.smtp.replies import Reply

_SCRAM_NAME = re.compile(rb"(?:\A|,)n=([^,]+)")
_OAUTH_NAME = re.compile(rb"(?:\A|\x01)user=([^\x01]+)|\An,a=([^,]+),")

CANCEL = b"*"
"""RFC 4954 §4: ends an exchange without a login."""


async def authenticate(
    connection: ClientConnection, upstream: Upstream, arg: bytes, patience_s: float
) -> Reply:
    """Pass one AUTH exchange through to its end, and return the last reply of it.

    `arg` is the mechanism, and the initial response where there is one, as the client wrote them.
    Raises ClientGone, or TimeoutError when the client is silent for `patience_s`.
    """
    mechanism, *said = arg.split()
    reply = await upstream.auth_line(b"AUTH " + arg)
    while reply.intermediate:
        connection.send(reply.wire())
        try:
            response = await connection.line(MAX_AUTH_LINE_OCTETS, patience_s)
        except LineTooLong:
            await upstream.auth_line(CANCEL)
            return replies.AUTH_LINE_TOO_LONG
        if b"\r" in response or b"\0" in response:
            await upstream.auth_line(CANCEL)
            return replies.AUTH_SYNTAX
        said.append(response)
        reply = await upstream.auth_line(response)
    if upstream.authenticated:
        upstream.account = account_name(mechanism, said)
    return reply


def account_name(mechanism: bytes, responses: Sequence[bytes]) -> str | None:
    """Return the name by which an account is recognised; `responses` are base64 as sent.

    None where the mechanism is unknown or names nobody.
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
