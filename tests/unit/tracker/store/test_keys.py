"""Messages, clicks and addresses as the store names them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.store.keys import (
    MessageKey,
    address_octets,
    address_text,
    destination_hash,
    event_octets,
    event_text,
    first_of,
    message_number,
    message_text,
    moment_s,
)

AT_S = 1_790_000_000.123
AT_MS = 1_790_000_000_123
EVENT = f"{AT_MS:012x}" + "5" * 20


@given(st.integers(0, 2**64 - 1))
def test_an_id_of_a_message_is_read_back(number: int) -> None:
    """All 64 bits of it, in what SQLite can hold."""
    text = f"{number:016x}"
    assert -(2**63) <= message_number(text) < 2**63
    assert message_text(message_number(text)) == text


@pytest.mark.parametrize("text", ["", "m1", "F" * 16, "f" * 15, "f" * 17, "\u0661" * 16, "\udc80"])
def test_an_id_that_is_not_ours_is_named_by_its_hash(text: str) -> None:
    """The same each time, and another for each."""
    assert message_number(text) == message_number(text)
    assert message_number(text) != message_number(text + " ")
    assert len(message_text(message_number(text))) == 16


def test_a_message_is_named_by_its_second_and_its_id() -> None:
    """Round down, as tokens are."""
    key = MessageKey.of(AT_S, "00000000000000ff")
    assert key == (1_790_000_000, 255)
    assert key.text == "00000000000000ff"


def test_an_id_of_a_click_that_begins_with_its_moment_is_kept() -> None:
    """Also where one of both was rounded otherwise."""
    assert event_octets(EVENT, AT_S) == bytes.fromhex(EVENT)
    assert event_text(event_octets(EVENT, AT_S + 0.0009)) == EVENT
    assert event_text(event_octets(EVENT, AT_S - 0.0009)) == EVENT


@pytest.mark.parametrize("event_id", ["c1", "", "0" * 32, EVENT.upper(), "\udc80"])
def test_another_id_of_a_click_gets_its_moment(event_id: str) -> None:
    """And a hash, so that the same event has the same name each time."""
    octets = event_octets(event_id, AT_S)
    assert octets == event_octets(event_id, AT_S)
    assert octets != event_octets(event_id + "x", AT_S)
    assert (len(octets), moment_s(octets)) == (16, AT_S)


@given(st.floats(0, 1e11), st.floats(0, 1e11))
def test_clicks_since_a_moment_are_a_range_of_ids(since_s: float, at_s: float) -> None:
    """To the millisecond."""
    octets = event_octets("c1", at_s)
    if abs(at_s - since_s) > 0.002:
        assert (octets >= first_of(since_s)) == (at_s > since_s)


def test_a_moment_that_no_clock_tells_is_none() -> None:
    """Nor are there more octets for it than there are."""
    assert moment_s(event_octets("c1", -5.0)) == 0
    assert first_of(-5.0) == bytes(6)
    assert len(first_of(1e20)) == 6


def test_a_destination_is_found_by_its_hash() -> None:
    """Whatever is in it."""
    assert destination_hash("https://example.net/") != destination_hash("https://example.net")
    assert len(destination_hash("\udc80")) == 16


@pytest.mark.parametrize(
    ("ip", "octets"), [("192.0.2.1", 4), ("2001:db8::1", 16), ("0.0.0.0", 4), ("::", 16)]
)
def test_an_address_is_kept_as_its_octets(ip: str, octets: int) -> None:
    """And read back as it was."""
    kept = address_octets(ip)
    assert kept is not None
    assert len(kept) == octets
    assert address_text(kept) == ip


@pytest.mark.parametrize("ip", [None, "", "somewhere"])
def test_what_is_no_address_is_not_kept(ip: str | None) -> None:
    """As where there is none."""
    assert address_octets(ip) is None
    assert address_text(None) is None
