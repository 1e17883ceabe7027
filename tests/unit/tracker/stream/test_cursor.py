"""A cursor: a position in one word, which is read back in the same spool."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.stream import cursor
from tracker.stream.cursor import BadCursor


def name(number: int) -> str:
    """Return the name of a segment."""
    return f"tracker-1790000000-12-{number:016x}.log"


POSITIONS = st.dictionaries(
    st.integers(0, 2**64 - 1).map(name), st.integers(0, 2**32 - 1), max_size=5
)


@given(POSITIONS, POSITIONS)
def test_a_cursor_tells_of_what_is_still_there(
    position: dict[str, int], others: dict[str, int]
) -> None:
    """And how many segments are not."""
    text = cursor.encode(position)
    assert cursor.decode(text, [*position, *others]) == (position, 0)
    assert cursor.decode(text, []) == ({}, len(position))


@pytest.mark.parametrize("text", ["", "12", "AQ=A", "Ag", "AQAA", "ä", "AQ AA", "a" * 17])
def test_what_is_no_cursor_is_refused(text: str) -> None:
    """One of clicks is none either."""
    with pytest.raises(BadCursor, match="is no cursor"):
        cursor.decode(text, [])
