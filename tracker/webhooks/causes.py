"""Why an attempt came to no answer, in words of ours.

Owns: these words, which quote nothing that a receiver wrote: that may name the person of an event.
Does not own: the attempt (`client`), or where the words are kept (`tracker.outbox.queue`).
"""

import os
import ssl
from collections.abc import Iterator

import httpcore

from tracker.webhooks.connecting import AddressRefused, NotResolved

DEPTH = 10
"""How far an error is followed to what it came of; its causes may be a ring."""


def words(error: Exception) -> str:
    """Return why there is no answer."""
    causes = list(_causes(error))
    return _of_tls(causes) or _of_the_system(causes) or _of_http(error)


def _of_tls(causes: list[BaseException]) -> str:
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not valid: {cause.verify_message}"
        if isinstance(cause, ssl.SSLError):
            return f"TLS failed: {(getattr(cause, 'reason', None) or 'broken off').lower().replace('_', ' ')}"
    return ""


def _of_the_system(causes: list[BaseException]) -> str:
    """Return what the system says, of the error that came first."""
    if isinstance(causes[0], NotResolved):
        return "its name cannot be resolved"
    known = [each.errno for each in causes if isinstance(each, OSError) and each.errno]
    return os.strerror(known[-1]).lower() if known else ""


def _of_http(error: Exception) -> str:
    if isinstance(error, AddressRefused):
        return "its address is one of a private network (private = true allows that)"
    if isinstance(error, httpcore.ProtocolError) and "disconnected" not in str(error):
        return "what it answered is not HTTP"
    return "it hung up before it had answered"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error, and what it came of, down to the first."""
    for _ in range(DEPTH):
        if error is None:
            return
        yield error
        within = getattr(error, "exceptions", None)
        error = within[0] if within else error.__cause__ or error.__context__
