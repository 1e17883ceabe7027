"""AUTH, passed through: the relay checks credentials, we only pass them on (RFC 4954).

Owns: the exchange line by line as raw octets, and its limits.
Does not own: SASL mechanisms, credentials (nothing is kept), whether a client may log in here
(`login`), how often a login may fail (`login_limits`), or who is trusted after it (`trust`).

The name of an account decides who may send as a [[sender]]. So it is read only where no relay can
have read another: from base64 without anything to ignore, and from no more responses than the
mechanism has.
"""

import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from proxy.client.connection import ClientConnection, LineTooLong
from proxy.client.limits import MAX_AUTH_LINE_OCTETS
from proxy.client.login_limits import Guesses
from proxy.relay.upstream import Upstream
from proxy.smtp import replies
from proxy.smtp.replies import Reply

CANCEL = b"*"
"""RFC 4954 §4: ends an exchange without a login."""

EMPTY = b"="
"""RFC 4954 §4: an initial response of no octets."""


@dataclass(frozen=True, slots=True)
class Login:
    """How an AUTH exchange ended, and the account that the client named (None: none for sure)."""

    reply: Reply
    account: str | None = None


async def authenticate(
    connection: ClientConnection,
    upstream: Upstream,
    arg: bytes,
    patience_s: float,
    guesses: Guesses,
) -> Login:
    """Pass one AUTH exchange through to its end.

    `arg` is the mechanism, and the initial response where there is one, as the client wrote them.
    Raises ClientGone, or TimeoutError when the client is silent for `patience_s`.
    """
    mechanism, *said = arg.split()
    command = b"AUTH " + arg
    reply = await (guesses.judged(upstream, command) if said else upstream.auth_line(command))
    while reply.intermediate:
        connection.send(reply.wire())
        try:
            response = await connection.line(MAX_AUTH_LINE_OCTETS, patience_s)
        except LineTooLong:
            await upstream.auth_line(CANCEL)
            return Login(replies.AUTH_LINE_TOO_LONG)
        if b"\r" in response or b"\0" in response:
            await upstream.auth_line(CANCEL)
            return Login(replies.AUTH_SYNTAX)
        said.append(response)
        if response == CANCEL:
            reply = await upstream.auth_line(CANCEL)
            continue
        reply = await guesses.judged(upstream, response)
        if reply is replies.TOO_MANY_LOGINS:
            await upstream.auth_line(CANCEL)
    return Login(reply, account_name(mechanism, said))


@dataclass(frozen=True, slots=True)
class _Mechanism:
    """Where the name stands: in the first of at most `responses`, as the pattern's group.

    `ends_empty`: the server may have the last word, which the client answers with nothing.
    """

    responses: int
    name: re.Pattern[bytes]
    ends_empty: bool = False


_SCRAM = _Mechanism(
    2, re.compile(rb"[ny],(?:a=[^,]*)?,n=([^,=]+),r=.*", re.DOTALL), ends_empty=True
)
"""RFC 5802 §7; SCRAM-…-PLUS is never offered."""

_XOAUTH2 = re.compile(rb"user=([^\x01]+)\x01auth=[^\x01]*\x01\x01")
_OAUTHBEARER = re.compile(rb"n,a=([^,=]+),\x01.*", re.DOTALL)

_MECHANISMS: Mapping[bytes, _Mechanism] = MappingProxyType(
    {
        b"PLAIN": _Mechanism(1, re.compile(rb"[^\0]*\0([^\0]+)\0[^\0]*")),
        b"LOGIN": _Mechanism(2, re.compile(rb"(.+)", re.DOTALL)),
        b"CRAM-MD5": _Mechanism(1, re.compile(rb"(.+) [0-9a-f]{32}", re.DOTALL)),
        b"XOAUTH2": _Mechanism(1, _XOAUTH2, ends_empty=True),
        b"OAUTHBEARER": _Mechanism(1, _OAUTHBEARER, ends_empty=True),
    }
)
"""RFC 4616 §2, the draft of LOGIN, RFC 2195 §2, Google's XOAUTH2, RFC 7628 §3.1."""


def account_name(mechanism: bytes, responses: Sequence[bytes]) -> str | None:
    """Return the name of an account; `responses` are all of an exchange, base64 as sent.

    None where the mechanism is unknown or names nobody, and where what was said could be read in
    several ways.
    """
    upper = mechanism.upper()
    known = _SCRAM if upper.startswith(b"SCRAM-") else _MECHANISMS.get(upper)
    said = [_decoded(response) for response in responses]
    if known is not None and known.ends_empty and said[-1:] == [b""]:
        said.pop()
    if known is None or None in said or not 0 < len(said) <= known.responses:
        return None
    found = known.name.fullmatch(said[0] or b"")
    return _text(found[1]) if found else None


def _decoded(response: bytes) -> bytes | None:
    """Return what base64 holds; None where another decoder may find something else in it."""
    if response == EMPTY:
        return b""
    try:
        decoded = binascii.a2b_base64(response, strict_mode=True)
    except binascii.Error:
        return None
    return decoded if binascii.b2a_base64(decoded, newline=False) == response else None


def _text(name: bytes) -> str | None:
    try:
        return name.decode()
    except UnicodeDecodeError:
        return None
