"""One relay as all sessions know it: what one session learns of it, the next one knows."""

import pytest

from config.schema import RelayConfig
from proxy.relay.relay import Relay
from proxy.relay.session import RelayUnavailable
from tests.support.relays.scripted_relay import ScriptedRelay


def known(port: int, **settings: object) -> Relay:
    """Return what is known of a relay on this port: nothing yet."""
    config = RelayConfig.model_validate({"port": port, "tls": "none", **settings})
    return Relay(config, "waypost.test")


async def test_what_it_offered_is_remembered(relay: ScriptedRelay) -> None:
    """For those who ask without a session."""
    way = known(relay.port)
    session = await way.open()
    assert await way.capability_cache.get() == session.capabilities
    assert len(relay.connections) == 1
    session.abort()


async def test_a_failure_to_reach_it_is_a_reason_to_ask_again() -> None:
    """Whatever it offered before."""
    way = known(1)
    way.capability_cache.note({"DSN": ""})
    with pytest.raises(RelayUnavailable):
        await way.open()
    assert await way.capability_cache.get() is None


@pytest.mark.parametrize("user", [None, "us"])
async def test_a_login_of_ours_is_there_where_one_is_configured(user: str | None) -> None:
    """And else none."""
    assert (known(1, user=user).own_login is not None) == (user is not None)
