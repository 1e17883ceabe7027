"""The networks of mail filters: the form of a file of them, and which label an address has.

Owns: reading the lines, which network counts of several around an address, and what an operator's
own file changes. Does no I/O.
Does not own: the published networks (`tracker.judging.networks`), or what a label weighs
(`tracker.judging.rules`).
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Literal, cast, get_args

from config.addresses import IpAddress, Network

Certainty = Literal["scanner", "probable", "cloud"]
UNLABELLED = "none"
"""Stands for the certainty of a network of which nothing is known, whatever lies around it."""
WIDEST_PREFIX: Mapping[int, int] = {4: 8, 6: 16}
"""No filter has more: a slip of the pen would take all readers for machines."""

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_FORM = "write NETWORK scanner LABEL, NETWORK probable LABEL, NETWORK cloud LABEL, or NETWORK none"


class BadNetworks(ValueError):
    """A line of a file of networks that cannot be read: its number, what is wrong, and a hint."""

    def __init__(self, line: int, what: str, hint: str = "") -> None:
        super().__init__(f"line {line}: {what}" + (f" ({hint})" if hint else ""))
        self.line = line
        self.what = what
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Label:
    """Whose network it is, and who sits there.

    `scanner`: nobody but filters; `probable`: filters, and people behind browser isolation;
    `cloud`: machines of many, and few people.
    """

    certainty: Certainty
    name: str


Labels = Mapping[Network, Label | None]
"""Networks of a file. None: nothing is known of who sits there."""
_Spans = tuple[list[int], list[Label | None]]
"""The address from which on each label is that of all addresses, up to the next."""


@dataclass(frozen=True, slots=True)
class Networks:
    """Labels of networks; of two that hold an address, the smaller counts."""

    labels: Labels
    _spans: Mapping[int, _Spans] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        spans = {version: _spans(self.labels, version) for version in (4, 6)}
        object.__setattr__(self, "_spans", spans)

    def label(self, address: IpAddress | None) -> Label | None:
        """Return the label of the network that an address is in, or None."""
        if address is None:
            return None
        starts, labels = self._spans[address.version]
        return labels[bisect_right(starts, int(address)) - 1]

    def changed_by(self, own: "Networks") -> "Networks":
        """Return these networks and an operator's own, which replace those inside of them."""
        left = {
            network: label
            for network, label in self.labels.items()
            if not any(_lies_in(network, each) for each in own.labels)
        }
        return Networks({**left, **own.labels})


def _lies_in(network: Network, other: Network) -> bool:
    first, last = other.network_address, other.broadcast_address
    return network.version == other.version and (
        int(first) <= int(network.network_address) and int(network.broadcast_address) <= int(last)
    )


def _spans(labels: Labels, version: int) -> _Spans:
    """Return the labels of a version's addresses; networks lie side by side or in each other."""
    found: dict[int, Label | None] = {0: None}
    around: list[Network] = []

    def leave(until: int) -> None:
        while around and int(around[-1].broadcast_address) < until:
            left = around.pop()
            found[int(left.broadcast_address) + 1] = labels[around[-1]] if around else None

    of_version = [network for network in labels if network.version == version]
    for network in sorted(of_version, key=lambda each: (int(each.network_address), each.prefixlen)):
        leave(int(network.network_address))
        found[int(network.network_address)] = labels[network]
        around.append(network)
    leave(1 << 129)
    return list(found), list(found.values())


def parse(lines: Iterable[str]) -> Networks:
    """Return the networks of a file's lines; raises BadNetworks.

    A line is `NETWORK CERTAINTY LABEL` or `NETWORK none`; `#` begins a comment.
    """
    labels: dict[Network, Label | None] = {}
    for number, network, words in _entries(lines):
        label = _label(number, words)
        if label and network.prefixlen < WIDEST_PREFIX[network.version]:
            hint = f"at least /{WIDEST_PREFIX[network.version]}"
            raise BadNetworks(number, f"{network} is too wide for a mail filter's", hint)
        if labels.setdefault(network, label) != label:
            raise BadNetworks(number, f"{network} is also said to be another's above")
    return Networks(labels)


def _entries(lines: Iterable[str]) -> Iterator[tuple[int, Network, list[str]]]:
    for number, line in enumerate(lines, 1):
        first, *words = line.partition("#")[0].split() or [""]
        if first:
            yield number, _network(number, first), words


def _network(number: int, text: str) -> Network:
    try:
        return ip_network(text)
    except ValueError as error:
        hint = "its last bits must be 0" if "host bits" in str(error) else _FORM
        raise BadNetworks(number, f'"{text}" is not a network', hint) from None


def _label(number: int, words: list[str]) -> Label | None:
    match words:
        case [certainty, name] if certainty in get_args(Certainty) and _NAME.fullmatch(name):
            return Label(cast("Certainty", certainty), name)
        case [certainty] if certainty == UNLABELLED:
            return None
    raise BadNetworks(number, f'"{" ".join(words)}" is not a label', _FORM)
