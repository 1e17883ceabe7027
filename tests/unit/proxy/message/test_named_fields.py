"""Message-ID and Subject of a message that was not parsed."""

import random

import pytest

from proxy.message.named_fields import HEADER_OCTETS, NamedFields
from tests.support.checks.growth import is_linear


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"Message-ID: <a@example.com>\r\n\r\n", "<a@example.com>"),
        (b"Subject: x\r\nMESSAGE-ID :<a@example.com>\r\nTo: b\r\n\r\n", "<a@example.com>"),
        (b"Message-Id:\r\n <a@example.com>\r\n\r\n", "<a@example.com>"),
        (b"Message-ID: <a@example.com>\r\nMessage-ID: <b@example.com>\r\n\r\n", "<a@example.com>"),
        (b"Message-ID: \xff\r\n\r\n", "\\xff"),
        (b"Message-ID:\r\n\r\nbody", ""),
        (b"Subject: x\r\n\r\nMessage-ID: <a@example.com>\r\n", None),
        (b"X-Message-ID: <a@example.com>\r\n\r\n", None),
        (b"", None),
    ],
)
def test_the_first_message_id_of_the_header_is_found(content: bytes, found: str | None) -> None:
    """Folded or not, in any case; what is in the body is not."""
    assert NamedFields(content).message_id == found


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"Subject: Hello\r\n\r\n", "Hello"),
        (
            b"To: a\r\nSUBJECT: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n =?utf-8?q?_you?=\r\n\r\n",
            "Gr\u00fc\u00dfe you",
        ),
        (b"Subject: a\r\n\tb\x07c\r\nSubject: d\r\n\r\n", "a b c"),
        (b"Subject: \xff\r\n\r\n", "\ufffd"),
        (b"To: a\r\n\r\nSubject: b\r\n", ""),
    ],
)
def test_the_subject_is_read_as_people_do(content: bytes, found: str) -> None:
    """On one line; what is in the body is not."""
    assert NamedFields(content).subject == found


def test_a_long_subject_is_cut() -> None:
    """As names are."""
    assert len(NamedFields(b"Subject: " + b"x" * 5000).subject) == 200


def test_a_header_that_does_not_end_is_read_so_far() -> None:
    """And what is long is cut."""
    endless = b"x" * HEADER_OCTETS + b"\r\nMessage-ID: <a@example.com>\r\n"
    assert NamedFields(endless).message_id is None
    assert len(NamedFields(b"Message-ID: " + b"x" * 5000).message_id or "") == 998


def test_it_is_found_in_linear_time() -> None:
    """Whatever is folded."""
    folded = b"\r\n "
    assert is_linear(lambda size: NamedFields(b"Message-ID:" + folded * size).message_id, 10_000)


def test_fields_are_those_that_a_look_line_by_line_finds() -> None:
    """In any order, any case, folded, repeated, and beside names that are like theirs."""
    chance = random.Random(822)
    pieces = [
        b"Subject",
        b"sUBJECT",
        b"Message-ID",
        b"message-id",
        b"X-Subject",
        b"Subjects",
        b"To",
    ]
    between = [b":", b" :", b"\t:", b"", b" x:"]
    values = [b" a", b"", b" <a@b>", b"\r\n b", b" Subject: x", b" \xff", b"\n\tc"]
    for _ in range(400):
        lines = [b"".join(map(chance.choice, (pieces, between, values))) for _ in range(4)]
        content = b"\r\n".join(lines) + b"\r\n\r\nSubject: of the body\r\n"
        fields = NamedFields(content)
        found = fields._values.get(b"message-id"), fields._values.get(b"subject")
        assert found == (first(content, b"message-id"), first(content, b"subject"))


def first(content: bytes, name: bytes) -> bytes | None:
    """Return the value of the first field of this name, with the lines that go on with it."""
    value: bytes | None = None
    for line in content.partition(b"\r\n\r\n")[0].split(b"\n"):
        if value is not None:
            if line[:1] not in (b" ", b"\t"):
                return value
            value += b"\n" + line
            continue
        begin, colon, rest = line.partition(b":")
        if colon and begin.rstrip(b" \t").lower() == name:
            value = rest
    return value
