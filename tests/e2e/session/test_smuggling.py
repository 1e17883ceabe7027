"""SMTP smuggling: one transaction in is exactly one out, whatever the relay takes for the end.

The sequences are those published for end-of-data confusion (LF, CR and NUL in place of CRLF), tried
against a relay that accepts the laxest reading of them all.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.smtp.data import DataReader, stuffed
from proxy.smtp.replies import Reply
from tests.support.relays.scripted_relay import LAX_END, ScriptedRelay
from tests.support.session_fixtures import Proxy, StartProxy

ENDS = [
    b"\n.\n",
    b"\n.\r\n",
    b"\r\n.\n",
    b"\r.\r",
    b"\r.\r\n",
    b"\r\n.\r",
    b"\n.\r",
    b"\r.\n",
    b"\r\r\n.\r\r\n",
    b"\r\n.\r\r\n",
    b"\r\r\n.\r\n\r",
    b"\r\n\0.\r\n",
    b"\r\n.\0\r\n",
    b"\r\0\n.\r\n",
    b"\r\n.\r\0\n",
    b"\n\0.\n",
    b"\0\r\n\0.\0\r\n\0",
    b"\r\n\n.\r\n",
    b"\r\n.\n\r\n",
    b"\r\n..\r\n",
    b"\r\n..\n",
    b"\n..\n",
    b"\r\n.\r\n",
]
SECOND = (
    b"MAIL FROM:<admin@example.com>\r\nRCPT TO:<victim@example.net>\r\nDATA\r\n"
    b"From: admin@example.com\r\nSubject: smuggled\r\n\r\nsmuggled\r\n.\r\n"
)


@pytest.fixture(params=["strict", "lax", "lax, NUL ignored"])
def gullible(request: pytest.FixtureRequest, relay: ScriptedRelay) -> ScriptedRelay:
    """Make the relay take more or less for the end of a message."""
    if request.param != "strict":
        relay.end = LAX_END
    relay.ignore_nul = request.param == "lax, NUL ignored"
    return relay


async def attack(proxy: Proxy, end: bytes) -> list[Reply]:
    """Send one message that hides a second behind `end`; give what was said from the dot on."""
    client = await proxy.dial()
    await client.transaction()
    assert (await client.ask(b"DATA")).code == 354
    client.send(b"From: a@example.com\r\nSubject: one\r\n\r\nbody" + end + SECOND)
    answers = [await client.reply()]
    client.send(b"QUIT\r\n")
    while answers[-1].code not in (221, 421):  # the rest may be taken for commands
        answers.append(await client.reply())
    await client.close()
    return answers


@pytest.mark.parametrize("end", ENDS)
async def test_nothing_is_smuggled(end: bytes, proxy: Proxy, gullible: ScriptedRelay) -> None:
    """The relay keeps no more messages than the client was told of."""
    answers = await attack(proxy, end)
    # Our own end of DATA is followed by a second transaction that the client sees answered.
    accepted = sum(b"queued" in b"".join(answer.lines) for answer in answers)
    assert len(gullible.messages) == accepted
    smuggled = [kept for kept in gullible.messages if b"admin@" in kept.mail]
    assert not smuggled or b"\r\n.\r\n" in end


@pytest.mark.parametrize("end", [end for end in ENDS if b".." not in end and end != b"\r\n.\r\n"])
async def test_a_message_that_could_smuggle_is_refused(
    end: bytes, proxy: Proxy, relay: ScriptedRelay
) -> None:
    """550 5.6.11 at the dot by default, or the client's own second transaction."""
    answers = await attack(proxy, end)
    refused = answers[0].wire().startswith(b"550 5.6.11")
    assert refused != bool(relay.messages)
    assert refused or b"\r\n.\r\n" in end


@pytest.mark.parametrize("end", [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r"])
async def test_normalised_messages_do_not_smuggle(
    end: bytes, start_proxy: StartProxy, relay: ScriptedRelay
) -> None:
    """With `bare_newlines = "normalise"` the message arrives whole, as one."""
    relay.end = LAX_END
    proxy = await start_proxy(proxy={"bare_newlines": "normalise"})
    answers = await attack(proxy, end)
    assert answers[0].code == 250
    (kept,) = relay.messages
    assert b"smuggled" in kept.data


OCTETS = st.lists(
    st.sampled_from([b"\r\n", b"\r", b"\n", b".", b"\0", b"a", b"MAIL FROM:<x@example.com>"]),
    max_size=14,
).map(b"".join)


@given(body=OCTETS)
def test_no_sequence_at_all_smuggles(body: bytes) -> None:
    """Any mixture of CR, LF, NUL and dots: a lax relay sees one end, where we saw it."""
    reader = DataReader(10_000)
    reader.feed(body + b"\r\n.\r\n")
    received, _ = reader.finish()
    if received.refusal is not None:
        return
    wire = b"\r\n" + b"".join(chunk for chunk, _ in stuffed(received.content))
    for seen in (wire, wire.replace(b"\0", b"")):
        found = LAX_END.search(seen)
        assert found is not None
        assert found.end() == len(seen)
