"""The URL that a browser would open for an href, as ASCII octets.

Owns: the way from an href's value to the destination of a link (WHATWG URL §4.4).
Does not own: which destinations are tracked (`proxy.policy.decide`), or what their host is
(`tracker.urls.hosts`).

Nothing is normalised: a destination is what the author wrote, with only those characters encoded
that cannot stand in a header field. A browser parses it to the same URL as the href.
"""

import re
import unicodedata
from typing import Final

from proxy.message.work_budget import spend
from tracker.urls.hosts import PORT, SHAPE, ascii_domain

_TRIM: Final = "".join(map(chr, range(0x21)))
_REMOVED: Final = str.maketrans("", "", "\t\n\r")
_HTTP: Final = re.compile(r"https?://[/\\]*[^/\\?#]", re.IGNORECASE)
_PLAIN: Final = re.compile(r"https?://[A-Za-z0-9][\x21-\x7e]*")
_DEFAULT_PORT: Final = re.compile(r":(?:80|443)?\Z")
_ESCAPE: Final = re.compile(r"%[0-9A-Fa-f]{2}")
_NEEDS_NO_ESCAPE: Final = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~@:!$'()*,"
)
_USUAL_PLACE: Final = re.compile(
    r"https?://(?:[a-z0-9-]+\.)+[a-z]+/[A-Za-z0-9/._~-]*(?:\?[A-Za-z0-9/._~=&-]*[A-Za-z0-9])?"
)
"""A URL that `same_place` would write no otherwise."""
_LEAST_NAME: Final = 6
"""Characters of a value that may stand for one reader."""
_UNSAFE: Final = re.compile(r"[^\x21-\x7e]+")
_SAFE: Final = (0x21, 0x7E)
_QUERY: Final = b"\"#<>'"  # safe octets that are escaped where they are part of a longer character
_MULTI_OCTET: Final = frozenset(
    {"gbk", "gb18030", "cp950", "cp932", "cp949", "euc_jp", "iso2022_jp"}
)

# Characters whose octets some browsers read or write otherwise than Python does.
_DISPUTED: Final = {
    "cp950": (
        "\u0304\u030c\xa2\xa3\xa5\u2022\u203e\u223c\u2550"
        "\u255e\u2561\u256a\u2641\u2609\u4edd\uff0f\uff3c\uff64"
    ),
    "euc_jp": "\xa2\xa3\xac\u2016\u2212\u3000\u301c",
    "iso2022_jp": "\xa2\xa3\xac\u2016\u301c",
    "koi8-u": "\u255d\u256c",
}
# First octets of characters that browsers read, but write with other octets or not at all.
_ONLY_READ: Final = {
    "cp932": frozenset(b"\xed\xee"),
    "cp950": frozenset(b"\xc6\xc7\xc8"),
    "euc_jp": frozenset(b"\x8f"),
}
_STEPS_A_CHARACTER: Final = 2  # of a URL that is not all ASCII
_UNASSIGNED: Final = frozenset({"Cn", "Co"})  # differ with the version of the tables


def destination(value: str, charset: str = "utf-8") -> str | None:
    """Return the http(s) URL that an href with this value opens, in characters 0x21 to 0x7E.

    `charset` is the Python codec of the document (`HtmlView.url_charset`); browsers write the query
    in it. None for any other scheme, for what no browser opens, and where browsers and mail
    programs could differ.
    """
    if _PLAIN.fullmatch(value):
        return value
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
    """Return a destination as one would write it that leads to the same place, for comparing it.

    Without a fragment, a default port, and escapes of characters that need none (RFC 3986 §6.2);
    `%20` and `+` are one in a query.
    """
    if _USUAL_PLACE.fullmatch(destination):
        return destination
    shape = SHAPE.match(destination)
    if shape is None:
        return destination
    scheme, authority, path, query, _ = shape.groups()
    name = _DEFAULT_PORT.sub("", authority.lower()).rstrip(".")
    asked = _unescaped(query).replace("+", "%20")
    return f"{scheme.lower()}{name}{_unescaped(path) or '/'}{asked.rstrip('?&')}"


def path_of(place: str) -> str:
    """Return the path of such a place; it stands in every URL without escapes that leads there.

    Empty for the root, which such a URL need not have.
    """
    shape = SHAPE.match(place)
    return shape[3] if shape and shape[3] != "/" else ""


def is_part_of(one: str, other: str) -> bool:
    """Whether two such places are alike but for parameters that only one has.

    The header may say `&oneclick=1`, and the body not. What they share has to name somebody.
    """
    mine, yours = one.partition("?"), other.partition("?")
    if mine[0] != yours[0]:
        return False
    some, others = ({*each[2].split("&")} - {""} for each in (mine, yours))
    shared = some & others
    names = any(len(each.partition("=")[2]) >= _LEAST_NAME for each in shared)
    return names and shared in (some, others)


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda found: _plain(found[0]), text) if "%" in text else text


def _plain(escape: str) -> str:
    character = chr(int(escape[1:], 16))
    return character if character in _NEEDS_NO_ESCAPE else escape.upper()


def _undisputed(url: str, charset: str) -> bool:
    """Whether browsers certainly read the octets of a legacy charset as Python does."""
    disputed = _DISPUTED.get(charset, "")
    return charset != "ascii" and not any(
        character in disputed
        or character == "\ufffd"
        or unicodedata.category(character) in _UNASSIGNED
        for character in url
    )


def _authority(authority: str) -> str:
    """Return an authority whose host is ASCII: in punycode, as every browser sends it."""
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
    """Encode a query as browsers do for a document in `charset` (WHATWG URL §1.3)."""
    if charset == "utf-8":
        return _percent(query)
    return _UNSAFE.sub(lambda found: _in_charset(found[0], charset), query)


def _in_charset(text: str, charset: str) -> str:
    """Encode a run of unsafe characters.

    UnicodeError for characters that a charset of several octets lacks, or that browsers write
    otherwise.
    """
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
