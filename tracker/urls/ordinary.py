"""URLs that hold no secret, known at sight: what most links are made of.

Owns: telling words, titles and numbers under names that tell nothing, in a few microseconds.
Does not own: what a secret is (`secrets`, whose rules find none in such a URL), what looks random
(`randomness`), what a URL says it is for (`purposes`), or signatures (`signed`).

Words of paths and names of parameters come again and again, so that each is judged once. Numbers are
new in every message, and judged by their length alone.
"""

import re
from functools import lru_cache
from typing import Final

from tracker.urls.purposes import Purpose, purpose
from tracker.urls.randomness import is_code
from tracker.urls.signed import may_be_signature

MIN_FIGURES: Final = 6
"""Figures of a code, if the segment before it says so; less are a page number or so."""

CLEAR_NAMES = frozenset({"token", "secret", "otp", "pin", "token_hash", "ticket", "code", "otc"})
"""Parameters that hold a secret however short, if there is a purpose before them."""
FIGURES = frozenset({"c", "k", "n"})
"""Parameters of one-time codes in figures: however short, and where they have as many as such codes."""
SECRET_ENDINGS = (
    "token", "code", "key", "secret", "otp", "password", "passcode", "jwt", "ticket", "hash", "uuid",
)  # fmt: skip

_REMEMBERED: Final = 4_096
_ODD = ("%", "@", ";", "--", "eyJ")
_ODD_IN_TEXT = re.compile(r"[/|:=?&]|[0-9]{10}[-_~.].{16}")
_DJANGO = re.compile(r"(?:[\w-]{1,40}-)?[0-9a-z]{4,13}-[0-9a-f]{20,64}")
_LEAST_HASH: Final = 20


def is_ordinary(url: str) -> bool:
    """Return whether a URL surely holds no secret. False says nothing."""
    for odd in _ODD:
        if odd in url:
            return False
    base, _, fragment = url.partition("#")
    path, _, query = base.partition("?")
    _, mark, rest = path.partition("://")
    if not mark or "=" in rest or "?" in query:
        return False
    segments = [each for each in rest.split("/")[1:] if each]
    if fragment:
        segments.append(fragment)
    for segment in segments:
        if not (segment.isdigit() or _is_plain(segment)):
            return False
    return _is_ordinary_query(query) and not _may_be_code(segments)


def _is_ordinary_query(query: str) -> bool:
    if not query:
        return True
    for pair in query.split("&"):
        name, equals, value = pair.partition("=")
        if not equals:
            name, value = "", name
        if not (_tells_nothing(name) and (value.isdigit() or _is_plain(value))):
            return False
    return True


def _may_be_code(segments: list[str]) -> bool:
    """Whether the path ends with figures that the segment before them may call a code."""
    if not segments or not segments[-1].isdigit() or len(segments[-1]) < MIN_FIGURES:
        return False
    return any(purpose(each) >= Purpose.WEAK for each in segments[-3:-1])


@lru_cache(maxsize=_REMEMBERED)
def _is_plain(text: str) -> bool:
    """Whether a segment or value is no code by itself, and has none in it."""
    return not (is_code(text) or _ODD_IN_TEXT.search(text) or _is_of_django(text))


def _is_of_django(text: str) -> bool:
    """Whether it is a token of Django's password reset: what follows its last hyphen is long."""
    return len(text.rpartition("-")[2]) >= _LEAST_HASH and _DJANGO.fullmatch(text) is not None


@lru_cache(maxsize=_REMEMBERED)
def _tells_nothing(name: str) -> bool:
    """Whether a value is no secret because of this name."""
    lower = name.lower()
    if lower in CLEAR_NAMES or lower in FIGURES or may_be_signature(lower):
        return False
    return not lower.rstrip("]").endswith(SECRET_ENDINGS)
