"""URLs that hold no secret, known at sight: what most links are made of.

Owns: telling words, titles and numbers under names that tell nothing, in two microseconds.
Does not own: what a secret is (`rules`, whose rules find none in such a URL), what looks random
(`randomness`), what a URL says it is for (`purposes`), or signatures (`signed`).

One pattern takes a URL apart; escapes and whatever placeholders are written with stand in none that it
matches. Words of paths and parameters come again and again, so that each is judged once. Numbers are new
in every message, and judged by their length alone.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from tracker.urls.secrets.purposes import Purpose, purpose
from tracker.urls.secrets.randomness import MAX_OCTETS, UUID_CHARACTERS, is_code, reads
from tracker.urls.secrets.signed import may_be_signature

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
_RULES: Final = 16
_USUAL: Final = re.compile(
    r"https?://[A-Za-z0-9.:-]*+(/[A-Za-z0-9._,+!$'()/-]*+)?"
    r"(?:\?([A-Za-z0-9._,+!$'()=&-]++))?(?:#([A-Za-z0-9._,+!$'()-]*+))?"
)
"""Path, query and fragment of a URL without escapes, and without what every placeholder has."""
_ODD_IN_TEXT = re.compile(r"[/|:=?&]")
_TIMED = re.compile(r"[0-9]{10}[-_~.].{16}")
_TIMED_CHARACTERS: Final = 27
_DJANGO = re.compile(r"(?:[\w-]{1,40}-)?[0-9a-z]{4,13}-[0-9a-f]{20,64}")
_LEAST_HASH: Final = 20
_TIME_FIGURES: Final = 10
_FIGURES_OF_TIME = re.compile(r"[0-9]{10}")


class _OrdinaryUrls:
    """URLs that surely hold no secret, no placeholder, and no parameter that is called one of `names`."""

    __slots__ = ("_names", "_pairs", "_places", "_urls")

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names
        self._urls: dict[str, bool] = {}
        # Paths with fragments, and parameters, that were judged and are not in the way.
        self._places: set[tuple[str | None, str | None]] = set()
        self._pairs: set[str] = set()

    def holds(self, url: str) -> bool:
        """Return whether a URL is one of these; False says nothing."""
        known = self._urls.get(url)
        if known is None:
            if len(self._urls) >= _REMEMBERED:
                self._urls.clear()
            known = self._urls[url] = self._judged(url)
        return known

    def _judged(self, url: str) -> bool:
        found = _USUAL.fullmatch(url)
        if found is None or "--" in url or "eyJ" in url or len(url) > MAX_OCTETS:
            return False
        path, query, fragment = found.groups()
        place = path, fragment
        if place not in self._places:
            if not _is_plain_place(path, fragment):
                return False
            if len(self._places) >= _REMEMBERED:
                self._places.clear()
            self._places.add(place)
        return query is None or self._tells_nothing(query)

    def _tells_nothing(self, query: str) -> bool:
        known = self._pairs
        for pair in query.split("&"):
            if pair not in known and not self._is_harmless(pair):
                return False
        return True

    def _is_harmless(self, pair: str) -> bool:
        """Whether a parameter is not in the way. Remembered, but for numbers, of which most are new."""
        name, equals, value = pair.partition("=")
        if name.lower() in self._names:
            return False
        if not equals:
            name, value = "", name
        if not _tells_nothing(name):
            return False
        if value.isdigit():
            return True
        if not _is_plain(value):
            return False
        if len(self._pairs) >= _REMEMBERED:
            self._pairs.clear()
        self._pairs.add(pair)
        return True


@lru_cache(maxsize=_RULES)
def ordinary(names: frozenset[str] = frozenset()) -> Callable[[str], bool]:
    """Return what tells URLs that surely hold no secret, no placeholder, and no parameter called so.

    The names are in lower case. That it is False for a URL says nothing. It remembers, as most links
    stand in a message twice, and are asked about again when they are told of.
    """
    return _OrdinaryUrls(names).holds


is_ordinary: Final = ordinary()


def _is_plain_place(path: str | None, fragment: str | None) -> bool:
    """Whether no segment of a path, nor the fragment, holds a code. Many links of a message have one path."""
    segments = list(filter(None, path.split("/"))) if path else []
    if fragment:
        segments.append(fragment)
    for segment in segments:
        if not (segment.isdigit() or _is_plain(segment)):
            return False
    return not (segments and segments[-1].isdigit() and _may_be_code(segments))


def _may_be_code(segments: list[str]) -> bool:
    """Whether the segment before the last, which are figures, may call these a code."""
    return len(segments[-1]) >= MIN_FIGURES and any(
        purpose(each) >= Purpose.WEAK for each in segments[-3:-1]
    )


def _is_plain(text: str) -> bool:
    """Whether a segment or value is no code by itself, and has none in it."""
    return _is_of_words(text) or _is_plain_as_a_whole(text)


def _is_of_words(text: str) -> bool:
    """Whether a text is made of words and short numbers, most of which other URLs had as well.

    Each is too short for what else looks random as a whole: a time, a hash.
    """
    if len(text) == UUID_CHARACTERS:
        return False
    for each in text.split("-"):
        if not (len(each) < _TIME_FIGURES if each.isdigit() else _is_word(each)):
            return False
    return True


@lru_cache(maxsize=_REMEMBERED)
def _is_word(text: str) -> bool:
    """Whether a text without hyphens, such as `spring` or `index.html`, is neither odd nor random."""
    is_odd = _ODD_IN_TEXT.search(text) or _FIGURES_OF_TIME.search(text)
    return len(text) < _LEAST_HASH and not is_odd and reads(text)


@lru_cache(maxsize=_REMEMBERED)
def _is_plain_as_a_whole(text: str) -> bool:
    if is_code(text) or _ODD_IN_TEXT.search(text) or _is_of_django(text):
        return False
    return len(text) < _TIMED_CHARACTERS or _TIMED.search(text) is None


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
