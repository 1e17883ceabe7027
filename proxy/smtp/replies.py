"""SMTP replies as values: those of the relay as they came, and every one of our own by name.

Owns: what a reply is, how it is read from lines and written to the wire (RFC 5321 §4.2,
RFC 2034, RFC 3463), the codes that decide how a session goes on, and the wording of every reply
that Waypost itself gives.
Does not own: when a reply is given (`proxy.session.session`), or sockets
(`proxy.relay.connection`, `proxy.client.connection`).

The wording is public: it says what the client can do about it. Causes belong in our log.
"""

import re
import secrets
from dataclasses import field
from functools import lru_cache
from typing import Self

from config.value_objects import value

MARK = secrets.token_hex(8)
"""Stands at the end of every greeting of ours, so that a relay which is ourselves is known."""

CLOSING_CODE = 421
"""RFC 5321 §3.8: whoever says this closes the connection."""

OK_CODE = 250
"""RFC 5321 §4.2.3: the answer to EHLO, among others."""

GO_AHEAD_CODE = 354
"""RFC 5321 §4.1.1.4: the message may follow DATA."""

PROMPT_CODE = 334
"""RFC 4954 §4: the next line of an AUTH exchange is awaited."""

AUTHENTICATED_CODE = 235
"""RFC 4954 §6."""

MAX_REPLY_LINES = 1000
"""Lines of one multi-line reply; EHLO of the richest server known stays below 40."""

MAX_REPLY_LINE_OCTETS = 8192
"""RFC 5321 §4.5.3.1.5 asks for 512; URLs and tickets in refusals make some longer."""

_FINAL_CLASSES = (2, 4, 5)

_KEPT_LINES = 64
"""Of which it is known how they are read: a relay says much the same of every message."""

_ENHANCED = re.compile(rb"([245]\.\d{1,3}\.\d{1,3})(?= |\Z)")
_LINE = re.compile(rb"(\d{3})(?:([ -])([^\r\n\0]*))?\Z", re.DOTALL)


class BadReply(ValueError):
    """What came is not a reply of RFC 5321 §4.2; after it the connection is worth nothing."""


@value
class Reply:
    """One SMTP reply: its code and the text of each line, without code, separator and CRLF."""

    code: int
    lines: tuple[bytes, ...]
    positive: bool = field(init=False, repr=False, compare=False)
    """2xx: done. Asked for again and again."""

    def __post_init__(self) -> None:
        """Tell by the class of the code."""
        object.__setattr__(self, "positive", self.code // 100 == 2)  # noqa: PLR2004 - the classes are the RFC's

    @classmethod
    def own(cls, code: int, enhanced: str | None, text: str) -> Self:
        """Make a reply of our own; each line of `text` gets the enhanced code (RFC 2034 §3)."""
        prefix = f"{enhanced} " if enhanced else ""
        return cls(code, tuple(f"{prefix}{line}".encode("ascii") for line in text.split("\n")))

    @property
    def enhanced(self) -> str | None:
        """The enhanced status code of RFC 3463 at the start of the last line, or None."""
        found = _ENHANCED.match(self.lines[-1])
        return found[1].decode("ascii") if found else None

    @property
    def intermediate(self) -> bool:
        """3xx: the server waits for more."""
        return self.code // 100 == 3  # noqa: PLR2004

    @property
    def transient(self) -> bool:
        """4xx: try again later."""
        return self.code // 100 == 4  # noqa: PLR2004

    @property
    def permanent(self) -> bool:
        """5xx: do not try again."""
        return self.code // 100 == 5  # noqa: PLR2004

    @property
    def final(self) -> bool:
        """A code that may end a command (2xx, 4xx, 5xx), and so may go to a client as it is."""
        return self.code // 100 in _FINAL_CLASSES

    def wire(self) -> bytes:
        """Return the octets of the reply, CRLF included; even an empty last line has its space."""
        code, lines = self.code, self.lines
        last = b"%d %s\r\n" % (code, lines[-1])
        if len(lines) == 1:  # as nearly all
            return last
        return b"".join([*(b"%d-%s\r\n" % (code, line) for line in lines[:-1]), last])

    def __str__(self) -> str:
        return self.wire().decode("utf-8", "backslashreplace").rstrip("\r\n")


class ReplyParser:
    """Puts the lines of one connection together to replies."""

    def __init__(self) -> None:
        self._code: int | None = None
        self._lines: list[bytes] = []

    def feed(self, line: bytes) -> Reply | None:
        """Take the next line, with or without its line end; return the reply that it completes.

        Raises BadReply where RFC 5321 §4.2 does not allow the line.
        """
        if not self._lines:
            whole = _whole(line)
            if whole is not None:  # as nearly all
                return whole
        code, more, text = _split(line)
        if self._code is not None and code != self._code:
            raise BadReply(f"a reply began with {self._code} and went on with {code}")
        if len(self._lines) >= MAX_REPLY_LINES:
            raise BadReply(f"a reply of more than {MAX_REPLY_LINES} lines")
        self._code = code
        self._lines.append(text)
        if more:
            return None
        reply = Reply(code, tuple(self._lines))
        self._code, self._lines = None, []
        return reply


@lru_cache(_KEPT_LINES)
def _whole(line: bytes) -> Reply | None:
    """Return the reply that a line is by itself; None where it is not the last of its reply."""
    code, more, text = _split(line)
    return None if more else Reply(code, (text,))


def _split(line: bytes) -> tuple[int, bool, bytes]:
    text = line.removesuffix(b"\n").removesuffix(b"\r")
    if len(text) > MAX_REPLY_LINE_OCTETS:
        raise BadReply(f"a reply line of {len(text)} octets")
    found = _LINE.match(text)
    if found is None:
        raise BadReply(f"not a reply line: {text[:80]!r}")
    code, separator, rest = found.groups()
    return int(code), separator == b"-", rest or b""


def greeting(hostname: str) -> Reply:
    """Greet a client; the word ESMTP makes some clients say EHLO."""
    return Reply.own(220, None, f"{hostname} ESMTP {MARK}")


def is_ourselves(greeting: str) -> bool:
    """Return whether the relay that greets like this is this very Waypost."""
    return MARK in greeting


def hello(hostname: str, keywords: tuple[str, ...] = ()) -> Reply:
    """Answer EHLO with our `keywords`, or without them to HELO."""
    return Reply.own(250, None, "\n".join((hostname, *keywords)))


DELIVERED = Reply.own(250, "2.6.0", "Every copy is delivered")
OK = Reply.own(250, "2.0.0", "OK")
GOODBYE = Reply.own(221, "2.0.0", "Goodbye")
HELP = Reply.own(214, "2.0.0", "See RFC 5321")
CANNOT_VERIFY = Reply.own(252, "2.5.0", "Cannot verify the address; send mail to it and see")
READY_FOR_TLS = Reply.own(220, "2.0.0", "Ready to start TLS")
GO_AHEAD = Reply.own(354, None, "End data with <CR><LF>.<CR><LF>")

# The relay cannot be had, or broke the protocol. Never more than 4xx: the mail is fine.
NO_RELAY_AT_HELLO = Reply.own(421, "4.4.1", "The relay cannot be reached, try again later")
NO_RELAY = Reply.own(451, "4.4.1", "The relay cannot be reached, try again later")
RELAY_LOST = Reply.own(451, "4.4.2", "The connection to the relay was lost, try again later")
RELAY_CHANGED = Reply.own(451, "4.4.2", "The relay changed its answers, try again later")
PARAMETER_NOT_NOW = Reply.own(451, "4.3.3", "The relay does not take this parameter now, try later")
RELAY_BUSY = Reply.own(451, "4.3.2", "Too much mail for the relay at once, try again later")
NOT_LOGGED_IN = Reply.own(451, "4.3.5", "We cannot log in to the relay, try again later")
MECHANISM_NOT_NOW = Reply.own(454, "4.7.0", "The relay does not offer this login now, try later")
RELAY_UNINTELLIGIBLE = Reply.own(451, "4.5.0", "The relay gave an answer that makes no sense")

# Our own trouble. Never more than 4xx either.
OUR_FAULT = Reply.own(451, "4.3.0", "Local error in processing, try again later")
OUR_FAULT_CLOSING = Reply.own(421, "4.3.0", "Local error, closing; try again later")
CANNOT_SIGN = Reply.own(451, "4.3.0", "The message cannot be signed now, try again later")
NO_MEMORY = Reply.own(452, "4.3.1", "Too much mail is in the works, try again later")
TOO_SLOW_NOW = Reply.own(421, "4.3.1", "Too slow while memory is short, try again later")
LOGINS_CROWDED = Reply.own(454, "4.7.0", "Too many are logging in now, try again later")
TOO_MANY_SESSIONS = Reply.own(421, "4.3.2", "Too many sessions, try again later")
TOO_MANY_FROM_ADDRESS = Reply.own(421, "4.7.0", "Too many sessions from your address")
SHUTTING_DOWN = Reply.own(421, "4.3.2", "Shutting down, try again later")
STILL_PENDING = Reply.own(451, "4.4.5", "Not every copy could be delivered yet, try again later")

# What a client did that cannot be served.
TIMED_OUT = Reply.own(421, "4.4.2", "Waited too long for you")
TOO_MANY_ERRORS = Reply.own(421, "4.7.0", "Too many errors")
TOO_MANY_LOGINS = Reply.own(421, "4.7.0", "Too many failed logins, try again later")
FIELD_FOR_COMMAND = Reply.own(421, "4.7.0", "A header field is no command, goodbye")
UNKNOWN_COMMAND = Reply.own(500, "5.5.2", "Command not recognised")
LINE_TOO_LONG = Reply.own(500, "5.5.2", "Command line too long")
AUTH_LINE_TOO_LONG = Reply.own(500, "5.5.6", "Authentication exchange line is too long")
NOT_IMPLEMENTED = Reply.own(502, "5.5.1", "Command not implemented")
NO_ARGUMENT_WANTED = Reply.own(501, "5.5.4", "No argument is allowed here")
ADDRESS_WANTED = Reply.own(501, "5.5.4", "Say whom")
HELLO_SYNTAX = Reply.own(501, None, "Say EHLO or HELO with your host name")  # RFC 2034 §3
AUTH_SYNTAX = Reply.own(501, "5.5.4", "Syntax: AUTH mechanism [initial-response]")
MECHANISM_UNKNOWN = Reply.own(504, "5.5.4", "Authentication mechanism not offered")
TLS_NEEDED_FOR_AUTH = Reply.own(538, "5.7.11", "Encryption is required for authentication")
AUTH_REQUIRED = Reply.own(530, "5.7.0", "Authentication required")
ALREADY_AUTHENTICATED = Reply.own(503, "5.5.1", "Already authenticated")
ALREADY_TLS = Reply.own(503, "5.5.1", "TLS is already active")
HELLO_FIRST = Reply.own(503, "5.5.1", "Say EHLO or HELO first")
MAIL_FIRST = Reply.own(503, "5.5.1", "Need MAIL first")
RCPT_FIRST = Reply.own(503, "5.5.1", "Need RCPT first")
NESTED_MAIL = Reply.own(503, "5.5.1", "MAIL was given already")
NOT_IN_TRANSACTION = Reply.own(503, "5.5.1", "Not during a mail transaction")
NO_VALID_RECIPIENTS = Reply.own(554, "5.5.1", "No valid recipients")
TOO_MANY_RECIPIENTS = Reply.own(452, "4.5.3", "Too many recipients")
MAIL_SYNTAX = Reply.own(501, "5.5.4", "Syntax: MAIL FROM:<address> [parameters]")
RCPT_SYNTAX = Reply.own(501, "5.5.4", "Syntax: RCPT TO:<address> [parameters]")
BAD_SENDER = Reply.own(501, "5.1.7", "Bad sender address syntax")
BAD_RECIPIENT = Reply.own(501, "5.1.3", "Bad recipient address syntax")
BAD_PARAMETER = Reply.own(501, "5.5.4", "Bad parameter syntax")
PARAMETER_NOT_OFFERED = Reply.own(555, "5.5.4", "Parameter not recognised or not offered")
TOO_BIG = Reply.own(552, "5.3.4", "Message too big")
ENDLESS = Reply.own(421, "4.3.2", "The message does not end")
BARE_NEWLINE = Reply.own(550, "5.6.11", "Bare <CR> or <LF> in the message; lines end with <CR><LF>")
NOT_ITS_ACCOUNT = Reply.own(550, "5.7.1", "You may not send as the domain in From")
ONE_FROM_WANTED = Reply.own(
    550, "5.6.0", "All mail of this sender is signed; that takes one From with one address"
)
UNSIGNABLE = Reply.own(
    550, "5.6.0", "All mail of this sender is signed, which takes a header of Name: value lines"
)
XCLIENT_FORBIDDEN = Reply.own(550, "5.7.0", "Not allowed from your address")
XCLIENT_SYNTAX = Reply.own(501, "5.5.4", "Bad attribute")

_OWN = tuple(value for value in globals().copy().values() if isinstance(value, Reply))


def is_own(reply: Reply) -> bool:
    """Return whether this is one of the above, not the relay's, be it in the very same words."""
    return any(reply is each for each in _OWN)
