"""What is true of a message's octets, however they come in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.smtp import octets
from proxy.smtp.octets import FactFinder, Facts, Octets, has_bare_newline, has_long_line
from tests.support.checks.growth import is_linear

LINES = st.lists(
    st.sampled_from([b"\r\n", b"a" * 499, b"b", b"\xc3\xa4", b"\0", b" "]), max_size=30
)
NEWLINES = st.lists(st.sampled_from([b"\r\n", b"\r", b"\n", b"a"]), max_size=12).map(b"".join)


def counted(message: bytes) -> Facts:
    """Return the facts of a message, found the plain way."""
    pairs = message.count(b"\r\n")
    return Facts(
        bare_newlines=message.count(b"\r") != pairs or message.count(b"\n") != pairs,
        nul=b"\0" in message,
        eight_bit=not message.isascii(),
        long_line=max(map(len, message.split(b"\r\n"))) > octets.LINE_OCTETS,
    )


@given(LINES)
def test_pieces_make_no_difference(pieces: list[bytes]) -> None:
    """What is found in pieces is what is found at once, and what counting finds."""
    finder = FactFinder()
    for piece in pieces:
        finder.look(piece)
    message = b"".join(pieces)
    assert finder.found() == counted(message) == Octets(message).facts


@given(NEWLINES)
def test_a_newline_alone_is_found(message: bytes) -> None:
    """A CR without its LF, an LF without its CR, in whatever order."""
    assert has_bare_newline(message) == counted(message).bare_newlines


def test_a_long_line_has_999_octets() -> None:
    """Its CRLF is not counted; lines before the start do not matter."""
    assert not has_long_line(b"x" * 998 + b"\r\n" + b"y" * 998)
    assert has_long_line(b"\r\n" + b"x" * 999)
    assert has_long_line(b"x" * 999 + b"\r\n")
    assert not has_long_line(b"x" * 999 + b"\r\ny", start=1001)


@given(LINES.map(b"".join))
def test_long_lines_are_found_as_by_splitting(message: bytes) -> None:
    """In whatever lines stand around them."""
    assert has_long_line(message) == counted(message).long_line


def test_facts_that_are_known_are_not_looked_for() -> None:
    """Those of the session are handed on."""
    known = Facts(bare_newlines=True, nul=True, eight_bit=True, long_line=True)
    assert Octets(b"plain", known).facts is known


@pytest.mark.parametrize("shape", [b"\r\n", b"x", b"x" * 997 + b"\r\n", b"\n", b"\r"])
def test_looking_is_linear(shape: bytes) -> None:
    """Whatever the lines are."""
    assert is_linear(lambda n: Octets(shape * n).facts, 100_000 // len(shape))
    assert is_linear(lambda n: has_long_line(shape * n), 100_000 // len(shape))
