"""What a destination is like, whatever message and link it stands in.

Owns: the rules that look at nothing but the URL, asked together and remembered, as most messages
hold links that the one before them held.
Does not own: the single rules (`tracker.urls.hosts`, `sensitive` and `groups` there), or what follows from
them (`decide`).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from proxy.policy.reasons import Skip
from tracker.urls.hosts import host, is_below
from tracker.urls.naming import GroupPattern, identity
from tracker.urls.secrets import Caution, has_placeholder

REMEMBERED = 2048
"""Destinations whose traits a policy keeps."""


class Traits(NamedTuple):
    """`skip`: why such a link is never tracked. `sensitive`: only if its author insists.

    `group` is its name in reports, unless its author gives one.
    """

    skip: Skip | None
    sensitive: bool
    group: str


@dataclass(frozen=True, slots=True)
class UrlRules:
    """The operator's rules about URLs. Hosts are in lower case, and mean their subdomains too."""

    max_destination: int
    own_hosts: re.Pattern[str]
    untracked_hosts: tuple[str, ...]
    sensitive: Caution
    groups: tuple[GroupPattern, ...]
    volatile: frozenset[str]

    def remembering(self) -> Callable[[str], Traits]:
        """Give a function from a destination to its traits."""
        return lru_cache(maxsize=REMEMBERED)(self.traits)

    def traits(self, destination: str) -> Traits:
        """Ask every rule about a destination."""
        if len(destination) > self.max_destination:
            return Traits(Skip.OVER_LONG, sensitive=False, group=destination)
        return Traits(
            self._skip(destination),
            self.sensitive(destination),
            identity(destination, self.groups, self.volatile),
        )

    def _skip(self, destination: str) -> Skip | None:
        if self.own_hosts.match(destination):
            return Skip.OWN_HOST
        if self.untracked_hosts and is_below(host(destination), self.untracked_hosts):
            return Skip.UNTRACKED_HOST
        return Skip.PLACEHOLDER if has_placeholder(destination) else None
