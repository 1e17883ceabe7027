"""Queue ids in the words of servers and services."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.smtp.queue_id import queue_id
from proxy.smtp.replies import Reply


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (b"2.0.0 Ok: queued as 4ABC12345D", "4ABC12345D"),
        (b"2.0.0 Ok: queued as 4bTq1P5Y2Vz1234", "4bTq1P5Y2Vz1234"),
        (b"2.0.0 Ok: queued as ABCDEF", "ABCDEF"),
        (b"2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 7F1C42A", "7F1C42A"),
        (b"OK id=1rABCd-0001Ab-2c", "1rABCd-0001Ab-2c"),
        (b"Requested mail action okay, completed: id=1MZ1bV-1jXyZ0", "1MZ1bV-1jXyZ0"),
        (b"2.0.0 3AB1Cd2e012345 Message accepted for delivery", "3AB1Cd2e012345"),
        (b"2.0.0 1a2b3c4d Message accepted for delivery", "1a2b3c4d"),
        (b"ok 1700000000 qp 12345", "1700000000 qp 12345"),
        (
            b"2.6.0 <a@example.com> [InternalId=12345678901, Hostname=x.example] Queued mail for delivery",
            "12345678901",
        ),
        (b"2.0.0 OK  1700000000 d9443c01a7336-1d0 - gsmtp", "d9443c01a7336-1d0"),
        (b"Ok 0100018f3b1c2d3e-aaaa-bbbb-000000", "0100018f3b1c2d3e-aaaa-bbbb-000000"),
        (b"Message Queued (6E1F7B2A-1234-4A5B.1)", "6E1F7B2A-1234-4A5B.1"),
    ],
)
def test_the_queue_id_is_read(text: bytes, name: str) -> None:
    """As its log has it, so that a message can be looked for there."""
    assert queue_id(Reply(250, (b"more", text))) == name


@pytest.mark.parametrize(
    "text",
    [b"2.0.0 Ok", b"OK", b"", b"Great success", b"2.0.0 OK thanks", b"2.6.0 message received"],
)
def test_words_are_no_queue_id(text: bytes) -> None:
    """Where the relay tells none, none is made up."""
    assert queue_id(Reply(250, (text,))) is None


@given(st.binary(max_size=2000))
def test_any_text_can_be_read(text: bytes) -> None:
    """Whatever a relay says; a name is something that it said."""
    found = queue_id(Reply(250, (text,)))
    assert found is None or (found and found.encode("latin-1") in text)
