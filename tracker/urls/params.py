"""URL parameters: appended to a destination without disturbing an octet of what is there.

Owns: where parameters go, which are left out, how their values are written, and the way back from a
destination to what it was before; destinations without some of their parameters.
Does not own: whether a link gets any (`proxy.policy.decide`, `tracker.minting.request`), or can
bear them (`additions`).
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from urllib.parse import quote, unquote, unquote_plus

CAMPAIGN = "{campaign}"
"""Stands in a parameter's value for the campaign of the message."""

Params = tuple[tuple[str, str], ...]

_PAIR = re.compile(r"[&;]")


def filled(params: Params, campaign: str | None) -> Params:
    """Return parameters with the campaign of a message put in; without one, such are left out."""
    return tuple(
        (name, value.replace(CAMPAIGN, campaign or ""))
        for name, value in params
        if campaign or CAMPAIGN not in value
    )


def addition(destination: str, params: Params) -> str:
    """Return the text to insert before the fragment to add `params`, but for names that are there.

    `https://example.com/?a=1#top` with `utm_source=mail` gives `&utm_source=mail`.
    """
    base = destination.partition("#")[0]
    _, mark, query = base.partition("?")
    present = _names(query)
    missing = [(name, value) for name, value in params if name not in present]
    if not missing:
        return ""
    return _separator(mark, query) + _written(missing)


def _separator(mark: str, query: str) -> str:
    if not mark:
        return "?"
    return "" if not query or query.endswith("&") else "&"


def added(destination: str, params: Params) -> str:
    """Return `destination` with `params` before its fragment."""
    return inserted(destination, addition(destination, params))


def inserted(destination: str, text: str) -> str:
    """Return `destination` with `text` before its fragment."""
    if not text:
        return destination
    base, mark, fragment = destination.partition("#")
    return base + text + mark + fragment


def originals(destination: str, names: Collection[str]) -> Iterator[tuple[str, Params]]:
    """Yield each URL that becomes `destination` when parameters of these names are added to it.

    The one with the fewest added comes first: an author may use our names, and that is kept.
    Exactly those are yielded for which `added` returns `destination`, octet for octet, each with
    what was added.
    """
    base, mark, fragment = destination.partition("#")
    pairs = base.partition("?")[2].split("&")
    ours = _ours(pairs, names)
    first = len(pairs) - len(ours)
    kept = _names("&".join(pairs[:first]))
    at = len(base)
    for number in range(len(ours) - 1, -1, -1):
        if ours[number][0] in kept:
            return
        at -= len(pairs[first + number]) + 1
        # They went behind a separator of ours, or behind one that was there.
        for end in (at, at + 1):
            _, question, query = base[:end].partition("?")
            if _separator(question, query) == base[end : at + 1]:
                yield base[:end] + mark + fragment, ours[number:]


def _ours(pairs: Sequence[str], names: Collection[str]) -> Params:
    """Return the parameters at the end that we may have written: each once, spelled as we do."""
    ours: dict[str, str] = {}
    for pair in reversed(pairs):
        name, _, value = map(unquote, pair.partition("="))
        if name not in names or name in ours or _written([(name, value)]) != pair:
            break
        ours[name] = value
    return tuple(reversed(ours.items()))


def with_written(destination: str, more: Iterable[str]) -> str:
    """Return `destination` with parameters as they are written, but for names that are there."""
    base = destination.partition("#")[0]
    _, mark, query = base.partition("?")
    present = frozenset(name.lower() for name in _names(query))
    missing = [pair for pair in more if not is_called(pair, present)]
    text = _separator(mark, query) + "&".join(missing) if missing else ""
    return inserted(destination, text)


def without(destination: str, names: frozenset[str]) -> str:
    """Return `destination` without the parameters of these names, which are in lower case."""
    base, mark, fragment = destination.partition("#")
    path, question, query = base.partition("?")
    if not question:
        return destination
    if query and not _has_called(query, names):
        return destination
    kept = [pair for pair in query.split("&") if not is_called(pair, names)]
    return path + ("?" + "&".join(kept) if kept and query else "") + mark + fragment


def without_written(destination: str, written: Collection[str]) -> str:
    """Return `destination` without the parameters whose names are spelled exactly as in `written`.

    An `&` at the end goes as well: we add parameters behind it without another one, so with them
    or without, the result is the same. Nothing changes where `written` is empty.
    """
    if not written:
        return destination
    base, mark, fragment = destination.partition("#")
    path, question, query = base.partition("?")
    if not question:
        return destination
    kept = "&".join(pair for pair in query.split("&") if written_name(pair) not in written)
    kept = kept.rstrip("&")
    return path + ("?" + kept if kept else "") + mark + fragment


def place(destination: str) -> str:
    """Return a URL without query and fragment: the same, whatever parameters were added."""
    return destination.partition("#")[0].partition("?")[0]


def pairs(destination: str) -> list[str]:
    """Return the parameters of `destination`, each `name=value` as it is written."""
    return destination.partition("#")[0].partition("?")[2].split("&")


def written_name(pair: str) -> str:
    """Return a parameter's name as it is written."""
    return pair.partition("=")[0]


def is_called(pair: str, names: frozenset[str]) -> bool:
    """Return whether a parameter has one of these names, which are in lower case."""
    return _name(pair) in names


def called(destination: str, names: frozenset[str]) -> set[str]:
    """Return how parameters of these names, which are in lower case, are written in a URL."""
    query = destination.partition("#")[0].partition("?")[2]
    if not _has_called(query, names):
        return set()
    return {written_name(pair) for pair in query.split("&") if is_called(pair, names)}


def _has_called(query: str, names: frozenset[str]) -> bool:
    if not query:
        return False
    found = query.split("&")
    if "%" in query:
        return any(is_called(pair, names) for pair in found)
    return not names.isdisjoint([pair.partition("=")[0].lower() for pair in found])


def _name(pair: str) -> str:
    name = written_name(pair).lower()
    return unquote_plus(name).lower() if "%" in name else name


def _names(query: str) -> set[str]:
    """Return the names of a query's parameters, as a site reads them."""
    return {unquote_plus(written_name(pair)) for pair in _PAIR.split(query)}


def _written(params: Iterable[tuple[str, str]]) -> str:
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in params)
