"""Whether one link is tracked: every rule asked in order, and the answer as a value.

Owns: the order of the rules, what `data-track="true"` lifts, which links get URL parameters, and
the name of a link in reports.
Does not own: what the link's attributes ask for (`directives`), what its URL is like (`traits`),
what may be added to a destination (`tracker.urls.additions`), or what the octets of the message
forbid (`proxy.rewrite.part_planner`).
"""

import re
from collections.abc import Callable
from dataclasses import field, replace
from typing import NamedTuple

from config.value_objects import value
from proxy.links.urls import is_part_of, path_of, same_place
from proxy.policy.directives import LinkDirectives
from proxy.policy.reasons import SOFT, Skip
from proxy.policy.settings import Policy
from proxy.policy.traits import Traits
from tracker.urls.additions import id_octets, params_text
from tracker.urls.params import Params

_VISIBLE_URL = re.compile(
    r"\s*<?(?:https?://\S+|www\.\S+|(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24}(?:[/?#:]\S*)?)>?\s*",
    re.ASCII | re.IGNORECASE,
)


@value
class MessageFacts:
    """What the links of one message share.

    `unsubscribe`: the URLs of List-Unsubscribe, as `same_place` writes them. `params`: the URL
    parameters to add. `identify`: the parameter that tells who clicked; its value stands for the
    real one and is at least as long. `tags` are those that the relay will fill in.
    """

    unsubscribe: frozenset[str] = frozenset()
    params: Params = ()
    identify: Params = ()
    tags: tuple[str, ...] = ()
    _paths: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_paths", tuple(map(path_of, self.unsubscribe)))

    def unsubscribes(self, destination: str) -> bool:
        """Whether the destination stands in List-Unsubscribe."""
        if not self.unsubscribe or not self._may_unsubscribe(destination):
            return False
        place = same_place(destination)
        return place in self.unsubscribe or any(
            is_part_of(place, listed) for listed in self.unsubscribe
        )

    def _may_unsubscribe(self, destination: str) -> bool:
        """Whether it has the path of a listed URL, or escapes in which it may hide."""
        for path in self._paths:
            if path in destination:
                return True
        return "%" in destination

    def fills_in(self, destination: str) -> bool:
        """Whether the relay will fill in a part of the destination."""
        return any(tag in destination for tag in self.tags)


class Decision(NamedTuple):
    """What becomes of a link: tracked unless `skip` says why not.

    `group` is its name in reports. `params` is what to insert before the destination's fragment,
    empty for nothing. `app`: the tracked link opens an app. `id_octets` is the most that the
    reader's id adds to the destination; 0 where the destination is not told who clicked.
    """

    skip: Skip | None
    group: str
    params: str
    app: bool = False
    id_octets: int = 0


def decide(
    policy: Policy,
    facts: MessageFacts,
    directives: LinkDirectives,
    destination: str,
    text: Callable[[], str],
) -> Decision:
    """Return what becomes of one http(s) link.

    `text` returns what its reader sees; it is called only where that matters.
    """
    traits = policy.traits(destination)
    if facts.tags and facts.fills_in(destination):
        traits = traits._replace(skip=traits.skip or Skip.PLACEHOLDER)
    app = directives.app and policy.app_links
    if app and directives.skip is Skip.APP_LINK:
        directives = replace(directives, skip=None)
    listed = bool(facts.unsubscribe) and facts.unsubscribes(destination)
    skip = _skip(directives, traits, is_unsubscribe=listed)
    if skip is None and policy.visible_urls == "skip" and not directives.track:
        skip = Skip.VISIBLE_URL if _VISIBLE_URL.fullmatch(text()) else None
    params = ""
    if facts.params and _wants_params(directives, skip):
        most, hosts = policy.max_destination, policy.url_params_hosts
        params = params_text(destination, facts.params, most, hosts)
    added = 0
    if facts.identify and skip is None and not traits.sensitive:
        hosts, most = policy.identify_hosts, policy.max_destination
        added = id_octets(destination, params, facts.identify, hosts, most)
    return Decision(skip, directives.group or traits.group, params, app, added)


_NEVER_PARAMS = frozenset(
    {
        Skip.LIST_UNSUBSCRIBE,
        Skip.UNSUBSCRIBE,
        Skip.OWN_HOST,
        Skip.PLACEHOLDER,
        Skip.SENSITIVE,
        Skip.OVER_LONG,
    }
)


def _wants_params(directives: LinkDirectives, skip: Skip | None) -> bool:
    """Whether parameters are added: to a link that is not tracked only where it asks for them."""
    if skip is None:
        return directives.params is not False
    return directives.params is True and skip not in _NEVER_PARAMS


def _skip(directives: LinkDirectives, traits: Traits, *, is_unsubscribe: bool) -> Skip | None:
    """Return why the link is not tracked: an opt-out, then facts, then caution.

    The author may lift caution.
    """
    if directives.skip is not None and directives.skip not in SOFT:
        return directives.skip
    if is_unsubscribe:
        return Skip.LIST_UNSUBSCRIBE
    if traits.skip is not None or directives.track:
        return traits.skip
    return directives.skip or (Skip.SENSITIVE if traits.sensitive else None)
