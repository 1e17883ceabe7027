"""Links that a mail filter or a program has wrapped into one of its own, and the way back.

Owns: how Safe Links, URL Defense and others write the link that they stand for.
Does not own: what the link inside is (`tracker.minting.lookup`).

Most put it into a parameter, percent-encoded; a few have alphabets of their own, and some put it into
the path. What only the filter itself can read (Mimecast, Hornetsecurity) stays as it is.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import unquote

from tracker.urls.hosts import host, is_below

MAX_WRAPPERS: Final = 5
"""Around one link: a forwarded message may have met several filters."""
MAX_CHARACTERS: Final = 20_000

_HTTP: Final = re.compile(r"https?:/{1,2}[^/\s]", re.IGNORECASE)
_V3: Final = re.compile(r"/v3/__(.+?)__;([A-Za-z0-9_=-]*)!", re.DOTALL)
_V3_RUN: Final = re.compile(r"\*(\*[A-Za-z0-9_-])?")
_V3_LENGTHS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_LEAST_RUN: Final = 2
_V2: Final = str.maketrans("-_", "%/")
_AVANAN: Final = re.compile(r"/v\d/(?:r\d\d/)?___(.+?)___", re.DOTALL)
_IN_PATH: Final = re.compile(r"/(https?(?::|%3a)(?:/|%2f).*)", re.IGNORECASE | re.DOTALL)
_ONE_SLASH: Final = re.compile(r"(https?:)/(?=[^/])", re.IGNORECASE)
_NAMES: Final = (
    "url",
    "u",
    "q",
    "a",
    "target",
    "redirect",
    "to",
    "link",
    "dest",
    "destination",
    "uri",
)
_BASE64_NAMES: Final = frozenset({"u", "url"})


def unwrapped(url: str) -> str | None:
    """Return the link that a wrapper stands for, or None where it is none that we can read."""
    url = url.strip()
    if not _HTTP.match(url) or len(url) > MAX_CHARACTERS:
        return None
    name = host(url)
    for below, read in _READERS:
        if is_below(name, below):
            return _whole(read(url))
    return next(filter(None, map(_whole, _found(url))), None)


def layers(url: str) -> Iterator[str]:
    """Yield a link, and what is found inside of it, from the outermost wrapper inwards."""
    yield url
    for _ in range(MAX_WRAPPERS):
        inner = unwrapped(url)
        if inner is None or inner == url:
            return
        yield inner
        url = inner


def _whole(url: str | None) -> str | None:
    """Return a URL with both of its slashes, as some wrappers lose one; None for anything else."""
    if url is None or not _HTTP.match(url):
        return None
    return _ONE_SLASH.sub(r"\1//", url, count=1)


def _parameters(url: str) -> dict[str, str]:
    """Return the parameters of a query, percent-encoded; the first of a name counts."""
    pairs = url.partition("#")[0].partition("?")[2].split("&")
    found: dict[str, str] = {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        found.setdefault(name.lower(), value)
    return found


def _found(url: str) -> Iterator[str]:
    """Yield what may be a link in the parameters or the path of any wrapper."""
    parameters = _parameters(url)
    for name in (*_NAMES, *parameters):
        value = parameters.get(name, "")
        yield unquote(value)
        if name in _BASE64_NAMES:
            yield _base64(unquote(value))
    if inside := _IN_PATH.search(url.partition("://")[2]):
        yield unquote(inside[1]) if "%" in inside[1][:10] else inside[1]


def _base64(text: str) -> str:
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        return base64.urlsafe_b64decode(padded).decode("utf-8")
    except (ValueError, binascii.Error):
        return ""


def _url_defense(url: str) -> str | None:
    """Read Proofpoint's three ways of writing a link."""
    if "/v3/" in url:
        return _url_defense_v3(url)
    value = _parameters(url).get("u", "")
    return unquote(value.translate(_V2) if "/v2/" in url else value)


def _url_defense_v3(url: str) -> str | None:
    """Put back what `*` and `**X` stand for: one character, or a run whose length is X."""
    found = _V3.search(url)
    if found is None:
        return None
    kept = _base64(found[2].rstrip("="))
    at = 0

    def restored(run: re.Match[str]) -> str:
        nonlocal at
        start = at
        at += _V3_LENGTHS.index(run[1][1]) + _LEAST_RUN if run[1] else 1
        return kept[start:at] or run[0]

    return _V3_RUN.sub(restored, found[1])


def _avanan(url: str) -> str | None:
    found = _AVANAN.search(url)
    return found[1] if found else None


_READERS: Final[tuple[tuple[frozenset[str], Callable[[str], str | None]], ...]] = (
    (frozenset({"urldefense.proofpoint.com", "urldefense.com", "urldefense.us"}), _url_defense),
    (frozenset({"avanan.click", "checkpoint.com"}), _avanan),
)
