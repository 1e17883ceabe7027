"""Which address of the relay is called: in turn, past those that hang, with memory.

Owns: the order of `[relay] host` and `fallback`, how long a client waits for one of them, which were
found dead, and trying those again in the background.
Does not own: one call (`dial`), or what is said to the relay (`session`).

No client waits for a dead relay twice. An address that is silent is passed over while its call goes on; one
that failed is left out while another answers. Where all are left out, those are called that failed at
once, which costs nothing; not those that were silent.
"""

import asyncio
from collections import deque
from dataclasses import dataclass

from config.schema import RelayConfig
from config.telemetry.observe import (
    RELAY_ATTEMPT_FAILED,
    RELAY_ATTEMPTS_FAILED,
    RELAY_BACK,
    RELAY_PASSED_OVER,
    RELAY_REACHABLE,
    log,
)
from config.values import Address
from proxy.relay.dial import (
    Attempt,
    AttemptFailed,
    Contact,
    Endpoint,
    RelayUnavailable,
    Unavailable,
    call,
    look_up,
)

MAX_ATTEMPTS = 8
"""Addresses called for one session."""

PATIENCE_S = 4.5
"""How long a client waits for all addresses together, unless one is known to be slow."""

LEAST_PATIENCE_S = 1.0
"""For one address, however many there are. What took longer to fail counts as silent."""

RETRY_S = 5.0
"""Before a dead address is called again; doubled each time."""

LONGEST_RETRY_S = 60.0

FORGET_S = 600.0
"""Nobody has asked for the relay for so long: it is not called any more, and what was dead is as good as
any other."""

SLOWER_BY = 1.5
"""An address that took so many seconds to answer is given that many times these, and one more."""


@dataclass(slots=True)
class _Known:
    """What is known of an address; `dead` is why it cannot be had, None while it can."""

    dead: Attempt | None = None
    silent: bool = False
    takes_s: float = 0.0
    failures: int = 0
    calls: int = 0
    heard_at_s: float = 0.0
    """When it last answered, or was called with no other call under way."""

    @property
    def patience_s(self) -> float:
        """How long it is to be waited for at least."""
        return self.takes_s * SLOWER_BY + 1 if self.takes_s > LEAST_PATIENCE_S else 0.0


Reached = Contact | tuple[Endpoint, ...]
"""A relay that is ready, or the addresses of a name."""


class Failover:
    """The addresses of one relay, as one process knows them."""

    def __init__(self, config: RelayConfig, hostname: str) -> None:
        self.config = config
        self._hostname = hostname
        self._known: dict[Endpoint, _Known] = {}
        self._background: dict[Endpoint, asyncio.Task[Reached]] = {}
        self._timers: dict[Endpoint, asyncio.TimerHandle] = {}
        self._asked_at_s = 0.0
        self._reachable = RELAY_REACHABLE.labels(config.name or config.host)
        self._tell()

    async def reach(self) -> Contact:
        """Return the first address that is ready for mail. Raises RelayUnavailable."""
        self._asked_at_s = _now_s()
        return await _Race(self).run()

    def stop(self) -> None:
        """End what goes on in the background."""
        for timer in self._timers.values():
            timer.cancel()
        for task in self._background.values():
            task.cancel()

    def known(self, endpoint: Endpoint) -> _Known:
        """Return what is known of an address; of one that nobody called, nothing."""
        return self._known.setdefault(endpoint, _Known())

    async def attempt(self, endpoint: Endpoint, *, quietly: bool = False) -> Reached:
        """Call an address, or look one up, and remember how that went. Raises AttemptFailed."""
        began_at_s = _now_s()
        known = self.known(endpoint)
        known.heard_at_s = known.heard_at_s if known.calls else began_at_s
        known.calls += 1
        try:
            reached = await self._reached(endpoint)
        except AttemptFailed as failure:
            took_s = _now_s() - began_at_s
            self._failed(endpoint, failure.attempt, took_s, quietly=quietly)
            raise
        finally:
            known.calls -= 1
        self._answered(endpoint, _now_s() - began_at_s)
        return reached

    async def _reached(self, endpoint: Endpoint) -> Reached:
        if endpoint.sockaddr is not None:
            return await call(self.config, self._hostname, endpoint)
        try:
            async with asyncio.timeout(self.config.connect_timeout):
                return await look_up(endpoint.address)
        except TimeoutError:
            attempt = Attempt(endpoint.address, Unavailable.NAME, "no answer in time")
            raise AttemptFailed(attempt) from None

    def pass_over(self, endpoint: Endpoint, after_s: float) -> Attempt:
        """Leave out an address that is silent, until it answers; return what is to be said of it."""
        known = self.known(endpoint)
        detail = f"silent for {after_s:.1f} s"
        known.dead = Attempt(endpoint.address, Unavailable.TIMED_OUT, detail)
        known.silent = True
        self._tell()
        RELAY_ATTEMPTS_FAILED.labels(Unavailable.TIMED_OUT).inc()
        log(RELAY_PASSED_OVER, address=str(endpoint.address), after_s=round(after_s, 1))
        return known.dead

    def go_on(self, endpoint: Endpoint, task: asyncio.Task[Reached]) -> None:
        """Have the call of an address that was passed over go on in the background, one for each."""
        if endpoint in self._background:
            _abandon(task)
            return
        self._background[endpoint] = task
        task.add_done_callback(lambda done: self._background_ended(endpoint, done))

    def _background_ended(self, endpoint: Endpoint, task: asyncio.Task[Reached]) -> None:
        del self._background[endpoint]
        _dispose(task)

    def _failed(
        self, endpoint: Endpoint, attempt: Attempt, took_s: float, *, quietly: bool
    ) -> None:
        known = self.known(endpoint)
        known.dead, known.silent = attempt, took_s > LEAST_PATIENCE_S
        self._tell()
        RELAY_ATTEMPTS_FAILED.labels(attempt.cause).inc()
        if not quietly:
            facts = {"cause": attempt.cause, "detail": attempt.detail}
            log(RELAY_ATTEMPT_FAILED, address=str(attempt.address), **facts)
        if endpoint not in self._timers:
            retry_s = min(RETRY_S * 2**known.failures, LONGEST_RETRY_S)
            later = asyncio.get_running_loop().call_later
            self._timers[endpoint] = later(retry_s, self._again, endpoint)
            known.failures = min(known.failures + 1, 10)

    def _answered(self, endpoint: Endpoint, took_s: float) -> None:
        known = self.known(endpoint)
        if known.dead is not None:
            log(RELAY_BACK, address=str(endpoint.address), took_s=round(took_s, 3))
        known.dead, known.silent, known.failures = None, False, 0
        known.takes_s = took_s
        known.heard_at_s = _now_s()
        self._tell()

    def _tell(self) -> None:
        """Tell whether the relay can be had, as far as is known; who could not look it up knows no address."""
        addresses = [known for each, known in self._known.items() if each.sockaddr is not None]
        called = addresses or [*self._known.values()]
        self._reachable.set(not called or any(known.dead is None for known in called))

    def _again(self, endpoint: Endpoint) -> None:
        """Call a dead address in the background, unless nobody has asked for long."""
        del self._timers[endpoint]
        if _now_s() - self._asked_at_s > FORGET_S:
            self._known.pop(endpoint, None)
            self._tell()
        elif self.known(endpoint).dead is not None and endpoint not in self._background:
            self.go_on(endpoint, asyncio.create_task(self.attempt(endpoint, quietly=True)))


class _Race:
    """One client's way to a relay: calls that begin one after the other, and the first that is ready."""

    def __init__(self, failover: Failover) -> None:
        config = failover.config
        self._failover = failover
        addresses = (Address(config.host, config.port), *config.fallback)
        self._todo = deque(Endpoint(address) for address in addresses)
        self._spare: deque[Endpoint] = deque()
        """Those that failed at once when they were last called."""
        self._calls = 0
        self._attempts: list[Attempt] = []
        self._running: dict[asyncio.Task[Reached], Endpoint] = {}
        self._passed_over: set[asyncio.Task[Reached]] = set()
        self._ends_at_s = _now_s() + PATIENCE_S

    async def run(self) -> Contact:
        """Return the first relay that is ready. Raises RelayUnavailable."""
        try:
            while self._begin_next() or self._running:
                contact = await self._next_ready()
                if contact is not None:
                    return contact
            raise RelayUnavailable(tuple(self._attempts))
        finally:
            self._leave_the_rest()

    def _begin_next(self) -> bool:
        """Begin the next call; False: there is none. Those that failed at once come last."""
        while self._todo and self._calls < MAX_ATTEMPTS:
            endpoint = self._todo.popleft()
            known = self._failover.known(endpoint)
            if known.dead is None:
                self._begin(endpoint, known.patience_s)
                return True
            if known.silent:
                self._attempts.append(known.dead)
            else:
                self._spare.append(endpoint)
        if self._spare and self._calls < MAX_ATTEMPTS:
            self._begin(self._spare.popleft(), 0)
            return True
        return False

    def _begin(self, endpoint: Endpoint, patience_s: float) -> None:
        self._calls += endpoint.sockaddr is not None
        self._running[asyncio.create_task(self._failover.attempt(endpoint))] = endpoint
        self._ends_at_s = max(self._ends_at_s, _now_s() + patience_s)

    async def _next_ready(self) -> Contact | None:
        """Wait until a call ends, or has taken so long that it is passed over."""
        began_at_s, patience_s = _now_s(), self._patience_s()
        done, _ = await asyncio.wait(
            self._running, timeout=patience_s, return_when=asyncio.FIRST_COMPLETED
        )
        contacts = [contact for task in done if (contact := self._ended(task)) is not None]
        for spare in contacts[1:]:
            hang_up(spare)
        if not done:
            self._pass_over(_now_s() - began_at_s)
        return contacts[0] if contacts else None

    def _patience_s(self) -> float:
        """Return how long to wait for the call that began last: its share of the time that is left.

        Others may have been waiting for the same address for longer.
        """
        now_s = _now_s()
        left_s = max(self._ends_at_s - now_s, 0.0)
        share_s = left_s / (1 + len(self._todo) + len(self._spare))
        fresh = [each for task, each in self._running.items() if task not in self._passed_over]
        if not fresh:
            return share_s
        known = self._failover.known(fresh[-1])
        silent_s = now_s - known.heard_at_s if known.calls else 0.0
        return max(max(share_s, known.patience_s, LEAST_PATIENCE_S) - silent_s, 0.0)

    def _ended(self, task: asyncio.Task[Reached]) -> Contact | None:
        """Take note of a call that has ended."""
        del self._running[task]
        self._passed_over.discard(task)
        return self._result(task)

    def _result(self, task: asyncio.Task[Reached]) -> Contact | None:
        try:
            reached = task.result()
        except AttemptFailed as failure:
            self._attempts.append(failure.attempt)
            return None
        if isinstance(reached, Contact):
            return reached
        self._todo.extendleft(reversed(reached))
        return None

    def _pass_over(self, after_s: float) -> None:
        """Look for another; where there is none, leave all that runs to the background."""
        for task, endpoint in self._running.items():
            if task not in self._passed_over:
                self._attempts.append(self._failover.pass_over(endpoint, after_s))
                self._passed_over.add(task)
        if not self._todo and not self._spare:
            self._leave_the_rest()

    def _leave_the_rest(self) -> None:
        """End the calls that are not needed any more; those that were passed over go on."""
        for task, endpoint in self._running.items():
            if task.done():
                contact = self._result(task)
                if contact is not None:
                    hang_up(contact)
            elif task in self._passed_over:
                self._failover.go_on(endpoint, task)
            else:
                _abandon(task)
        self._running.clear()


async def dial(config: RelayConfig, hostname: str) -> Contact:
    """Return the first address that is ready for mail, without any memory. Raises RelayUnavailable."""
    failover = Failover(config, hostname)
    try:
        return await failover.reach()
    finally:
        failover.stop()


def _abandon(task: asyncio.Task[Reached]) -> None:
    """End a call; what it comes to all the same is of no use."""
    task.cancel()
    task.add_done_callback(_dispose)


def _dispose(task: asyncio.Task[Reached]) -> None:
    if not task.cancelled() and task.exception() is None:
        hang_up(task.result())


def hang_up(reached: Reached) -> None:
    """End a session that nobody needs."""
    if isinstance(reached, Contact):
        reached.connection.send(b"QUIT\r\n", replies=1)
        reached.connection.close()


def _now_s() -> float:
    return asyncio.get_running_loop().time()
