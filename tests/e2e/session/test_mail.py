"""A message's way through a session: what the relay hears, and what the client hears."""

from tests.support.relays.scripted_relay import ScriptedRelay
from tests.support.session_fixtures import Proxy

MESSAGE = b"From: a@example.com\r\nSubject: hello\r\n\r\nbody\r\n"


async def test_a_message_arrives_as_it_was_sent(proxy: Proxy, relay: ScriptedRelay) -> None:
    """Nothing to track: the relay gets the very octets, and the client the relay's words."""
    client = await proxy.dial()
    await client.transaction(b"<rcpt@example.net>")
    reply = await client.message(MESSAGE)
    assert reply.wire() == b"250 2.0.0 queued as 1234\r\n"
    (kept,) = relay.messages
    assert kept.data == MESSAGE
    assert kept.mail == b"MAIL FROM:<sender@example.com>"
    assert kept.rcpts == [b"RCPT TO:<rcpt@example.net>"]
