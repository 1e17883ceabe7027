"""One relay, as all sessions of a process know it.

Owns: the way to a session with it, within limits, and what is remembered from one session to the next: what it
offers, at which of its addresses it can be had, and how our own login fared.
Does not own: reaching it (`failover`), talking to it (`session`), or the relay session of one client
(`upstream`).
"""

from config.schema import RelayConfig
from config.service.shared_counts import ALONE, Counts
from config.telemetry.observe import RELAY_CLIENT_INFO_REFUSED, log
from proxy.relay.capability_cache import CapabilityCache
from proxy.relay.failover import Failover
from proxy.relay.own_login import OwnLogin
from proxy.relay.pacing import Pace, SessionSlots
from proxy.relay.session import RelaySession, RelayUnavailable


class Relay:
    """The relay of one table `[relay]`; `hostname` is our name in EHLO."""

    def __init__(self, config: RelayConfig, hostname: str, counts: Counts = ALONE) -> None:
        """Take the counts of all processes that share what the relay may get of us."""
        self.config = config
        name = f"relay {config.name} {config.host} {config.port}"
        self.slots = SessionSlots(config.max_connections, name, counts)
        self.pace = Pace(config.max_rate and config.max_rate / counts.processes)
        self.own_login = OwnLogin(config) if config.user else None
        self.hears_mail_alone = config.client_info == "none"
        """It is told nothing of the client, before a session or before a message."""
        self.may_be_left_alone = self.own_login is None and not self.slots.limited
        """Nothing is to be done for a session with it while its client is idle, but for a login of the client's."""
        self.capability_cache = CapabilityCache(self._dial)
        self._hostname = hostname
        self._client_info_refused = False
        self._failover = Failover(config, hostname)

    async def open(self) -> RelaySession:
        """Return a new session with it. Raises RelayUnavailable, or TooMuchNow where all are in use."""
        try:
            session = await self._dial()
        except RelayUnavailable:
            self.capability_cache.forget()
            raise
        self.capability_cache.note(session.capabilities)
        return session

    def tell_client_info_refused(self, reply: str) -> None:
        """Log that it takes no XCLIENT or XFORWARD of us, the first time."""
        if not self._client_info_refused:
            self._client_info_refused = True
            name = self.config.name or self.config.host
            log(RELAY_CLIENT_INFO_REFUSED, relay=name, mode=self.config.client_info, reply=reply)

    def stop(self) -> None:
        """End what goes on in the background."""
        self.capability_cache.stop()
        self._failover.stop()

    async def _dial(self) -> RelaySession:
        await self.slots.take()
        try:
            contact = await self._failover.reach()
        except BaseException:
            self.slots.give_back()
            raise
        session = RelaySession(self.config, self._hostname, contact)
        session.when_lost(self.slots.give_back)
        return session
