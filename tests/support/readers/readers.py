"""Readers of mail that went through Waypost: the tracked links in it, and where they lead."""

import http.client
import re
from contextlib import closing
from urllib.parse import urlsplit

_TRACKED = re.compile(rb'href="(http://[\w.-]+:\d+/(?:[\w-]+/)*c/(?:app/)?[\w-]+)"')

BROWSER = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "en-US,en;q=0.5",
    "Sec-Fetch-Mode": "navigate",
}
"""What a browser says when a link is followed; a client that says nothing is taken for a machine."""


def tracked(content: bytes) -> list[str]:
    """Return the tracked links of a message, in the order in which they stand there."""
    return [url.decode() for url in _TRACKED.findall(content)]


def follow(url: str) -> str:
    """Click a link as a browser does; gives where it leads, or nothing if it leads nowhere."""
    parts = urlsplit(url)
    with closing(http.client.HTTPConnection(parts.netloc, timeout=60)) as connection:
        connection.request("GET", parts.path, headers=BROWSER)
        return connection.getresponse().getheader("Location") or ""
