"""URL parameters: appended to a destination without disturbing an octet of what is there.

Owns: where parameters go, which are left out, how their values are written; destinations without
some of their parameters.
Does not own: whether a link gets any (`proxy.policy.decide`, `wishes`), or can bear them (`additions`).
"""

import re
from collections.abc import Collection, Iterable
from urllib.parse import quote, unquote_plus

CAMPAIGN = "{campaign}"
"""Stands in a parameter's value for the campaign of the message."""

Params = tuple[tuple[str, str], ...]

_PAIR = re.compile(r"[&;]")


def filled(params: Params, campaign: str | None) -> Params:
    """Give the parameters of one message; one whose campaign is unknown is left out."""
    return tuple(
        (name, value.replace(CAMPAIGN, campaign or ""))
        for name, value in params
        if campaign or CAMPAIGN not in value
    )


def addition(destination: str, params: Params) -> str:
    """Give what has to stand before the fragment to add `params`; existing names are kept.

    `https://example.com/?a=1#top` with `utm_source=mail` gives `&utm_source=mail`.
    """
    base = destination.partition("#")[0]
    _, mark, query = base.partition("?")
    present = {unquote_plus(pair.partition("=")[0]) for pair in _PAIR.split(query)}
    missing = [(name, value) for name, value in params if name not in present]
    if not missing:
        return ""
    return _separator(mark, query) + _written(missing)


def _separator(mark: str, query: str) -> str:
    if not mark:
        return "?"
    return "" if not query or query.endswith("&") else "&"


def added(destination: str, params: Params) -> str:
    """Give `destination` with `params` before its fragment."""
    return inserted(destination, addition(destination, params))


def inserted(destination: str, text: str) -> str:
    """Give `destination` with `text` before its fragment."""
    base, mark, fragment = destination.partition("#")
    return base + text + mark + fragment


def without(destination: str, names: frozenset[str]) -> str:
    """Give `destination` without the parameters of these names, which are in lower case."""
    base, mark, fragment = destination.partition("#")
    path, question, query = base.partition("?")
    if not question:
        return destination
    found = query.split("&")
    kept = [pair for pair in found if not is_called(pair, names)]
    if len(kept) == len(found) and query:
        return destination
    return path + ("?" + "&".join(kept) if kept and query else "") + mark + fragment


def less(destination: str, written: Collection[str]) -> str:
    """Give `destination` without the parameters whose names are written exactly so.

    An `&` at the end goes with them, so that it is the same whether what is added behind one is there
    or not. Nothing changes where `written` is empty.
    """
    base, mark, fragment = destination.partition("#")
    path, question, query = base.partition("?")
    if not question or not written:
        return destination
    kept = "&".join(pair for pair in query.split("&") if written_name(pair) not in written)
    kept = kept.rstrip("&")
    return path + ("?" + kept if kept else "") + mark + fragment


def pairs(destination: str) -> list[str]:
    """Give the parameters of `destination`, each `name=value` as it is written."""
    return destination.partition("#")[0].partition("?")[2].split("&")


def written_name(pair: str) -> str:
    """Give a parameter's name as it is written."""
    return pair.partition("=")[0]


def is_called(pair: str, names: frozenset[str]) -> bool:
    """Tell whether a parameter has one of these names, which are in lower case."""
    return _name(pair) in names


def _name(pair: str) -> str:
    name = written_name(pair).lower()
    return unquote_plus(name).lower() if "%" in name else name


def _written(params: Iterable[tuple[str, str]]) -> str:
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in params)
