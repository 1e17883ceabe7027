"""URLs with blanks: `…` in the place of what is each reader's own, as reports write links.

Owns: how they are written in ASCII, which URLs they stand for, and filling in what stands there.
Does not own: how URLs are taken apart (`shape`), which links are each reader's own (`slots`), or what
is decided about them (`tracker.decisions.overrides`).

A blank is a whole value of a URL's shape: a segment of its path or of a route in its fragment, or what
a parameter is set to.
"""

from dataclasses import dataclass
from typing import Self
from urllib.parse import quote

from tracker.urls.params import pairs, without
from tracker.urls.shape import ELLIPSIS, Parts, parts

BLANK = quote(ELLIPSIS)
"""How a blank is written where only ASCII can be."""
_AS_IT_IS = "%!$'()*+,:@~"


def in_ascii(url: str) -> str:
    """Return a URL whose blanks people wrote `…`, in ASCII."""
    return url.replace(ELLIPSIS, BLANK)


def has_only_whole(url: str) -> bool:
    """Return whether every `…` in a URL is a blank; there may be none."""
    values = parts(in_ascii(url)).values
    return url.count(ELLIPSIS) == values.count(BLANK)


def places(url: str) -> tuple[int, ...]:
    """Return at which places of its shape a URL in ASCII has blanks."""
    return tuple(at for at, value in enumerate(parts(url).values) if value == BLANK)


def as_reported(url: str) -> str:
    """Return what reports call the link of a URL in ASCII; it may have no blanks."""
    return parts(url).without(places(url))


def filled(url: str, values: tuple[str, ...]) -> str:
    """Return a URL with values in the places of its blanks, one after the other.

    They stand as they are where the URL has the same shape then; else what separates values is encoded.
    """
    taken = parts(url)
    if not values or taken.values.count(BLANK) != len(values):
        return url
    made = _with(taken, values)
    if parts(made.url) == made:
        return made.url
    return _with(taken, tuple(quote(value, safe=_AS_IT_IS) for value in values)).url


def _with(taken: Parts, values: tuple[str, ...]) -> Parts:
    left = iter(values)
    return taken._replace(
        values=tuple(next(left) if each == BLANK else each for each in taken.values)
    )


@dataclass(frozen=True, slots=True)
class Blanked:
    """A URL in ASCII whose values at some `places` are each reader's own.

    So are parameters of these `names`, in lower case, which it may have or not.
    """

    parts: Parts
    places: tuple[int, ...]
    names: frozenset[str]

    @classmethod
    def of(cls, url: str, places: tuple[int, ...], names: frozenset[str]) -> Self:
        """Return such a URL."""
        taken = parts(without(url, names))
        return cls(taken, tuple(at for at in places if at < len(taken.values)), names)

    @property
    def beginning(self) -> str:
        """What all of its URLs begin with, in lower case."""
        return self.parts.pieces[0].lower()

    @property
    def params(self) -> frozenset[str]:
        """The names of parameters that are blanks, in lower case."""
        return frozenset(
            pair.removesuffix("=" + BLANK).lower()
            for pair in pairs(self.parts.url)
            if pair.endswith("=" + BLANK)
        )

    def values_in(self, url: str) -> tuple[str, ...] | None:
        """Return what stands for the blanks in a URL; None where it is another link's."""
        found = parts(without(url, self.names))
        if found.shape != self.parts.shape:
            return None
        values = enumerate(zip(found.values, self.parts.values, strict=True))
        if any(here != there for at, (here, there) in values if at not in self.places):
            return None
        return tuple(found.values[at] for at in self.places)
