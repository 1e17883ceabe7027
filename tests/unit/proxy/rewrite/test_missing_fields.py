"""The Date and the Message-ID of a message that came without."""

import re
from email import message_from_bytes
from email.utils import parsedate_to_datetime

import pytest

from proxy.message.editing import parse, splice
from proxy.rewrite.missing_fields import MissingFields, host_for

NOW_S = 1_795_000_000.5
MISSING = MissingFields(NOW_S, bytes(range(16)), "example.com")
BODY = b"\r\nbody\r\n"


def completed(head: bytes, covered: frozenset[bytes] = frozenset()) -> bytes:
    """Return a message with this header, and what was added."""
    message = parse(head + BODY)
    return splice(message.raw, MISSING.edits(message, covered))


def test_both_are_added_at_the_top_and_nothing_else_changes() -> None:
    """As RFC 5322 §3.6.1 and §3.6.4 have them."""
    head = b"From: a@example.com\r\nSubject: x\r\n"
    whole = completed(head)
    assert whole.endswith(head + BODY)
    added = message_from_bytes(whole)
    assert added.keys()[:2] == ["Message-ID", "Date"]
    assert re.fullmatch(r"<\d{14}\.[0-9a-f]{32}@example\.com>", added["Message-ID"])
    assert parsedate_to_datetime(added["Date"]).timestamp() == int(NOW_S)


@pytest.mark.parametrize("name", [b"Date", b"Message-ID", b"MESSAGE-ID", b"date"])
def test_what_is_there_stays_as_it_is(name: bytes) -> None:
    """Empty or odd as it may be; only the other one is added."""
    head = b"From: a@example.com\r\n" + name + b":\r\n"
    whole = completed(head)
    assert whole.endswith(head + BODY)
    assert whole.lower().count(name.lower() + b":") == 1
    assert len(parse(whole).headers) == 3


@pytest.mark.parametrize("name", [b"date", b"message-id"])
def test_what_a_signature_names_is_not_added(name: bytes) -> None:
    """It would break it: h= says that there is none."""
    whole = completed(b"From: a@example.com\r\n", frozenset({name}))
    assert name + b":" not in whole.lower()


@pytest.mark.parametrize("head", [b"", b"no field\r\n"])
def test_a_message_without_a_header_gets_none(head: bytes) -> None:
    """Nobody could tell where it begins."""
    assert completed(head) == head + BODY


@pytest.mark.parametrize(
    ("names", "host"),
    [
        (("Shop.example.com", "example.com"), "shop.example.com"),
        (("fa\u00df.example", "xn--fa-hia.example"), "xn--fa-hia.example"),
        (("a b>", None), "localhost"),
        ((), "localhost"),
    ],
)
def test_the_host_is_a_name_of_the_senders(names: tuple[str | None, ...], host: str) -> None:
    """Whatever would be none in a Message-ID is passed over."""
    assert host_for(*names) == host
