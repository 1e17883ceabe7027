"""Which of several relays gets a message, by what is known at MAIL.

Owns: the order in which envelope sender, account and listener tell, and whose header From belongs
elsewhere.
Does not own: the keys (`config.schema`), switching to a relay (`proxy.relay.upstream`), or who a client is
(`proxy.client.identity`).

The header From is not known at MAIL, and each reply is the relay's own: so the envelope decides.
"""

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence

from config.addresses import parse_ip
from config.schema import RelayConfig
from config.service.shared_counts import ALONE, Counts
from config.values import Address
from proxy.policy.accounts import Accounts, Submitter
from proxy.relay.relay import Relay
from proxy.smtp.extensions import relay_size

WILDCARDS = frozenset({"0.0.0.0", "::"})  # noqa: S104 - told apart, not listened on

HEADER_OCTETS = 64 * 1024
"""In so much of a message the header From is looked for."""

_FROM = re.compile(rb"^from[ \t]*:([^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)", re.IGNORECASE | re.MULTILINE)
_DOMAIN = re.compile(rb"@([A-Za-z0-9.-]{1,255})")


class Relays:
    """The relays of one configuration; `configs` has at least one."""

    def __init__(
        self, configs: Iterable[RelayConfig], hostname: str, counts: Counts = ALONE
    ) -> None:
        self.all = tuple(Relay(config, hostname, counts) for config in configs)
        self.several = len(self.all) > 1
        """Whether there is anything to choose."""
        self._by_sender = {domain: relay for relay in self.all for domain in relay.config.senders}
        self._accounts = [
            (Accounts.of(relay.config.accounts), relay)
            for relay in self.all
            if relay.config.accounts
        ]

    def of_listener(self, local: tuple[str, int]) -> Relay:
        """Return the relay for clients at one of our addresses: where they log in."""
        for relay in self.all:
            if any(_is_at(local, listener) for listener in relay.config.listeners):
                return relay
        return self.all[0]

    def for_mail(
        self, path: bytes, submitter: Submitter, home: Relay, *, authenticated: bool
    ) -> Relay:
        """Return the relay for mail of the envelope sender `path`, else `home`, where the client logs in.

        Whoever logged in there stays there, whatever the sender that it names, unless another relay is
        for that login.
        """
        if authenticated:
            return (self.of_account(submitter) if submitter.logged_in else None) or home
        return self.of_sender(path) or self.of_account(submitter) or home

    def of_account(self, submitter: Submitter) -> Relay | None:
        """Return the relay whose `accounts` has this client."""
        return next((relay for accounts, relay in self._accounts if submitter in accounts), None)

    def of_sender(self, path: bytes) -> Relay | None:
        """Return the relay whose `senders` has the domain of an envelope sender, the closest."""
        domain = path.rpartition(b"@")[2].decode("ascii", "replace").lower().rstrip(".")
        while domain:
            if domain in self._by_sender:
                return self._by_sender[domain]
            domain = domain.partition(".")[2]
        return None

    def of_header_from(self, content: bytes) -> Relay | None:
        """Return the relay whose `senders` has the domain in a message's From."""
        end = content.find(b"\r\n\r\n", 0, HEADER_OCTETS)
        found = _FROM.search(content, 0, end + 2 if end >= 0 else HEADER_OCTETS)
        domains = _DOMAIN.findall(found[1]) if found else []
        return self.of_sender(b"@" + domains[-1]) if domains else None

    async def common(
        self, home: Relay, capabilities: Mapping[str, str] | None
    ) -> Mapping[str, str] | None:
        """Return what all relays offer that can be reached; None: none can.

        `capabilities` are those of `home`, None where it is one of those that cannot. Logins are its own
        even then: a client that tries one is told to come back, not that there is none.
        """
        others = (each.capability_cache.get() for each in self.all if each is not home)
        known = [each for each in await asyncio.gather(*others) if each is not None]
        if capabilities is not None:
            return _common(capabilities, known)
        if not known:
            return None
        offered = {**_common(known[0], known[1:])}
        offered.pop("AUTH", None)
        logins = home.capability_cache.last_seen.get("AUTH")
        return offered if logins is None else {**offered, "AUTH": logins}

    def stop(self) -> None:
        """End what goes on in the background."""
        for relay in self.all:
            relay.stop()


def _common(first: Mapping[str, str], others: Sequence[Mapping[str, str]]) -> Mapping[str, str]:
    """Return what all offer; logins are for the first alone.

    Of SIZE the smallest counts. What says more than that it is there, and not the same everywhere, is
    left out.
    """
    offered: dict[str, str] = {}
    for keyword, parameters in first.items():
        values = [each.get(keyword) for each in others]
        if keyword == "AUTH" or all(value == parameters for value in values):
            offered[keyword] = parameters
        elif keyword == "SIZE" and None not in values:
            sizes = [relay_size({"SIZE": value or ""}) for value in (parameters, *values)]
            offered[keyword] = str(min((size for size in sizes if size), default=""))
    return offered


def _is_at(local: tuple[str, int], listener: Address) -> bool:
    """Return whether a connection to our address `local` came by `listener`."""
    host, port = local
    if port != listener.port:
        return False
    if listener.host in WILDCARDS:
        return True
    hosts = ("127.0.0.1", "::1") if listener.host == "localhost" else (listener.host,)
    return parse_ip(host) in {parse_ip(each) for each in hosts}
