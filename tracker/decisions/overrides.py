"""What an operator decided about links after they were sent: withdrawn ones, repaired ones.

Owns: what a decision is, which ones can be carried out, and what all of them make of a link.
Does not own: where decisions are kept (`files`), which URLs are meant by a repair beside the one
that it names (`tracker.urls.additions`, `tracker.urls.blanks`), the answer to a reader (`tracker.redirect.redirector`).
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Annotated, Literal, Self

from pydantic import Field

from config.service import state_owner
from tracker.tokens import Link, is_destination
from tracker.urls import blanks
from tracker.urls.additions import NO_ADDITIONS, Additions
from tracker.urls.blanks import Blanked
from tracker.urls.hosts import host, is_below
from tracker.urls.params import Params, is_called, pairs, place, without

Action = Literal["revoke", "redirect", "restore"]
Kind = Literal["message", "campaign", "host", "destination"]
MAX_HOPS = 10
"""Repairs of repairs that are followed for one link."""

_BLANK = re.compile(r"@([0-9]{1,3})", re.ASCII)
MESSAGE_ID = re.compile(r"[0-9a-f]{16}\Z")
MessageId = Annotated[str, Field(pattern=MESSAGE_ID)]


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided about what, when and by whom.

    `value` is a message id (hexadecimal), a campaign, a host, or a destination; `to` the new
    destination of a "redirect". A campaign names the `messages` that it had then, a repair the
    `params` and `ids` (the same that tell who clicks) which Waypost added to destinations then.
    `personal` are the places in which the URLs of one link differ from reader to reader: `?name` is
    what a parameter of that name (in lower case) is set to, `@number` the value at that place of its
    shape (`tracker.urls.shape`), from 0: a blank. Places of another form change nothing.
    """

    at: str
    by: str
    action: Action
    kind: Kind
    value: str
    to: str = ""
    messages: tuple[MessageId, ...] = ()
    params: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    personal: tuple[str, ...] = ()

    @property
    def personal_params(self) -> frozenset[str]:
        """The names of parameters that are each reader's own."""
        return frozenset(place[1:] for place in self.personal if place.startswith("?"))

    @property
    def blanks(self) -> tuple[int, ...]:
        """The places of the URL's shape that are each reader's own."""
        found = filter(None, map(_BLANK.fullmatch, self.personal))
        return tuple(sorted(int(each[1]) for each in found))

    @property
    def makes_sense(self) -> bool:
        """Return whether it can be carried out; somebody may have written it by hand."""
        if self.kind == "destination":
            return self.action == "restore" or (
                self.action == "redirect" and is_destination(self.value) and is_destination(self.to)
            )
        if self.kind == "message" and not MESSAGE_ID.fullmatch(self.value):
            return False
        return self.action != "redirect"


@dataclass(slots=True)
class Overrides:
    """The sum of all decisions. `params` and `ids` are those that any repair knew of.

    `places` are where repaired URLs lead, their parameters apart: a click that leads elsewhere
    costs nothing for all of them. `personal` are the parameters of each repaired URL that are a
    reader's own; `links` leads from those that are, and from the URL without them, to the repaired
    URL. `blanked` are the repaired URLs with blanks.
    """

    messages: set[str] = field(default_factory=set)
    campaigns: dict[str, frozenset[str]] = field(default_factory=dict)
    hosts: set[str] = field(default_factory=set)
    destinations: dict[str, str] = field(default_factory=dict)
    params: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()
    places: set[str] = field(default_factory=set)
    personal: dict[str, frozenset[str]] = field(default_factory=dict)
    links: dict[frozenset[str], dict[str, str]] = field(default_factory=dict)
    blanked: dict[str, Blanked] = field(default_factory=dict)

    @classmethod
    def of(cls, made: Iterable[Decision]) -> Self:
        """Sum up decisions, the oldest first."""
        overrides = cls()
        for each in made:
            overrides.apply(each)
        return overrides

    @property
    def in_force(self) -> int:
        """How many decisions have not been taken back."""
        kinds = (self.messages, self.campaigns, self.hosts, self.destinations)
        return sum(map(len, kinds))

    def destination(self, link: Link, additions: Additions = NO_ADDITIONS) -> str | None:
        """Return the destination of `link` now; None where the link was withdrawn.

        `additions` are the parameters that the configuration adds to destinations.
        """
        message = link.message_id.hex()
        if message in self.messages:
            return None
        if self.campaigns and any(message in each for each in self.campaigns.values()):
            return None
        destination = self.repaired(link.destination, additions)
        if self.hosts and is_below(host(destination), self.hosts):
            return None
        return destination

    def repaired(self, destination: str, additions: Additions = NO_ADDITIONS) -> str:
        """Return the destination after all repairs, unchanged where there are none."""
        if not (self.places or self.blanked):
            return destination
        for better in self.way(destination, additions):
            destination = better
        return destination

    def way(self, destination: str, additions: Additions = NO_ADDITIONS) -> Iterator[str]:
        """Yield the URL that a destination was repaired to, then that one's repair, and so on."""
        for _ in range(MAX_HOPS):
            better = self._better(destination, additions)
            if better is None or better == destination:
                return
            yield better
            destination = better

    def _better(self, destination: str, additions: Additions) -> str | None:
        """Repair a URL once: as it was sent, else as its author wrote it, else as another reader's.

        At last as one with blanks, by the latest decision about such a URL.
        """
        like = self._begins_like_blanked(destination)
        if place(destination) not in self.places and not like:
            return None
        additions = additions.also(self.params, self.ids)
        variants = [(destination, ()), *additions.written(destination)]
        for written, params in variants:
            if written in self.destinations:
                return self._kept(written, written, params, additions)
        for written, params in variants:
            if (named := self._named(written)) is not None:
                return self._kept(named, written, params, additions)
        for written, params in variants:
            for repaired in like:
                if (values := self.blanked[repaired].values_in(written)) is not None:
                    return self._kept(repaired, written, params, additions, values)
        return None

    def _begins_like_blanked(self, destination: str) -> list[str]:
        """Return the repaired URLs with blanks that a URL may be one of, the latest first."""
        if not self.blanked:
            return []
        folded = destination.lower()
        found = [each for each, of in self.blanked.items() if folded.startswith(of.beginning)]
        return found[::-1]

    def _named(self, written: str) -> str | None:
        """Return the repaired URL that differs from this one only in what is a reader's own."""
        for names, links in reversed(self.links.items()):
            if (named := links.get(without(written, names))) is not None:
                return named
        return None

    def _kept(
        self,
        repaired: str,
        written: str,
        params: Params,
        additions: Additions,
        values: tuple[str, ...] = (),
    ) -> str:
        """Return where a repaired URL leads, with what is the reader's own, and what we added.

        `values` are what stands for its blanks. Where the new URL has none, those that are parameters
        go along.
        """
        to = self.destinations[repaired]
        names = self.personal.get(repaired, frozenset())
        if values and not blanks.places(to):
            names |= self.blanked[repaired].params
        own = [pair for pair in pairs(written) if is_called(pair, names)] if names else []
        return additions.carried(params, additions.kept(own, blanks.filled(to, values)))

    def holds(self, kind: Kind, value: str) -> bool:
        """Return whether something was decided about this, and not taken back."""
        match kind:
            case "message":
                return value in self.messages
            case "campaign":
                return value in self.campaigns
            case "host":
                return value in self.hosts
            case "destination":
                return value in self.destinations

    def apply(self, made: Decision) -> None:
        """Add one decision. A campaign revoked again has the messages of both times."""
        value = made.value
        match made.kind, made.action:
            case "message", "restore":
                self.messages.discard(value)
            case "message", _:
                self.messages.add(value)
            case "campaign", "restore":
                self.campaigns.pop(value, None)
            case "campaign", _:
                known = self.campaigns.get(value, frozenset())
                self.campaigns[value] = known.union(made.messages)
            case "host", "restore":
                self.hosts.discard(value)
            case "host", _:
                self.hosts.add(value)
            case "destination", "restore":
                self.destinations.pop(value, None)
                self._unname(value)
            case "destination", _:
                self._unname(value)
                self.destinations[value] = made.to
                self._name(value, made.personal_params)
                if made.blanks:
                    self.blanked[value] = Blanked.of(value, made.blanks, made.personal_params)
                self.places.add(place(value))
                self.params |= set(made.params)
                self.ids |= set(made.ids)

    def _name(self, repaired: str, names: frozenset[str]) -> None:
        """Have a repair apply to the URLs of all readers, as well; one without `names` does not."""
        if names:
            self.personal[repaired] = names
            self.links.setdefault(names, {})[without(repaired, names)] = repaired

    def _unname(self, repaired: str) -> None:
        """Take that back; an earlier repair of another reader's URL applies to all again."""
        self.blanked.pop(repaired, None)
        names = self.personal.pop(repaired, None)
        if not names or self.links[names][without(repaired, names)] != repaired:
            return
        del self.links[names][without(repaired, names)]
        for other, of in self.personal.items():
            if of == names and without(other, names) == without(repaired, names):
                self.links[names][without(other, names)] = other


def decision(
    action: Action, kind: Kind, value: str, *, to: str = "", messages: Iterable[str] = ()
) -> Decision:
    """Return a decision made now, by who called this process."""
    # To the millisecond, as it is by its words that a decision is known to be the same.
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    return Decision(at, state_owner.caller_name(), action, kind, value, to, tuple(messages))


def repair(
    old: str, new: str, additions: Additions, personal: frozenset[str] = frozenset()
) -> Decision:
    """Return the decision, made now, that links to `old` lead to `new` instead.

    `personal` are the names of parameters that are each reader's own, in lower case. Both URLs are in
    ASCII, their blanks as well (`tracker.urls.blanks`).
    """
    params, ids = (tuple(sorted(names)) for names in (additions.names, additions.ids))
    ours = {name.lower() for name in additions.names | additions.ids}
    names = frozenset(personal - ours)
    places = (
        *(f"?{name}" for name in sorted(names)),
        *(f"@{at}" for at in blanks.places(without(old, names))),
    )
    made = decision("redirect", "destination", old, to=new)
    return replace(made, params=params, ids=ids, personal=places)
