"""The URL that a browser would open for an href, as ASCII octets.

Owns: what of an href's value is the destination (DESIGN §4 "Destination"; WHATWG URL §4.4).
Does not own: which destinations are tracked (`policy`), or what their host is (`tracker.urls.hosts`).

Nothing is normalised: a destination is what the author wrote, made safe to travel in a header
field. It parses, in a browser, to the same URL as the href would have.
"""

import re
import unicodedata
from typing import Final

from proxy.message.work_budget import spend
from tracker.urls.hosts import PORT, SHAPE, ascii_domain

_TRIM: Final = "".join(map(chr, range(0x21)))
_REMOVED: Final = str.maketrans("", "", "\t\n\r")
_HTTP: Final = re.compile(r"https?://[/\\]*[^/\\?#]", re.IGNORECASE)
_UNSAFE: Final = re.compile(r"[^\x21-\x7e]+")
_SAFE: Final = (0x21, 0x7E)
_QUERY: Final = b"\"#<>'"  # of the safe ones, escaped where they are part of another character
_MULTI_OCTET: Final = frozenset(
    {"gbk", "gb18030", "cp950", "cp932", "cp949", "euc_jp", "iso2022_jp"}
)


# Characters whose octets browsers were seen to read or write otherwise than Python does.
_DISPUTED: Final = {
    "cp950": "\u0304\u030c\xa2\xa3\xa5\u2022\u203e\u223c\u2550\u255e\u2561\u256a\u2641\u2609\u4edd\uff0f\uff3c\uff64",
    "euc_jp": "\xa2\xa3\xac\u2016\u2212\u3000\u301c",
    "iso2022_jp": "\xa2\xa3\xac\u2016\u301c",
    "koi8-u": "\u255d\u256c",
}
# First octets of rows that browsers read, but write as other rows or not at all.
_ONLY_READ: Final = {
    "cp932": frozenset(b"\xed\xee"),
    "cp950": frozenset(b"\xc6\xc7\xc8"),
    "euc_jp": frozenset(b"\x8f"),
}
_STEPS_A_CHARACTER: Final = 2  # of an URL that is not all ASCII
_UNASSIGNED: Final = frozenset({"Cn", "Co"})  # differ by the age of tables


def destination(value: str, charset: str = "utf-8") -> str | None:
    """Give the http(s) URL that an href of this value opens, in characters 0x21 to 0x7E.

    `charset` is the document's as a Python codec (`HtmlView.url_charset`); browsers write the query
    in it. None for any other scheme, for what no browser opens, and where browsers and mail
    clients could differ.
    """
    url = value.strip(_TRIM)
    if _UNSAFE.search(url):
        url = url.translate(_REMOVED)
    if not _HTTP.match(url):
        return None
    if not _UNSAFE.search(url):
        return url
    spend(len(url) * _STEPS_A_CHARACTER)
    shape = SHAPE.match(url)
    if shape is None or not (charset == "utf-8" or url.isascii() or _undisputed(url, charset)):
        return None
    scheme, authority, path, query, fragment = shape.groups()
    try:
        authority = _authority(authority)
        query = _query(query, charset)
        return scheme + authority + _percent(path) + query + _percent(fragment)
    except (UnicodeError, LookupError):
        return None


def same_place(destination: str) -> str:
    """Give the destination with scheme and authority in lower case, to compare it by."""
    scheme, mark, rest = destination.partition("://")
    authority, slash, path = rest.partition("/")
    return scheme.lower() + mark + authority.lower() + slash + path


def _undisputed(url: str, charset: str) -> bool:
    """Tell whether browsers surely read the octets of a legacy charset as Python does."""
    disputed = _DISPUTED.get(charset, "")
    return charset != "ascii" and not any(
        character in disputed
        or character == "\ufffd"
        or unicodedata.category(character) in _UNASSIGNED
        for character in url
    )


def _authority(authority: str) -> str:
    """Write non-ASCII hosts in punycode, as every browser sends them."""
    credentials, at, name = authority.rpartition("@")
    if _UNSAFE.search(name):
        port = PORT.search(name)
        name = ascii_domain(name[: port.start()] if port else name) + (port[0] if port else "")
    return _percent(credentials) + at + name


def _percent(text: str) -> str:
    return _UNSAFE.sub(lambda found: _octets(found[0].encode("utf-8")), text)


def _octets(octets: bytes) -> str:
    return "".join(f"%{octet:02X}" for octet in octets)


def _query(query: str, charset: str) -> str:
    """Encode as browsers do for a document in `charset` (WHATWG URL §1.3, percent-encode)."""
    if charset == "utf-8":
        return _percent(query)
    return _UNSAFE.sub(lambda found: _in_charset(found[0], charset), query)


def _in_charset(text: str, charset: str) -> str:
    """Encode what stands between safe characters; of multi-octet charsets only what they have."""
    if charset in _MULTI_OCTET:
        octets = text.encode(charset)
        rows = {character.encode(charset)[0] for character in text}
        if octets.decode(charset) != text or rows & _ONLY_READ.get(charset, frozenset()):
            raise UnicodeError("browsers write this otherwise than Python")
    else:
        octets = b"".join(_single(character, charset) for character in text)
    return "".join(
        chr(octet) if _SAFE[0] <= octet <= _SAFE[1] and octet not in _QUERY else f"%{octet:02X}"
        for octet in octets
    )


def _single(character: str, charset: str) -> bytes:
    if "\x7f" < character < "\xa0":
        raise UnicodeError("Python's tables differ from those of browsers here")
    try:
        return character.encode(charset)
    except UnicodeEncodeError:
        return b"%%26%%23%d%%3B" % ord(character)
