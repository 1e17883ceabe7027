"""However much structure a message has, it is read in linear time and up to a limit."""

from collections.abc import Callable

import pytest

from proxy.message.editing import Skip, parse
from proxy.message.limits import (
    MAX_HEADERS,
    MAX_HYPHEN_LINES,
    MAX_NEAR_BOUNDARIES,
    MAX_NESTING,
    MAX_PARTS,
)
from tests.support.checks.growth import is_linear
from tests.support.entities import HTML, crlf, multipart


def test_thousands_of_nested_parts_are_bounded() -> None:
    """What is nested deeper than the limit is a leaf."""
    raw = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(3000)
    )
    message = parse(raw + HTML)
    assert len(message.parts) == 1
    assert message.parts[0].path.count(".") == MAX_NESTING - 1
    message = parse(b"Content-Type: message/rfc822\n\n" * 3000 + HTML)
    assert message.parts[0].path.count(".") == 0
    assert message.parts[0].skip is Skip.NESTED_MESSAGE


def test_too_many_parts_leave_the_message_alone() -> None:
    """The search stops."""
    message = parse(multipart(b"mixed", b"b", *([HTML] * (MAX_PARTS + 5))))
    assert message.skip is Skip.LIMIT
    assert len(message.parts) == MAX_PARTS
    assert message.parts[0].skip is Skip.LIMIT


def test_too_many_nested_parts_leave_the_message_alone() -> None:
    """Each multipart has few, and is written as usual."""
    deep = b"\n"
    for depth in range(3):
        deep = multipart(b"mixed", b"b%d" % depth, *[deep] * 22)
    message = parse(crlf(deep))
    assert (message.skip, len(message.parts)) == (Skip.LIMIT, MAX_PARTS)


def test_too_many_near_delimiters_leave_the_message_alone() -> None:
    """The search stops."""
    near = b"\n--bb" * (MAX_NEAR_BOUNDARIES + 1)
    assert parse(multipart(b"mixed", b"b", b"\n" + near, HTML)).skip is Skip.LIMIT


def test_too_many_lines_of_hyphens_leave_the_message_alone() -> None:
    """The search stops."""
    hyphens = b"\n--x" * (MAX_HYPHEN_LINES + 1)
    assert parse(multipart(b"mixed", b"b", b"\n" + hyphens, HTML)).skip is Skip.LIMIT


FLOODS: dict[str, Callable[[int], bytes]] = {
    "nested boundaries": lambda n: b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (i, i) for i in range(n)
    ),
    "nested messages": lambda n: b"Content-Type: message/rfc822\n\n" * n,
    "headers": lambda n: b"a:b\n" * n,
    "folded lines": lambda n: b"a:" + b"\n b" * n,
    "header without colon": lambda n: b"a" * n,
    "boundary prefixes": lambda n: multipart(b"mixed", b"b", b"\n--bb" * n),
    "hyphens": lambda n: multipart(b"mixed", b"b", b"\n" + b"--" * n),
    "lines of hyphens": lambda n: multipart(b"mixed", b"b", b"\n--" * n),
    "parts": lambda n: multipart(b"mixed", b"b", *([b"\n"] * (n // 5))),
    "unclosed siblings": lambda n: (
        b"Content-Type: multipart/mixed; boundary=b\n\n"
        + b"--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\nx\n" * (n // 5)
    ),
    "padded delimiter": lambda n: multipart(b"mixed", b"b", b"\n--b" + b" " * n + b"x") * 3,
}


@pytest.mark.parametrize("name", FLOODS)
def test_time_to_parse_is_linear(name: str) -> None:
    """Whatever the structure is flooded with."""
    assert is_linear(lambda size: parse(FLOODS[name](size)), 500)


@pytest.mark.parametrize("field", [b"a:b\n", b"a:\r\n"])
def test_header_limit_leaves_the_message_alone(field: bytes) -> None:
    """Reading stops, and what follows is not known, however usual each field is."""
    message = parse(field * (MAX_HEADERS + 1) + crlf(HTML))
    assert (message.skip, len(message.headers)) == (Skip.LIMIT, MAX_HEADERS)
