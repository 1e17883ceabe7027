"""What a client hears in the place of a session."""

import asyncio

import pytest

from config.addresses import parse_ip
from config.telemetry.observe import SESSIONS_REFUSED
from proxy.client.connection import ClientConnection
from proxy.client.limits import RECEIVE_OCTETS
from proxy.client.trust import Client
from proxy.session.turned_away import TurnedAway, turn_away
from tests.support.log_lines import capture_logs

CLIENT = Client(parse_ip("203.0.113.9"))


async def heard(why: TurnedAway, *, tls: bool) -> bytes:
    """Return what a client hears, to the end of the connection."""
    accepted: asyncio.Queue[ClientConnection] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    arriving = memoryview(bytearray(RECEIVE_OCTETS))
    server = await loop.create_server(
        lambda: ClientConnection(accepted.put_nowait, arriving), "127.0.0.1", 0
    )
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        turn_away(await accepted.get(), CLIENT, why, tls=tls)
        said = await asyncio.wait_for(reader.read(), 10)
        writer.close()
    return said


@pytest.mark.parametrize(
    ("why", "reply"),
    [
        (TurnedAway.SESSIONS, b"421 4.3.2 Too many sessions, try again later\r\n"),
        (TurnedAway.ADDRESS, b"421 4.7.0 Too many sessions from your address\r\n"),
        (TurnedAway.PROXY_HEADER, b""),
    ],
)
async def test_each_reason_has_its_reply(why: TurnedAway, reply: bytes) -> None:
    """A load balancer that does not speak as it should is told nothing; a client may come back."""
    assert await heard(why, tls=False) == reply


@pytest.mark.parametrize("why", TurnedAway)
async def test_a_client_that_expects_tls_is_told_nothing(why: TurnedAway) -> None:
    """It would take plain text for a broken handshake."""
    assert await heard(why, tls=True) == b""


@pytest.mark.parametrize("why", TurnedAway)
async def test_log_and_metrics_tell_of_it(why: TurnedAway) -> None:
    """By the same name of the reason."""
    counted = SESSIONS_REFUSED.labels(why.value)._value
    before = counted.get()
    with capture_logs() as lines:
        await heard(why, tls=False)
    assert counted.get() == before + 1
    (line,) = lines
    assert (line["event"], line["client"], line["reason"]) == (
        "session_refused",
        "203.0.113.9",
        why.value,
    )
