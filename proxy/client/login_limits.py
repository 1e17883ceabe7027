"""How often clients may fail to log in, so that nobody tries passwords at the relay through us.

Owns: counting the logins that the relay refused, in one session and of one address over all
sessions, and telling log and metrics of them.
Does not own: the exchange (`authentication`), the numbers (`limits`), the window in which failures
count (`config.throttle`), or ending a session (`proxy.session.session`).

A login that the relay is judging holds one of the failures which its address has left; if all are
held, the next login waits for a verdict. So the bound holds for logins on many sessions at the same
time, and many good ones at the same time are all served.
"""

import asyncio
from collections import Counter
from contextlib import suppress

from config.addresses import IpAddress
from config.service.shared_counts import ALONE, LOOK_AGAIN_S, Counts
from config.telemetry.observe import LOGIN_FAILED, LOGIN_REFUSED, LOGINS_FAILED, LOGINS_REFUSED, log
from config.throttle import WINDOW_S, Throttle, network_of
from proxy.client.limits import (
    MAX_FAILED_LOGINS,
    MAX_FAILED_LOGINS_OF_ADDRESS,
    MAX_LOGGED_ACCOUNT_CHARACTERS,
)
from proxy.relay.upstream import Upstream
from proxy.smtp import replies
from proxy.smtp.replies import Reply


class LoginLimits:
    """The failed logins of all sessions of the processes that keep `counts`, by address."""

    def __init__(self, counts: Counts = ALONE) -> None:
        self._counts = counts
        self._throttle = Throttle(MAX_FAILED_LOGINS_OF_ADDRESS)
        self._judging: Counter[IpAddress | None] = Counter()
        self._waiting: list[asyncio.Future[None]] = []

    def exhausted(self, address: IpAddress | None) -> bool:
        """Return whether so many logins of `address` failed lately that none is tried now."""
        return self._left(address) <= 0

    def _left(self, address: IpAddress | None) -> int:
        return self._throttle.left(address) - self._counts.others(_failed(network_of(address)))

    async def begin(self, address: IpAddress | None) -> bool:
        """Wait until the relay may judge a login of `address`; False: too many have failed.

        After True, the caller calls `end`.
        """
        network = network_of(address)
        while (left := self._left(address)) > 0:
            self._judge(network, 1)
            if self._judging[network] + self._counts.others(_judged(network)) <= left:
                return True
            self._judge(network, -1)
            await self._verdict()
        return False

    def _judge(self, network: IpAddress | None, change: int) -> None:
        self._judging[network] += change
        self._counts.add(_judged(network), change)
        if not self._judging[network]:
            del self._judging[network]

    async def _verdict(self) -> None:
        """Wait until the relay has judged a login, here or maybe in another process."""
        verdict = asyncio.get_running_loop().create_future()
        self._waiting.append(verdict)
        try:
            await asyncio.wait((verdict,), timeout=LOOK_AGAIN_S if self._counts.shared else None)
        finally:
            with suppress(ValueError):
                self._waiting.remove(verdict)

    def end(self, address: IpAddress | None, *, failed: bool) -> None:
        """Take note of the relay's verdict."""
        network = network_of(address)
        if failed:
            self._throttle.failed(address)
            self._tell_others(_failed(network))
        self._judge(network, -1)
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            if not each.done():
                each.set_result(None)

    def _tell_others(self, name: str) -> None:
        if self._counts.shared:
            self._counts.add(name)
            asyncio.get_running_loop().call_later(WINDOW_S, self._counts.add, name, -1)

    def tell_failed(self, client: str, account: str | None, reply: Reply) -> None:
        """Log and count a failed login; `account` is the name that the client gave."""
        LOGINS_FAILED.inc()
        shown = _shown(account) if account else None
        log(LOGIN_FAILED, client=client, account=shown, reply=str(reply))


class Guesses:
    """The failed logins of one client in one session."""

    def __init__(self, limits: LoginLimits, address: IpAddress | None) -> None:
        self.failed = 0
        self.exhausted = False
        """The client has failed so often that its session ends."""
        self._limits = limits
        self._address = address

    async def judged(self, upstream: Upstream, line: bytes) -> Reply:
        """Return the relay's reply to a line of an AUTH exchange that may hold a password.

        The reply is TOO_MANY_LOGINS, and nothing is sent, where too many of the address have
        failed. A relay that hangs up instead of answering may have judged as well: that counts as a
        failure. Another 4xx does not: a relay that cannot judge now has said nothing about a
        password.
        """
        if not await self._limits.begin(self._address):
            return replies.TOO_MANY_LOGINS
        failed = True  # also where nobody waits for the verdict any more
        try:
            reply = await upstream.auth_line(line)
            failed = reply.permanent or (reply.transient and not upstream.usable)
            self.failed += failed
            self.exhausted = self.failed >= MAX_FAILED_LOGINS
            return reply
        finally:
            self._limits.end(self._address, failed=failed)


def _failed(network: IpAddress | None) -> str:
    return f"failed logins of {network}"


def _judged(network: IpAddress | None) -> str:
    return f"logins of {network}"


def tell_refused(client: str, limit: str) -> None:
    """Log and count a client that is answered 421 for too many failed logins."""
    LOGINS_REFUSED.labels(limit).inc()
    log(LOGIN_REFUSED, client=client, limit=limit)


def _shown(account: str) -> str:
    """Return a name that a stranger made up such that it can stand in a line of the log."""
    cut = account[:MAX_LOGGED_ACCOUNT_CHARACTERS]
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in cut)
