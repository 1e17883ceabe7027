"""Arrays as PostgreSQL reads them."""

from collections.abc import Sequence
from enum import IntEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.postgresql import cluster
from tracker.sql.arrays import array

WHOLE = st.integers(-(2**63), 2**63 - 1)


class Kind(IntEnum):
    """A whole number with a name."""

    ONE = 1


@pytest.mark.parametrize(
    ("values", "type_", "text"),
    [
        ([1, -2, None, True, Kind.ONE], "bigint", "{1,-2,NULL,1,1}"),
        ([1, 2], "bigint", "{1,2}"),
        ([1, 2.5, None], "double precision", "{1.0,2.5,NULL}"),
        ([b"\x00\xff", None], "bytea", r'{"\\x00ff",NULL}'),
        ([b"\x01", b""], "bytea", r'{"\\x01","\\x"}'),
        (["a", None, 'b"\\,', ""], "text", r'{"a",NULL,"b\"\\,",""}'),
    ],
)
def test_values_of_a_type_are_an_array_of_it(values: Sequence[Any], type_: str, text: str) -> None:
    """What is nothing is NULL, and a text never is."""
    assert array(values) == (type_, text)


@pytest.mark.parametrize("values", [[], [None, None], [1, "a"], [b"a", "a"]])
def test_what_has_no_type_or_several_is_no_array(values: Sequence[Any]) -> None:
    """Whoever has it goes by rows."""
    assert array(values) is None


@given(
    values=st.one_of(
        st.lists(st.one_of(WHOLE, st.none())),
        st.lists(st.one_of(st.floats(allow_nan=False), st.none())),
        st.lists(
            st.one_of(st.text(st.characters(codec="utf-8", exclude_characters="\0")), st.none())
        ),
        st.lists(st.one_of(st.binary(), st.none())),
    )
)
def test_an_array_is_read_as_it_was_written(values: list[Any]) -> None:
    """Whatever is in it."""
    written = array(values)
    if written is not None:
        with cluster().lent_store() as db:
            sql = f"SELECT unnest(CAST(:values AS {written.type}[]))"
            found = db.execute(sql, {"values": written.text}).fetchall()
        assert [each for (each,) in found] == values
