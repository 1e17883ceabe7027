"""Why a click was judged as it was, in words for people.

Owns: the words for each rule, with the figures that the rule saw.
Does not own: the rules (`rules`, `sequences`, `company`), or the verdict (`judge`).
"""

from collections.abc import Callable, Mapping, Sequence

from tracker.judging.click import Click, Message
from tracker.judging.rules import BURSTS, ECHO_S, FLEET, FLOOD, PAIRS, SWEEP_S

Copy = Sequence[Click]
"""All clicks that were judged together, in order of time."""


def in_words(reason: str, click: Click, copy: Copy, message: Message) -> str:
    """Return in words why a click got points; `reason` is the label of a rule, of any version.

    The label itself is returned where the rule is not known, as one of another version of Waypost.
    """
    tell = _WORDS.get(reason.partition("/")[0])
    return tell(click, copy, message) if tell else reason


def _always(text: str) -> Callable[[Click, Copy, Message], str]:
    return lambda _click, _copy, _message: text


def _network(text: str) -> Callable[[Click, Copy, Message], str]:
    """Return the words for a network, with its label."""

    def tell(click: Click, _copy: Copy, _message: Message) -> str:
        labels = [signal.partition(":")[2] for signal in click.signals if "-network:" in signal]
        return f"{text} ({labels[0]})" if labels else text

    return tell


def _near(click: Click, copy: Copy, span_s: float) -> list[Click]:
    """Return the clicks within so many seconds of one, itself included."""
    return [each for each in copy if abs(each.at_s - click.at_s) <= span_s]


def _links(click: Click, copy: Copy, span_s: float) -> str:
    """Return how many links were clicked around a click, and within how long."""
    near = _near(click, copy, span_s)
    return f"{len({each.link for each in near})} links within {_spread(near)}"


def _spread(clicks: Copy) -> str:
    return seconds(clicks[-1].at_s - clicks[0].at_s)


_UNITS = ((10, 1, ".1f", "s"), (120, 1, ".0f", "s"), (7200, 60, ".0f", "min"))
"""Below so many seconds: the unit's seconds, how it is written, and its name."""


def seconds(duration_s: float) -> str:
    """Return a duration in the unit that people would use."""
    for below_s, unit_s, form, name in _UNITS:
        if duration_s < below_s:
            return f"{duration_s / unit_s:{form}} {name}"
    return f"{duration_s / 3600:.0f} h"


def _burst(click: Click, copy: Copy, _message: Message) -> str:
    return _links(click, copy, max(span_s for _, span_s in BURSTS))


def _early_pair(click: Click, copy: Copy, _message: Message) -> str:
    own = [each for each in copy if (each.network, each.agent) == (click.network, click.agent)]
    return f"{_links(click, own, max(span_s for _, span_s in PAIRS))}, soon after sending"


def _many_networks(click: Click, copy: Copy, _message: Message) -> str:
    near = _near(click, copy, FLEET[1])
    networks = len({each.network for each in near if each.network is not None})
    return f"{networks if networks >= FLEET[0] else 'several'} networks within {_spread(near)}"


def _echo(click: Click, copy: Copy, _message: Message) -> str:
    before = [
        each
        for each in copy
        if each.link == click.link and 0 <= click.at_s - each.at_s <= ECHO_S and each is not click
    ]
    ago = f" {seconds(click.at_s - before[0].at_s)} before" if before else " before"
    return f"the same link as{ago}, from another network"


def _early(click: Click, _copy: Copy, message: Message) -> str:
    age_s = message.age_s(click)
    return "soon after sending" if age_s is None else f"{seconds(age_s)} after sending"


def _all_links(click: Click, copy: Copy, message: Message) -> str:
    links = {each.link for each in _near(click, copy, SWEEP_S)}
    return f"{len(links)} of {message.links or len(links)} links"


_WORDS: Mapping[str, Callable[[Click, Copy, Message], str]] = {
    "head": _always("asked by HEAD"),
    "prefetch": _always("fetched ahead by a browser"),
    "robot-agent": _always("the user agent of a robot, or none"),
    "scanner-network": _network("the network of a mail filter"),
    "probable-network": _network("the network of a security vendor"),
    "cloud-network": _network("the network of a cloud provider"),
    "no-fetch-metadata": _always("a browser that did not say that it follows a link"),
    "stale-agent": _always("an outdated desktop browser"),
    "no-language": _always("no Accept-Language"),
    "no-html": _always("did not ask for HTML"),
    "flood": _always(f"more than {FLOOD:,} clicks on the copy"),
    "burst": _burst,
    "many-networks": _many_networks,
    "echo": _echo,
    "early": _early,
    "early-pair": _early_pair,
    "all-links": _all_links,
    "in-order": _always("the links in the order of the text"),
    "company": _always("beside a machine's clicks on the copy"),
}
