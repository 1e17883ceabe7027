"""Message-ID and Subject of a message that was not parsed."""

import pytest

from proxy.message.named_fields import HEADER_OCTETS, message_id, subject
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
    assert message_id(content) == found


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
    assert subject(content) == found


def test_a_long_subject_is_cut() -> None:
    """As names are."""
    assert len(subject(b"Subject: " + b"x" * 5000)) == 200


def test_a_header_that_does_not_end_is_read_so_far() -> None:
    """And what is long is cut."""
    assert message_id(b"x" * HEADER_OCTETS + b"\r\nMessage-ID: <a@example.com>\r\n") is None
    assert len(message_id(b"Message-ID: " + b"x" * 5000) or "") == 998


def test_it_is_found_in_linear_time() -> None:
    """Whatever is folded."""
    assert is_linear(lambda size: message_id(b"Message-ID:" + b"\r\n " * size), 10_000)
