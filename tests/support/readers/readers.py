"""Readers of mail that went through Waypost: the tracked links in it, and where they lead."""

import http.client
import re
from contextlib import closing
from urllib.parse import urlsplit

_TRACKED = re.compile(rb'href="(http://[\w.-]+:\d+/(?:[\w-]+/)*c/(?:app/)?[\w-]+)"')


def tracked(content: bytes) -> list[str]:
    """Return the tracked links of a message, in the order in which they stand there."""
    return [url.decode() for url in _TRACKED.findall(content)]


def follow(url: str) -> str:
    """Click a link; gives where it leads, or nothing where it leads nowhere."""
    parts = urlsplit(url)
    with closing(http.client.HTTPConnection(parts.netloc, timeout=10)) as connection:
        connection.request("GET", parts.path)
        return connection.getresponse().getheader("Location") or ""
