"""What a click keeps of its request: small values, by which it can be judged again and again.

Owns: the signals, each computed from one request and its whole address.
Does not own: what they weigh (`rules`, `judge`), agents (`agents`, `robots`), or networks (`networks`).

Header fields themselves are not kept.
"""

import functools
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from config.filter_networks import Networks
from tracker.judging.agents import is_stale_desktop, sends_fetch_metadata
from tracker.judging.request import Request
from tracker.judging.robots import is_robot

Signals = tuple[str, ...]
"""Names of SIGNALS, and `scanner-network:LABEL` or `probable-network:LABEL`, in alphabetical order."""

SETTLED = "settled"
"""Stands among a click's signals once what it was judged by is not kept any more: its verdict stays."""

PURPOSES = (b"sec-purpose", b"purpose", b"x-purpose", b"x-moz")
_AHEAD = re.compile(r"prefetch|prerender|preview|instant", re.IGNORECASE)


class _Claims(NamedTuple):
    """What an agent claims to be."""

    is_robot: bool
    is_stale: bool
    sends_fetch_metadata: bool


@functools.lru_cache(maxsize=4096)
def _claims(agent: str) -> _Claims:
    return _Claims(is_robot(agent), is_stale_desktop(agent), sends_fetch_metadata(agent))


def _is_prefetch(request: Request) -> bool:
    return any(_AHEAD.search(request.header(name)) for name in PURPOSES if name in request.fields)


def _lacks_fetch_metadata(request: Request) -> bool:
    """Return whether a browser would have said that it navigates (W3C Fetch Metadata §2.3)."""
    navigates = request.header(b"sec-fetch-mode").lower() == "navigate"
    return request.https and not navigates and _claims(request.agent).sends_fetch_metadata


SIGNALS: Mapping[str, Callable[[Request], bool]] = {
    "head": lambda request: request.method.upper() == "HEAD",
    "no-fetch-metadata": _lacks_fetch_metadata,
    "no-html": lambda request: "text/html" not in request.header(b"accept").lower(),
    "no-language": lambda request: not request.header(b"accept-language"),
    "prefetch": _is_prefetch,
    "robot-agent": lambda request: _claims(request.agent).is_robot,
    "stale-agent": lambda request: _claims(request.agent).is_stale,
}
"""Each signal's name, and when a request has it; in alphabetical order, and by `LOOKED_AT` alone."""


LOOKED_AT = (b"accept", b"accept-language", b"sec-fetch-mode", *PURPOSES)
"""The header fields that say something, besides the agent; an empty one says what none says."""
_EMPTY = (b"",) * len(LOOKED_AT)
_REMEMBERED_OCTETS = 512
"""Of these fields: what more a client sends is looked at anew each time."""
_BETWEEN = b"\n"
"""Stands in no field of a request; a trace that was written by hand may have it."""


def signals_of(request: Request, networks: Networks) -> Signals:
    """Return the signals of a request."""
    found = _of_fields(request)
    label = networks.label(request.address)
    if label is None:
        return found
    return tuple(sorted((*found, f"{label.certainty}-network:{label.name}")))


def _of_fields(request: Request) -> Signals:
    """Return what a request shows by itself; browsers of one kind send the same."""
    values = _BETWEEN.join(map(request.fields.get, LOOKED_AT, _EMPTY))
    if len(values) > _REMEMBERED_OCTETS or values.count(_BETWEEN) >= len(LOOKED_AT):
        return _seen(request)
    return _remembered(request.method, request.https, request.agent, values)


@functools.lru_cache(maxsize=4096)
def _remembered(method: str, https: bool, agent: str, values: bytes) -> Signals:  # noqa: FBT001 - as a key
    fields = dict(zip(LOOKED_AT, values.split(_BETWEEN), strict=True))
    return _seen(Request(method, https, fields, None, agent))


def _seen(request: Request) -> Signals:
    return tuple(name for name, sees in SIGNALS.items() if sees(request))
