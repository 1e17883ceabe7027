"""Which address of the relay is called: past those that hang, and with memory."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, MutableMapping
from typing import Any

import pytest

from config.schema import RelayConfig
from config.values import Address
from proxy.relay import failover as failover_module
from proxy.relay.dial import Endpoint, RelayUnavailable, Unavailable
from proxy.relay.failover import Failover
from tests.support.clients.programs import free_port
from tests.support.feeding import metric
from tests.support.relays.dead_relays import DEAD_RELAYS
from tests.support.relays.relay_actions import ActingRelay, Line
from tests.support.relays.scripted_relay import ScriptedRelay, Step
from tests.support.waiting_in_loop import until

Logged = list[MutableMapping[str, Any]]
GREETING = b"220 relay.test ESMTP\r\n"
NewFailover = Callable[..., Failover]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have clients wait for little more than a second, and dead relays called again at once."""
    monkeypatch.setattr(failover_module, "PATIENCE_S", 1.5)
    monkeypatch.setattr(failover_module, "LEAST_PATIENCE_S", 0.3)
    monkeypatch.setattr(failover_module, "RETRY_S", 0.05)


@pytest.fixture
async def new_failover(impatient: None) -> AsyncIterator[NewFailover]:
    """Return a function that makes the way to relays on these ports, tried in turn."""
    made: list[Failover] = []

    def new(*ports: int, **settings: object) -> Failover:
        first, *others = ports
        tables = {
            "port": first,
            "fallback": [f"127.0.0.1:{each}" for each in others],
            "tls": "none",
        }
        made.append(Failover(RelayConfig.model_validate({**tables, **settings}), "waypost.test"))
        return made[-1]

    yield new
    for each in made:
        each.stop()


@contextlib.asynccontextmanager
async def reached(failover: Failover) -> AsyncIterator[int]:
    """Reach the relay; gives the port at which it was."""
    contact = await failover.reach()
    try:
        yield contact.address.port
    finally:
        contact.connection.abort()


async def port_of(failover: Failover) -> int:
    """Return the port at which the relay is reached now."""
    async with reached(failover) as port:
        return port


@pytest.mark.parametrize("name", DEAD_RELAYS)
async def test_a_dead_relay_is_passed_over_and_left_out(
    name: str, new_failover: NewFailover, relay: ScriptedRelay, logged: Logged
) -> None:
    """However it is dead; it is the first client alone that waits for it."""
    with DEAD_RELAYS[name]() as dead:
        failover = new_failover(dead, relay.port)
        assert await port_of(failover) == relay.port
        told = [line["event"] for line in logged]
        assert told in (["relay_passed_over"], ["relay_attempt_failed"])
        failover._timers.clear()
        assert [await port_of(failover) for _ in range(5)] == [relay.port] * 5
        assert [line["event"] for line in logged] == told


async def test_two_silent_relays_are_passed_over(
    new_failover: NewFailover, relay: ScriptedRelay
) -> None:
    """Each has its share of the time."""
    with DEAD_RELAYS["silent"]() as one, DEAD_RELAYS["hanging"]() as other:
        assert await port_of(new_failover(one, other, relay.port)) == relay.port


@pytest.mark.parametrize("name", ["silent", "dropped", "hanging"])
async def test_where_there_is_no_other_the_client_hears_so_soon(
    name: str, new_failover: NewFailover
) -> None:
    """The next one at once, by memory."""
    with DEAD_RELAYS[name]() as dead:
        failover = new_failover(dead)
        for _ in range(2):
            with pytest.raises(RelayUnavailable) as caught:
                await failover.reach()
            assert caught.value.attempts[0].cause is Unavailable.TIMED_OUT


async def test_a_relay_that_failed_at_once_is_called_by_the_next_client(
    new_failover: NewFailover, relay: ScriptedRelay
) -> None:
    """Where no other is left: that costs nothing, and it may be there again."""
    relay.script = {"GREETING": [Step(b"421 busy\r\n"), Step(GREETING)]}
    failover = new_failover(relay.port, connect_timeout=5)
    with pytest.raises(RelayUnavailable):
        await failover.reach()
    assert await port_of(failover) == relay.port


async def test_a_relay_that_is_back_is_found_in_the_background(
    new_failover: NewFailover, relay: ScriptedRelay, logged: Logged
) -> None:
    """Then it is the first again, and the log says so."""
    back = ScriptedRelay(port=free_port())
    failover = new_failover(back.port, relay.port)
    assert await port_of(failover) == relay.port
    async with back.listening():
        await until(lambda: logged[-1]["event"] == "relay_back")
        assert await port_of(failover) == back.port
        assert back.connections[0][1:] == [b"QUIT"]


async def test_whether_the_relay_can_be_had_is_told(new_failover: NewFailover) -> None:
    """Not found dead until it was called; dead once all of its addresses are; back without a client."""
    back = ScriptedRelay(port=free_port())
    failover = new_failover(back.port, free_port())
    assert told_reachable() == 1
    with pytest.raises(RelayUnavailable):
        await failover.reach()
    assert told_reachable() == 0
    async with back.listening():
        await until(lambda: told_reachable() == 1)


def told_reachable() -> float:
    """Return what the metrics say of the relay."""
    return metric("waypost_relay_reachable", relay="127.0.0.1")


async def test_a_slow_relay_is_waited_for_once_it_is_known_to_be_slow(
    new_failover: NewFailover, relay: ScriptedRelay, logged: Logged
) -> None:
    """Its first client goes to another, or hears 421, while the call goes on."""
    relay.script = {"GREETING": Step(GREETING, delay_s=2.0)}
    failover = new_failover(relay.port)
    with pytest.raises(RelayUnavailable):
        await failover.reach()
    await until(lambda: logged[-1]["event"] == "relay_back")
    assert await port_of(failover) == relay.port


async def test_a_call_that_was_passed_over_may_still_be_the_first_that_is_ready(
    new_failover: NewFailover, relay: ScriptedRelay
) -> None:
    """The client takes whichever answers."""
    relay.script = {"GREETING": Step(GREETING, delay_s=1.0)}
    with DEAD_RELAYS["silent"]() as dead:
        assert await port_of(new_failover(relay.port, dead)) == relay.port


async def test_who_comes_while_others_wait_does_not_wait_as_long(
    new_failover: NewFailover, relay: ScriptedRelay, logged: Logged
) -> None:
    """The silence of the relay counts from the first of them."""
    with DEAD_RELAYS["silent"]() as dead:
        failover = new_failover(dead, relay.port)
        async with asyncio.TaskGroup() as clients:
            found = [clients.create_task(port_of(failover)) for _ in range(20)]
        assert {each.result() for each in found} == {relay.port}
        assert len(failover._background) == 1


async def test_a_relay_that_nobody_asks_for_is_called_no_more(
    new_failover: NewFailover, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the next client finds out for itself."""
    monkeypatch.setattr(failover_module, "FORGET_S", 0.0)
    failover = new_failover(free_port())
    with pytest.raises(RelayUnavailable):
        await failover.reach()
    await until(lambda: not failover._timers and not failover._background)
    assert all(known.dead is None for known in failover._known.values())


async def test_a_name_that_is_not_found_is_passed_over(
    new_failover: NewFailover, relay: ScriptedRelay
) -> None:
    """As an address is."""
    failover = new_failover(25, relay.port, host="nowhere.invalid")
    assert await port_of(failover) == relay.port
    assert failover.known(Endpoint(Address("nowhere.invalid", 25))).dead is not None


async def test_a_client_that_gives_up_leaves_no_call_behind(new_failover: NewFailover) -> None:
    """Nobody would take what it comes to."""
    async with ActingRelay({"CONNECT": Line.silence}).serving() as relay:
        client = asyncio.create_task(new_failover(relay.port).reach())
        await until(lambda: relay.connections == 1)
        client.cancel()
        with pytest.raises(asyncio.CancelledError):
            await client
        await until(lambda: all(task.done() for task in relay._tasks))
