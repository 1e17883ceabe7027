"""The form of events on disk."""

from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.policy.reasons import Untouched
from tests.support.checks.facts import (
    opened,
    taken,
    with_pixel,
)
from tracker import events
from tracker.events import (
    BadEvent,
    Clicked,
    Event,
    LinkSet,
    MessageAccepted,
    MessageHandled,
    MessagePending,
    MessageRefused,
    Opened,
    Recipient,
    SentLink,
    Told,
    decode,
    encode,
    encode_apart,
    encode_unnamed,
    erased,
    link_fields,
    purged,
)

CLICK = Clicked(
    *("e", 1.5, "m", 1, 2, 3, "https://x.test/ü\n\u2028", "GET"),
    human=False,
    reasons=("head",),
    ip=None,
    user_agent="ua",
)
EVENTS: list[Event] = [
    CLICK,
    replace(CLICK, signals=("head", "scanner-network:barracuda"), network="192.0.2.0"),
    MessageAccepted("m", 2.0, (1, 2)),
    MessageRefused("m", 2.0, (1, 2), links=False),
    MessagePending(
        *("m", 1.0, "example.com", None),
        shared=False,
        recipients=(Recipient(1, "a@example.net", "id"),),
        links=(SentLink(1, "https://x.test/", "group", "text"),),
    ),
    MessagePending(
        *("m", 1.0, "example.com", None),
        shared=False,
        recipients=(Recipient(1, "a@example.net"),),
        links=(),
        link_set="0123",
    ),
    MessageHandled(
        *("m", 1, 1, "app@example.com", "delivered", "250 ok"),
        recipients=(Recipient(1, "a@example.net"),),
        subject="Hello",
        untouched="off",
    ),
    with_pixel(),
    taken(),
    opened("o1"),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.kind)
def test_events_come_back_as_they_were(event: Event) -> None:
    """On one line, whatever they hold."""
    line = encode(event)
    assert b"\n" not in line
    assert decode(line) == event


WORDS = st.lists(st.text(), max_size=3).map(tuple)
NUMBERS = st.integers(0, 2**63 - 1)
MOMENTS = st.floats(1.0, 9e10)
MAYBE = st.none() | st.text()
CLICKS = st.builds(
    Clicked,
    *(st.text(), MOMENTS, st.text(), NUMBERS, NUMBERS, NUMBERS),
    *(st.text(), st.text(), st.booleans(), WORDS, MAYBE, st.text(), WORDS),
    *(MAYBE, st.booleans()),
)
OPENS = st.builds(Opened, st.text(), MOMENTS, st.text(), NUMBERS, NUMBERS, st.booleans())
RECIPIENTS = st.lists(st.builds(Recipient, NUMBERS, st.text(), MAYBE), max_size=3).map(tuple)
LINKS = st.lists(st.builds(SentLink, NUMBERS, st.text(), MAYBE, st.text(), WORDS), max_size=3).map(
    tuple
)
MESSAGES = (
    st.builds(
        MessagePending,
        *(st.text(), MOMENTS, st.text(), MAYBE, st.booleans(), RECIPIENTS, LINKS, st.booleans()),
        *(MAYBE, st.none() | NUMBERS),
    )
    | st.builds(
        MessageAccepted,
        *(st.text(), MOMENTS, st.lists(NUMBERS).map(tuple), st.booleans(), st.booleans()),
        st.none() | NUMBERS,
    )
    | st.builds(
        MessageRefused,
        *(st.text(), MOMENTS, st.lists(NUMBERS).map(tuple), st.booleans(), st.none() | NUMBERS),
    )
    | st.builds(
        MessageHandled,
        *(st.text(), NUMBERS, NUMBERS, st.text(), st.sampled_from(["delivered", "in_doubt"])),
        *(st.text(), RECIPIENTS, st.text(), MAYBE, MAYBE, MAYBE, MAYBE, MAYBE),
        st.none() | st.sampled_from(Untouched),
    )
    | st.builds(LinkSet, st.text(), LINKS)
)


@given(CLICKS | OPENS | MESSAGES)
def test_an_event_is_written_as_its_adapter_would(event: Told) -> None:
    """Only faster: readers and mail wait for it."""
    assert encode(event) == events._ADAPTER.dump_json(event)


@given(MESSAGES, st.text(min_size=1))
def test_a_message_whose_links_stand_apart_is_written_as_one_without(
    event: Told, name: str
) -> None:
    """Under the name of their set, without a second event being made of it."""
    if isinstance(event, MessagePending):
        assert encode_apart(event, name) == encode(replace(event, links=(), link_set=name))


@given(LINKS)
def test_a_set_without_its_name_is_written_as_one_with_an_empty_name(
    links: tuple[SentLink, ...],
) -> None:
    """Of the fields of its links alone."""
    assert encode_unnamed(tuple(map(link_fields, links))) == encode(LinkSet("", links))


def test_octets_that_are_no_text_are_escaped_in_a_set_without_its_name() -> None:
    """As in any other event."""
    odd = (SentLink(1, "https://example.com/\udcff", None, "\udcff", ("\udcff",)),)
    assert encode_unnamed(tuple(map(link_fields, odd))) == encode(LinkSet("", odd))


def test_octets_that_are_no_text_are_escaped_beside_links_that_stand_apart() -> None:
    """As in any other event."""
    odd = replace(with_pixel(), campaign="\udcff")
    assert encode_apart(odd, "0123") == encode(replace(odd, links=(), link_set="0123"))


def test_every_event_has_its_writer() -> None:
    """A kind of event that had none could not be told of."""
    assert set(events._WRITERS) == set(get_args(Told))


def test_a_click_with_octets_that_are_no_text_is_kept() -> None:
    """They are escaped."""
    known = decode(encode(replace(CLICK, user_agent="\udc80")))
    assert known == replace(CLICK, user_agent="\\udc80")


def test_octets_that_are_no_text_are_escaped() -> None:
    """A lone surrogate can stand in neither UTF-8 nor SQLite."""
    readers = (Recipient(1, "\udc80@x"),)
    odd = MessagePending("m", 1.0, "d", "\udcff", shared=False, recipients=readers, links=())
    known = decode(encode(odd))
    assert isinstance(known, MessagePending)
    assert (known.campaign, known.recipients[0].address) == ("\\udcff", "\\udc80@x")


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        b"[]",
        b'{"kind":"opened"}',
        b"\xff",
        encode(CLICK).replace(b'"link":2', b'"link":-2'),
        encode(CLICK).replace(b'"link":2', b'"link":9223372036854775808'),
        encode(CLICK).replace(b'"link":2', b'"link":"2"'),
        encode(CLICK).replace(b"1.5", b"NaN"),
        encode(CLICK).replace(b"1.5", b"1e300"),
    ],
)
def test_what_no_version_wrote_is_refused(line: bytes) -> None:
    """Also numbers that SQLite could not hold."""
    with pytest.raises(BadEvent):
        decode(line)


def test_fields_of_a_later_version_are_passed_over() -> None:
    """An older process reads what it knows of."""
    assert decode(encode(CLICK)[:-1] + b',"colour":"red"}') == CLICK


def test_events_of_before_are_understood() -> None:
    """A spool that an older Waypost wrote says nothing of opens."""
    line = b'{"message_id":"m1","at_s":1.0,"recipients":[1],"kind":"accepted"}'
    accepted = MessageAccepted("m1", 1.0, (1,), links=True, opens=False)
    assert decode(line) == accepted
    assert accepted.sent_s is None
    assert b"sent_s" not in encode(accepted)


@pytest.mark.parametrize(
    ("destination", "left"),
    [
        ("https://ann:secret@example.net/for/ann?uid=7#a", "https://example.net/"),
        ("HTTP://example.net:8080?uid=7", "HTTP://example.net:8080/"),
        ("https://a@b@example.net", "https://example.net/"),
        ("https://example.net", "https://example.net"),
        ("", ""),
    ],
)
def test_of_an_erased_click_the_host_is_left(destination: str, left: str) -> None:
    """Never longer than before, so that it fits where the record stands in the spool."""
    click = replace(CLICK, destination=destination, ip="192.0.2.0", network="192.0.2.0")
    assert erased(click) == replace(CLICK, destination=left, ip=None, user_agent="")
    assert len(encode(erased(click))) < len(encode(click))


def test_an_erased_click_of_before_fits_in_its_place() -> None:
    """What an earlier version did not write takes no room either."""
    line = (
        b'{"event_id":"e","at_s":1.5,"message_id":"m","recipient":1,"link":2,"sent_at_s":3,"destination":'
        b'"https://x.test/a","method":"GET","human":true,"reasons":[],"ip":null,"user_agent":"",'
        b'"kind":"clicked"}'
    )
    click = decode(line)
    assert isinstance(click, Clicked)
    assert (click.signals, click.network) == ((), None)
    assert encode(click) == line
    assert len(encode(erased(click))) < len(line)


def test_of_a_purged_click_nothing_is_left_but_that_it_happened() -> None:
    """When, on which message, by a human or a machine."""
    click = replace(CLICK, ip="192.0.2.0", network="192.0.2.0")
    assert purged(click) == replace(CLICK, destination="", ip=None, user_agent="")
