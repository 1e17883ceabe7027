"""Whether one link is tracked: the rules asked in order, the answer as a value.

Owns: the order of the rules and what is lifted by `data-track="true"`; parameters and the group.
Does not own: what the attributes say (`links`), the single rules (`sensitive`, `params`, `groups`),
or what the bytes of the message forbid (`proxy.rewrite`).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from proxy.policy.groups import identity
from proxy.policy.links import Wishes
from proxy.policy.params import Params, addition
from proxy.policy.reasons import SOFT, Skip
from proxy.policy.sensitive import has_placeholder, is_sensitive, is_signed
from proxy.policy.settings import Policy
from proxy.urls import host

_VISIBLE_URL = re.compile(
    r"\s*<?(?:https?://\S+|www\.\S+|(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24}(?:[/?#:]\S*)?)>?\s*",
    re.ASCII | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class MessageFacts:
    """What the links of one message share: List-Unsubscribe's URLs, and the parameters to add."""

    unsubscribe: frozenset[str] = frozenset()
    params: Params = ()


class Decision(NamedTuple):
    """What becomes of a link: tracked unless `skip` says why not.

    `params` is what to put before the destination's fragment, empty for nothing.
    """

    skip: Skip | None
    group: str
    params: str


def decide(
    policy: Policy,
    facts: MessageFacts,
    wishes: Wishes,
    destination: str,
    text: Callable[[], str],
) -> Decision:
    """Decide about one http(s) link; `text` gives what its reader sees, only asked when needed."""
    skip = _skip(policy, facts, wishes, destination, text)
    group = wishes.group or identity(destination, policy.groups, policy.volatile_params)
    params = ""
    if facts.params and _wants_params(wishes, skip) and not is_signed(destination):
        params = addition(destination, facts.params)
        # A parameter is not worth an untracked link.
        if len(destination) + len(params) > policy.max_destination:
            params = ""
    return Decision(skip, group, params)


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


def _wants_params(wishes: Wishes, skip: Skip | None) -> bool:
    """Leave a link that is not tracked as written, unless it asks for parameters itself."""
    if skip is None:
        return wishes.params is not False
    return wishes.params is True and skip not in _NEVER_PARAMS


def _skip(
    policy: Policy,
    facts: MessageFacts,
    wishes: Wishes,
    destination: str,
    text: Callable[[], str],
) -> Skip | None:
    if wishes.skip is not None and wishes.skip not in SOFT:
        return wishes.skip
    if hard := _hard_skip(policy, facts, destination):
        return hard
    return None if wishes.track else _soft_skip(policy, wishes, destination, text)


def _hard_skip(policy: Policy, facts: MessageFacts, destination: str) -> Skip | None:
    if destination in facts.unsubscribe:
        return Skip.LIST_UNSUBSCRIBE
    if len(destination) > policy.max_destination:
        return Skip.OVER_LONG
    if policy.own_hosts.match(destination):
        return Skip.OWN_HOST
    if policy.untracked_hosts and _is_under(host(destination), policy.untracked_hosts):
        return Skip.UNTRACKED_HOST
    return Skip.PLACEHOLDER if has_placeholder(destination) else None


def _soft_skip(
    policy: Policy, wishes: Wishes, destination: str, text: Callable[[], str]
) -> Skip | None:
    if wishes.skip is not None:
        return wishes.skip
    if policy.sensitive_builtin and is_sensitive(destination):
        return Skip.SENSITIVE
    if any(pattern.search(destination) for pattern in policy.sensitive_patterns):
        return Skip.SENSITIVE
    if policy.visible_urls == "skip" and _VISIBLE_URL.fullmatch(text()):
        return Skip.VISIBLE_URL
    return None


def _is_under(name: str, hosts: tuple[str, ...]) -> bool:
    name = name.rstrip(".")
    return any(name == parent or name.endswith(f".{parent}") for parent in hosts)
