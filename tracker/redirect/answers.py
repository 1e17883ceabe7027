"""Every answer that a reader's browser or app gets, as values.

Owns: status, headers and body of each.
Does not own: which of them a request gets (`redirector`), or the wire (`tracker.listener.http1`).
"""

import functools
import html
import json

from tracker.listener.http1 import Answer, status_line

Headers = tuple[tuple[bytes, bytes], ...]

_TEXT = b"text/plain; charset=utf-8"
_HTML = b"text/html; charset=utf-8"
_JSON = b"application/json"
_GIF = b"image/gif"
_UNCACHED = ((b"cache-control", b"no-store"), (b"x-robots-tag", b"noindex"))

NOT_FOUND = Answer(404, _TEXT, b"There is nothing here.\n", _UNCACHED)
NOT_KNOWN_YET = Answer(
    503,
    _TEXT,
    b"This link cannot be opened at the moment. Please try again in a few seconds.\n",
    ((b"retry-after", b"3"), *_UNCACHED),
)
METHOD_NOT_ALLOWED = Answer(
    405, _TEXT, b"Only GET and HEAD are served here.\n", ((b"allow", b"GET, HEAD"), *_UNCACHED)
)
ROBOTS = Answer(200, _TEXT, b"User-agent: *\nDisallow: /\n")
GONE = Answer(410, _TEXT, b"This link was withdrawn by its sender.\n", _UNCACHED)
HEALTHY = Answer(200, _TEXT, b"ok\n", _UNCACHED)
PIXEL = Answer(
    200,
    _GIF,
    # GIF89a, 1 by 1; two colours, of which the one that is used is transparent.
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff"
    b"!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;",
    _UNCACHED,
)


def redirection(destination: str, referrer_policy: str = "no-referrer") -> Answer:
    """Return the 302 to `destination`, octet for octet (RFC 9110 §15.4.3)."""
    shown = html.escape(destination)
    body = f'<!doctype html><title>Moved</title><a href="{shown}">{shown}</a>\n'.encode("ascii")
    beside, begins, others = _around_location(referrer_policy)
    head = f"{begins}location: {destination}\r\n{others}content-length: {len(body)}\r\n"
    headers = ((b"location", destination.encode("ascii")), *beside)
    return Answer(302, _HTML, body, headers, head.encode("ascii"))


@functools.cache
def _around_location(referrer_policy: str) -> tuple[Headers, str, str]:
    """Return the other fields of a redirect, and what stands before and after the destination in its head."""
    beside = (b"referrer-policy", referrer_policy.encode("ascii")), *_UNCACHED
    others = b"".join(b"%b: %b\r\n" % pair for pair in (*beside, (b"content-type", _HTML)))
    return beside, status_line(302).decode("ascii"), others.decode("ascii")


def resolution(destination: str) -> Answer:
    """Return `destination` in JSON, for an app."""
    body = json.dumps({"url": destination}).encode("ascii")
    return Answer(200, _JSON, body, _UNCACHED)


def well_known(content: bytes) -> Answer:
    """Return a file of `/.well-known/`, which is JSON."""
    return Answer(200, _JSON, content)
