"""Bodies without an encoding, and the limits on lines that all bodies share."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.message.bodies.body import Change, Edit, IdentityBody, NotEditable, Obstacle, UnknownBody
from proxy.message.editing import splice
from tests.support.bodies import editable

HEAD = b"Subject: x\r\n\r\n"


def body(octets: bytes) -> IdentityBody:
    """Read a body that stands after some header."""
    return IdentityBody(HEAD + octets, len(HEAD), len(HEAD + octets))


def test_edits_are_moved_to_where_the_body_stands() -> None:
    """Offsets of the body become offsets of the message."""
    raw = HEAD + b"a http://a/ b"
    assert body(b"a http://a/ b").to_raw([Edit(2, 11, b"x")]) == [
        Edit(len(HEAD) + 2, len(HEAD) + 11, b"x")
    ]
    assert splice(raw, body(b"a http://a/ b").to_raw([Edit(2, 11, b"x")])) == HEAD + b"a x b"


def test_line_may_grow_to_998_octets() -> None:
    """RFC 5322 §2.1.1, without the line ending."""
    decoded = body(b"short\r\n" + b"x" * 500 + b"\r\nshort\r\n")
    assert decoded.obstacles([Change(10, 20, 508)]) == (None,)
    assert decoded.obstacles([Change(10, 20, 509)]) == (Obstacle.LONG_LINE,)
    with pytest.raises(NotEditable):
        decoded.to_raw([Edit(10, 20, b"y" * 509)])


def test_what_was_asked_is_not_asked_again() -> None:
    """Unless one of the edits changes nothing after all, so that others come to stand elsewhere."""
    decoded = body(b"x" * 990 + b"\r\n")
    assert decoded.obstacles([Change(0, 0, 8), Change(5, 6, 1)]) == (None, None)
    assert decoded.to_raw([Edit(0, 0, b"y" * 8), Edit(5, 6, b"z")], asked=True) == [
        Edit(len(HEAD), len(HEAD), b"y" * 8),
        Edit(len(HEAD) + 5, len(HEAD) + 6, b"z"),
    ]
    with pytest.raises(NotEditable):
        decoded.to_raw([Edit(0, 0, b"y" * 9), Edit(5, 6, b"x")], asked=True)


def test_edits_of_one_line_share_its_room() -> None:
    """Those that fit are made; one that does not is refused, and takes no room."""
    decoded = body(b"x" * 900 + b"\r\n")
    changes = [Change(0, 0, 60), Change(10, 10, 60), Change(20, 20, 38), Change(30, 31, 1)]
    assert decoded.obstacles(changes) == (None, Obstacle.LONG_LINE, None, None)


def test_lines_do_not_share_their_room() -> None:
    """Each has its own."""
    line = b"x" * 900 + b"\r\n"
    changes = [Change(0, 0, 98), Change(902, 902, 98)]
    assert body(line + line).obstacles(changes) == (None, None)


def test_edit_that_joins_lines_has_the_room_of_one() -> None:
    """An href may be broken over lines; what replaces it is not."""
    decoded = body(b"x" * 600 + b"\r\n" + b"y" * 600)
    assert decoded.obstacles([Change(500, 702, 10)]) == (Obstacle.LONG_LINE,)
    assert decoded.obstacles([Change(300, 1002, 10)]) == (None,)


@pytest.mark.parametrize("at", [0, 500, 999])
def test_line_over_998_octets_is_left_alone(at: int) -> None:
    """Relays cut it somewhere; where must not be for us to move."""
    decoded = body(b"a\r\n" + b"x" * 999 + b"\r\n")
    assert decoded.obstacles([Change(3 + at, 3 + at, 0)]) == (Obstacle.LONG_LINE,)
    assert decoded.obstacles([Change(0, 1, 5)]) == (None,)


def test_spans_that_overlap_or_leave_the_body_are_an_error() -> None:
    """They can only come from a mistake of the caller."""
    decoded = body(b"0123456789")
    for edits in (
        [Edit(0, 5, b"x"), Edit(4, 6, b"y")],
        [Edit(0, 5, b"x"), Edit(4, 6, b"45")],
        [Edit(9, 11, b"x")],
        [Edit(-1, 1, b"x")],
        [Edit(3, 2, b"x")],
    ):
        with pytest.raises(ValueError, match="overlaps another or leaves the body"):
            decoded.to_raw(edits)


def test_insertions_at_one_place_keep_their_order() -> None:
    """Sorting is by place alone."""
    assert body(b"").to_raw([Edit(0, 0, b"z"), Edit(0, 0, b"a")])[0].replacement == b"z"


def test_body_of_unknown_encoding_can_be_read_only() -> None:
    """It is listed in reports, never edited."""
    decoded = UnknownBody(b"begin 644 x")
    assert decoded.octets == b"begin 644 x"
    assert decoded.obstacles([Change(0, 1, 1)]) == (Obstacle.MALFORMED,)
    assert not editable(decoded, 0, 1)
    with pytest.raises(NotEditable):
        decoded.to_raw([Edit(0, 1, b"x")])


@given(
    st.lists(st.integers(0, 1100), max_size=5),
    st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 30), st.integers(0, 300)), max_size=8),
)
def test_no_line_crosses_998_octets(lengths: list[int], wanted: list[tuple[int, int, int]]) -> None:
    """Whichever edits are allowed: lines that were within the limit stay within it."""
    octets = b"\r\n".join(b"x" * length for length in lengths)
    decoded, changes, at = body(octets), [], 0
    for start, size, new in sorted(wanted):
        if at <= start and start + size <= len(octets):
            changes.append(Change(start, start + size, new))
            at = start + size
    allowed = [
        Edit(change.start, change.end, b"y" * change.octets)
        for change, obstacle in zip(changes, decoded.obstacles(changes), strict=True)
        if obstacle is None
    ]
    new = splice(HEAD + octets, decoded.to_raw(allowed))
    assert new == HEAD + splice(octets, allowed)
    assert sum(len(line) > 998 for line in new.splitlines()) == sum(n > 998 for n in lengths)
