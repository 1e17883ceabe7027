"""The texts that a URL is made of, decoded: host, segments, and parameters with their names.

Owns: taking a URL apart for whoever looks for words and secrets in it.
Does not own: what they mean (`rules`, `signed`), or writing a URL again without some (`shape`).
"""

from dataclasses import dataclass
from typing import Final, NamedTuple, Self
from urllib.parse import unquote

MAX_TEXTS: Final = 200
"""Segments and parameters that are looked at."""


class Text(NamedTuple):
    """One parameter: its name in lower case and as written; `raw` is its value as the URL has it."""

    name: str
    written: str
    raw: str
    value: str


@dataclass(frozen=True, slots=True)
class Texts:
    """What a URL is made of. The path of the fragment goes on with the URL's own."""

    host: str
    segments: tuple[str, ...]
    pairs: tuple[Text, ...]

    @classmethod
    def of(cls, url: str) -> Self:
        """Return the texts of a URL, or of a path alone."""
        base, _, fragment = url.partition("#")
        path, _, query = base.partition("?")
        route, mark, more = fragment.partition("?")
        if not mark and "=" in route:
            route, more = "", fragment
        _, _, rest = path.partition("://")
        host, _, rest = rest.partition("/")
        segments, pairs = [], [*_pairs(query), *_pairs(more)]
        for segment in (rest + "/" + route).split("/")[:MAX_TEXTS]:
            if "=" in segment and "&" in segment:
                pairs += _pairs(segment)
            elif segment:
                segments.append(segment)
        if not path.partition("://")[1]:
            host, segments = "", [each for each in (path + "/" + route).split("/") if each]
        return cls(host, tuple(segments), tuple(pairs[:MAX_TEXTS]))


def _pairs(query: str) -> list[Text]:
    """Return the parameters of a query or a fragment."""
    if not query:
        return []
    found = []
    for pair in query.replace("?", "&").replace(";", "&").split("&", MAX_TEXTS)[:MAX_TEXTS]:
        name, equals, raw = pair.partition("=")
        if not equals:
            name, raw = "", name
        written = decoded(name)
        found.append(Text(written.lower(), written, raw, decoded(raw)))
    return found


def decoded(text: str) -> str:
    """Return a text without its escapes."""
    return unquote(text) if "%" in text else text
