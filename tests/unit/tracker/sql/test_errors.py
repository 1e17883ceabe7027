"""What an engine raises."""

import sqlite3

import pytest

from tracker.sql.errors import BadValues, DatabaseErrors, ServerError, ValuesRefused


@pytest.mark.parametrize(
    "error", [sqlite3.OperationalError("locked"), ServerError("gone"), ValuesRefused("no", "22021")]
)
def test_an_error_of_any_engine_is_caught(error: Exception) -> None:
    """By one name; the code of a server is kept, where it gave one."""
    with pytest.raises(DatabaseErrors):
        raise error
    assert getattr(error, "sqlstate", "") == ("22021" if isinstance(error, ValuesRefused) else "")


def test_what_a_server_says_in_several_lines_is_told_in_one() -> None:
    """As every error is, in the log and on a terminal."""
    assert str(ServerError("refused\n\tIs it running?\n")) == "refused Is it running?"


def test_a_server_that_fails_is_not_told_as_bad_values() -> None:
    """Else an event would be set aside because of it."""
    assert not isinstance(ServerError("gone"), BadValues)
    assert isinstance(ValuesRefused("no"), BadValues)
