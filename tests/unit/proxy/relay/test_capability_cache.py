"""What the relay was last seen to offer: asked once for all who wait, and not believed for long."""

import asyncio

import pytest

from config.schema import RelayConfig
from proxy.relay import capability_cache
from proxy.relay.capability_cache import CapabilityCache
from proxy.relay.session import RelaySession
from tests.support.relays.scripted_relay import ScriptedRelay, Step
from tests.support.waiting_in_loop import until

PROBE = [b"EHLO waypost.test", b"QUIT"]


def cache_of(port: int, **keys: object) -> CapabilityCache:
    """Return what is known of a relay on this port: nothing yet."""
    config = RelayConfig.model_validate({"port": port, "tls": "none", **keys})
    return CapabilityCache(lambda: RelaySession.open(config, "waypost.test"))


@pytest.fixture
def cache(relay: ScriptedRelay) -> CapabilityCache:
    """Return what is known of `relay`: nothing yet."""
    return cache_of(relay.port)


async def test_the_relay_is_asked_once(cache: CapabilityCache, relay: ScriptedRelay) -> None:
    """By a session that ends at once."""
    first, second = await cache.get(), await cache.get()
    assert first == second
    assert first is not None
    assert first["SIZE"] == "10240000"
    assert relay.connections == [PROBE]


async def test_all_who_wait_share_one_probe(cache: CapabilityCache, relay: ScriptedRelay) -> None:
    """Who gives up takes it from nobody else."""
    relay.script = {"GREETING": Step(b"220 relay.test ESMTP\r\n", delay_s=0.1)}
    waiting = [asyncio.create_task(cache.get()) for _ in range(20)]
    await asyncio.sleep(0.05)
    waiting.pop(0).cancel()
    assert all(await asyncio.gather(*waiting))
    assert relay.connections == [PROBE]


async def test_what_a_session_was_offered_is_known_without_a_probe(
    cache: CapabilityCache, relay: ScriptedRelay
) -> None:
    """Any client's."""
    cache.note({"DSN": ""})
    assert await cache.get() == {"DSN": ""}
    assert not relay.connections


async def test_a_relay_that_cannot_be_reached_offers_nothing() -> None:
    """Each who asks has it tried again."""
    cache = cache_of(1)
    assert await cache.get() is None
    assert await cache.get() is None


async def test_what_it_last_offered_is_kept(cache: CapabilityCache) -> None:
    """For who wants to know that, and no more."""
    assert cache.last_seen == {}
    cache.note({"DSN": ""})
    cache.forget()
    assert cache.last_seen == {"DSN": ""}


async def test_a_relay_that_could_not_be_reached_is_asked_again(
    cache: CapabilityCache, relay: ScriptedRelay
) -> None:
    """Whatever was known of it."""
    await cache.get()
    cache.forget()
    assert await cache.get()
    assert relay.connections == [PROBE, PROBE]


async def test_a_memory_grows_old(
    cache: CapabilityCache, relay: ScriptedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relay that offers logins only now would else never be found to."""
    assert "AUTH" not in (await cache.get() or {})
    relay.extensions = ("AUTH PLAIN",)
    monkeypatch.setattr(capability_cache, "MAX_AGE_S", 0.0)
    await asyncio.sleep(0.01)
    assert await cache.get() == {"AUTH": "PLAIN"}


async def test_a_probe_ends_with_the_process(cache: CapabilityCache, relay: ScriptedRelay) -> None:
    """It holds up no stop."""
    relay.script = {"GREETING": Step(b"220 relay.test ESMTP\r\n", delay_s=5)}
    waiting = asyncio.create_task(cache.get())
    await until(lambda: bool(relay.connections))
    cache.stop()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await until(lambda: not relay.sessions)
