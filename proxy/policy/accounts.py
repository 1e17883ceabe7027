"""Who may send as a [[sender]]: the logins and networks of its `accounts`.

Owns: what is known of whoever hands a message in, and whether `accounts` has it.
Does not own: whose mail is trusted at all, and how logins get their names (`proxy.client.trust`,
`proxy.client.authentication`), what becomes of others' mail (`proxy.rewrite.senders`), or reading
`accounts` (`config.values`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

from config.addresses import IpAddress, Network, within
from config.values import networks_of


@dataclass(frozen=True, slots=True)
class Submitter:
    """Who hands a message in: by a login, whose `account` may have no name (None), or without one."""

    address: IpAddress | None = None
    logged_in: bool = False
    account: str | None = None
    address_text: str | None = field(default=None, init=False, repr=False, compare=False)
    """The address as it is written, None where none is known: each message's line and event say it."""

    def __post_init__(self) -> None:
        """Write the address."""
        if self.address is not None:
            object.__setattr__(self, "address_text", str(self.address))


NOBODY = Submitter()
"""One of whom nothing is known."""


@dataclass(frozen=True, slots=True)
class Accounts:
    """Those who may send as one [[sender]]."""

    logins: frozenset[str]
    networks: tuple[Network, ...]

    @classmethod
    def of(cls, accounts: Iterable[str | Network]) -> Self:
        """Return what `accounts` of the configuration says."""
        listed = tuple(accounts)
        networks = tuple(network for each in listed for network in networks_of(each))
        names = (each for each in listed if isinstance(each, str) and not networks_of(each))
        return cls(frozenset(names), networks)

    def __contains__(self, submitter: Submitter) -> bool:
        """Return whether `submitter` may send: by its login if it has one, else by its address."""
        if submitter.logged_in:
            return submitter.account in self.logins
        return within(submitter.address, self.networks)
