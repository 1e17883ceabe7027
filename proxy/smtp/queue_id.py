"""The name under which a relay keeps a message that it took, as its 250 tells it.

Owns: reading that name from the words of the servers and services in use; RFC 5321 leaves the text
of a reply free, so each has its own.
Does not own: the reply (`replies`), or who is told (`proxy.delivery.outcomes`).
"""

import re
from functools import lru_cache

from proxy.smtp.replies import Reply

_ID = rb"<?([A-Za-z0-9][A-Za-z0-9._+/=@-]{3,99}?)>?(?=[\s,;)\]]|\.?\Z)"
_NAMED = (
    # Postfix, Haraka, Amavis, SendGrid, Mailjet and others; of a chain of relays, the last.
    rb".*\bqueued (?:as|with id|under)[: ] ?" + _ID,
    # Exim, Exchange, and others with a name for it.
    rb"(?:.*[\s(\[])?(?:queue[ -]?id|internalid|message[-_ ]?id|id)[=:] ?" + _ID,
    # Haraka and MailEnable: "Message Queued (ID)".
    rb".*\bqueued \(" + _ID,
    # qmail: "ok TIME qp PROCESS"; its log has both.
    rb"ok (\d{9,11} qp \d+)",
    # Google: "OK  TIME ID - gsmtp".
    rb"ok +\d{9,11} ([a-z0-9._-]{8,99}) - gsmtp",
)
_BARE = (
    # Sendmail and OpenSMTPD: "ID Message accepted for delivery".
    _ID + rb" message accepted\b",
    # Amazon SES and whoever else says nothing but the id.
    rb"ok:? +" + _ID + rb"\Z",
)
_PATTERNS = tuple(
    (re.compile(pattern, re.IGNORECASE), pattern in _BARE) for pattern in (*_NAMED, *_BARE)
)
_ENHANCED = re.compile(rb"2\.\d{1,3}\.\d{1,3} +")
_LONGEST_OCTETS = 500
"""Of the last line, in which it is looked for."""
_KEPT = 64
"""Lines of which the name is known: log and details ask for it both, one after the other."""


def queue_id(reply: Reply) -> str | None:
    """Return the relay's name for the message that `reply` took; None where it tells none."""
    return _named(reply.lines[-1][:_LONGEST_OCTETS])


@lru_cache(_KEPT)
def _named(line: bytes) -> str | None:
    text = _ENHANCED.sub(b"", line, count=1)
    for pattern, bare in _PATTERNS:
        match = pattern.match(text)
        # "OK thanks" names nothing.
        if match is not None and not (bare and match[1].isalpha()):
            return match[1].decode("ascii")
    return None
