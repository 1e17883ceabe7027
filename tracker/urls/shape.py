"""The shape of a URL: what stands at which place in it, so that places can be compared.

Owns: taking a URL apart into its fixed text and the values in between, and writing it again with
some values left out.
Does not own: which values are a reader's own (`slots`), or what links are called otherwise
(`naming`).

A value is a segment of the path, or what a parameter is set to; so are the segments and parameters
of a fragment, by which programs that run in the browser find their pages (`#/offers/7?coupon=X`). A
parameter without `=` is a value, too. Host, names of parameters and what separates all of these are
fixed text. Nothing is decoded: a URL and what it is made of are the same octets.
"""

import re
from collections.abc import Collection
from typing import Final, NamedTuple

from tracker.urls.hosts import SHAPE

ELLIPSIS: Final = "…"
"""Stands for a segment that is left out; a parameter goes with its name."""
MAX_VALUES: Final = 40
"""Values of one URL; whatever follows them is fixed text."""

_HOLE = "\0"
_SEGMENT = re.compile(r"([^/\\;]+)")
_BETWEEN_PARAMETERS = re.compile(r"(&(?:[^&=]*=)?)")


class Parts(NamedTuple):
    """A URL taken apart: a piece of fixed text, then each value with the piece that follows it."""

    pieces: tuple[str, ...]
    values: tuple[str, ...]

    @property
    def url(self) -> str:
        """Return the URL as it was."""
        return self._joined(self.values)

    @property
    def shape(self) -> str:
        """Return what URLs of equal host and shape have in common; case tells none apart."""
        return _HOLE.join(self.pieces).lower()

    def without(self, places: Collection[int]) -> str:
        """Return the URL without the values at these places: segments read `…`, parameters go."""
        if not places:
            return self.url
        values = [_HOLE if at in places else value for at, value in enumerate(self.values)]
        base, mark, fragment = self._joined(values).partition("#")
        rest = _less_parameters(fragment, is_fragment=True)
        text = _less_parameters(base) + (mark if rest or not fragment else "") + rest
        return text.replace(_HOLE, ELLIPSIS)

    def _joined(self, values: Collection[str]) -> str:
        both = zip(values, self.pieces[1:], strict=True)
        return self.pieces[0] + "".join([value + piece for value, piece in both])


def parts(url: str) -> Parts:
    """Return a URL taken apart. What is none that a browser would open is fixed text as a whole."""
    found = SHAPE.match(url)
    if found is None or _HOLE in url:
        return Parts((url,), ())
    scheme, authority, path, query, fragment = found.groups()
    texts = _SEGMENT.split(path)
    texts[0] = scheme + authority + texts[0]
    if query:
        _append(texts, "?", _parameters(query[1:]))
    if fragment:
        _append(texts, "#", _fragment(fragment[1:]))
    if len(texts) > 2 * MAX_VALUES + 1:
        texts[2 * MAX_VALUES :] = ["".join(texts[2 * MAX_VALUES :])]
    return Parts(tuple(texts[::2]), tuple(texts[1::2]))


def _append(texts: list[str], mark: str, more: list[str]) -> None:
    """Append texts to texts, which both begin and end with a fixed one; a mark stands between."""
    texts[-1] += mark + more[0]
    texts += more[1:]


def _parameters(query: str) -> list[str]:
    """Return the fixed texts and values of parameters, in turns, a fixed one at both ends."""
    texts = [*_BETWEEN_PARAMETERS.split(f"&{query}"), ""]
    texts[1] = texts[1][1:]
    return texts[1:]


def _fragment(fragment: str) -> list[str]:
    """Return the fixed texts and values of a fragment: a route, parameters, or both."""
    route, mark, query = fragment.partition("?")
    if not mark:
        return _parameters(route) if "=" in route else _SEGMENT.split(route)
    texts = _SEGMENT.split(route)
    _append(texts, "?", _parameters(query))
    return texts


def _less_parameters(text: str, *, is_fragment: bool = False) -> str:
    """Return a part of a URL without the parameters whose values are left out."""
    before, mark, query = text.partition("?")
    if is_fragment and not mark:
        before, query = "", text
    kept = [pair for pair in query.split("&") if not pair.endswith("=" + _HOLE)]
    return before + (mark if kept else "") + "&".join(kept)
