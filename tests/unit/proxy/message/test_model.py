"""A message and its parts as values."""

import pytest

from proxy.message.editing import parse


def test_charset_is_none_where_none_is_declared() -> None:
    """Or an empty one."""
    for kind in (b"text/html", b"text/html; charset=", b'text/html; charset=""'):
        assert parse(b"Content-Type: " + kind + b"\n\n").parts[0].charset is None


@pytest.mark.parametrize("label", [b"UTF-8", b'"UTF-8"', b"'UTF-8'", b'" UTF-8 "'])
def test_a_charset_is_the_label_as_it_is_written(label: bytes) -> None:
    """Without the quotes and spaces around it; what it means is for others to say."""
    (part,) = parse(b"Content-Type: text/html; charset=" + label + b"\n\n").parts
    assert part.charset == "UTF-8"


HEADER = (
    b"Subject: one\r\nX-A:  folded\r\n\t value \r\nsubject:two\r\nX-Empty:\r\n\r\nSubject: body\r\n"
)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        (b"Subject", [b"one", b"two"]),
        (b"SUBJECT", [b"one", b"two"]),
        (b"x-a", [b"folded\t value"]),
        (b"X-Empty", [b""]),
        (b"X-None", []),
    ],
)
def test_values_are_those_of_every_field_of_the_name(name: bytes, values: list[bytes]) -> None:
    """In order, unfolded and trimmed, whatever the case of the name; never from the body."""
    assert parse(HEADER).values(name) == values


def test_a_message_knows_where_its_header_and_body_stand() -> None:
    """Offsets bound what they name."""
    message = parse(HEADER)
    assert message.raw[message.body_start :] == b"Subject: body\r\n"
    assert [message.raw[each.start : each.end] for each in message.headers] == [
        b"Subject: one\r\n",
        b"X-A:  folded\r\n\t value \r\n",
        b"subject:two\r\n",
        b"X-Empty:\r\n",
    ]
