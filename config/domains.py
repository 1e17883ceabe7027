"""Which [[sender]] a domain belongs to.

Owns: the order of those that could be meant.
Does not own: whose mail it is (`proxy.policy.eligibility`), or what a sender means (`proxy.rewrite.senders`,
`tracker.minting.request`).
"""

from collections.abc import Mapping
from typing import Protocol, TypeVar


class HasSubdomains(Protocol):
    """A [[sender]], or what was made of one."""

    @property
    def subdomains(self) -> bool:
        """Whether its subdomains are meant too."""


S = TypeVar("S", bound=HasSubdomains)


def closest(domain: str, senders: Mapping[str, S]) -> S | None:
    """Give the sender that a domain belongs to, the closest of several; all in lower case."""
    if domain in senders:
        return senders[domain]
    while "." in domain:
        domain = domain.partition(".")[2]
        found = senders.get(domain)
        if found and found.subdomains:
            return found
    return None
