"""What a destination is like, whatever message and link it stands in.

Owns: asking all rules that look at nothing but the URL, and remembering the answers: most messages
hold links that the message before them held.
Does not own: the single rules (`tracker.urls.hosts`, `tracker.urls.secrets.rules`, `tracker.urls.placeholders`,
`tracker.urls.naming`), or what follows from them (`decide`).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from proxy.policy.reasons import Skip
from tracker.urls.hosts import host, is_below
from tracker.urls.naming import GroupPattern, identity, named
from tracker.urls.placeholders import has_placeholder
from tracker.urls.secrets.ordinary import ordinary
from tracker.urls.secrets.rules import Caution

REMEMBERED = 2048
"""How many destinations a policy remembers the traits of."""


class Traits(NamedTuple):
    """What follows from the URL alone.

    `skip`: why such a link is never tracked. `sensitive`: it is tracked only if its author insists.
    `group`: its name in reports, unless its author chose one.
    """

    skip: Skip | None
    sensitive: bool
    group: str


@dataclass(frozen=True, slots=True)
class UrlRules:
    """The operator's rules about URLs. `untracked_hosts` are lower case and include subdomains."""

    max_destination: int
    own_hosts: re.Pattern[str]
    untracked_hosts: tuple[str, ...]
    sensitive: Caution
    groups: tuple[GroupPattern, ...]
    volatile: frozenset[str]
    _is_ordinary: Callable[[str], bool] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_is_ordinary", ordinary(self.volatile))

    def remembering(self) -> Callable[[str], Traits]:
        """Return `traits` with a memory: a function from a destination to its traits."""
        return lru_cache(maxsize=REMEMBERED)(self.traits)

    def traits(self, destination: str) -> Traits:
        """Return what the rules say of a destination."""
        if len(destination) > self.max_destination:
            return Traits(Skip.OVER_LONG, sensitive=False, group=destination)
        if self._is_ordinary(destination):
            group = named(destination, self.groups) if self.groups else None
            sensitive = bool(self.sensitive.patterns) and self.sensitive.by_pattern(destination)
            return Traits(
                self._by_host(destination), sensitive, destination if group is None else group
            )
        skip = self._by_host(destination)
        if skip is None and has_placeholder(destination):
            skip = Skip.PLACEHOLDER
        group = identity(destination, self.groups, self.volatile)
        return Traits(skip, self.sensitive(destination), group)

    def _by_host(self, destination: str) -> Skip | None:
        if self.own_hosts.match(destination):
            return Skip.OWN_HOST
        if self.untracked_hosts and is_below(host(destination), self.untracked_hosts):
            return Skip.UNTRACKED_HOST
        return None
