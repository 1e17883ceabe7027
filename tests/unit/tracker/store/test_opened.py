"""What may go wrong with a store that is open."""

import errno

import pytest

from tracker.sql.errors import ServerError
from tracker.store.opened import StoreError, cause_of, describe


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("", "unreachable"),
        ("08006", "unreachable"),
        ("57P01", "unreachable"),
        ("55P03", "locked"),
        ("40P01", "locked"),
        ("53100", "full"),
        ("53300", "busy"),
        ("25006", "read-only"),
        ("28P01", "not allowed"),
        ("42501", "not allowed"),
        ("3D000", "not there"),
        ("42P01", "failing"),
    ],
)
def test_the_errors_of_a_server_are_named_by_what_to_do(code: str, cause: str) -> None:
    """By their SQLSTATE; one that says nothing any more is away."""
    error = ServerError("as it says", code)
    assert cause_of(error) == cause
    assert describe(error) == f"{cause}: as it says"


def test_other_errors_keep_their_cause() -> None:
    """One of ours as it was named, a disk that is full as that."""
    assert cause_of(StoreError("x", "outdated")) == "outdated"
    assert cause_of(OSError(errno.ENOSPC, "x")) == "full"
    assert describe(StoreError("it is another's", "foreign")) == "it is another's"
