"""What each engine spells in its own way."""

import json

import pytest

from tests.support.checks.facts import in_memory
from tracker.sql.spelling import ascii_lower, listed


@pytest.mark.parametrize("text", ["Ann@Example.NET", "ÄÖÜ", "İ", "[a]{B}", ""])
def test_a_text_in_lower_case_is_what_nocase_compares(text: str) -> None:
    """Letters of ASCII alone."""
    db = in_memory()
    asked = {"text": text, "lower": ascii_lower(text)}
    (same,) = db.execute("SELECT :text = :lower COLLATE NOCASE", asked).fetchone()
    assert (same, ascii_lower(text)) == (1, ascii_lower(ascii_lower(text)))
    db.close()


def test_rows_of_numbers_are_a_table() -> None:
    """However many, and however large."""
    db = in_memory()
    rows = [[1, -(2**63)], [2, 2**63 - 1]]
    found = db.execute(
        f"SELECT a, b FROM {listed('sqlite', 'rows', 'a', 'b')} AS given",
        {"rows": json.dumps(rows)},
    )
    assert [list(row) for row in found] == rows
    db.close()


def test_a_row_may_have_octets() -> None:
    """As hexadecimal digits, since JSON has none."""
    db = in_memory()
    table = listed("sqlite", "rows", "a", "b", octets=("b",))
    found = db.execute(f"SELECT a, b FROM {table} AS given", {"rows": '[[1, "00ff"]]'})
    assert found.fetchall() == [(1, b"\x00\xff")]
    db.close()
