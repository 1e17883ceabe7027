"""Recipients as `[privacy] log_recipients` lets the log show them."""

import pytest

from config.schema import LogRecipients
from proxy.smtp.logged_address import MOST_NAMED, recipients, shown

WHO = (b"a@example.net", b"b@example.net", b"postmaster", b"\xff@example.org")


@pytest.mark.parametrize(
    ("how", "named"),
    [
        ("full", ["a@example.net", "b@example.net", "postmaster", "\\xff@example.org"]),
        ("domain", ["@example.net", "@example.org"]),
        ("none", None),
    ],
)
def test_recipients_are_named_as_far_as_allowed(
    how: LogRecipients, named: list[str] | None
) -> None:
    """A domain is there once, whoever has addresses in it."""
    assert recipients(WHO, how) == named


def test_a_line_names_so_many_recipients_at_most() -> None:
    """A newsletter to ten thousand would be a line that no log takes."""
    named = recipients((b"%d@example.net" % number for number in range(1000)), "full")
    assert named is not None
    assert len(named) == MOST_NAMED


def test_a_path_that_is_no_text_is_shown() -> None:
    """No octets of a client break the log."""
    assert shown(b"caf\xc3\xa9\xff") == "café\\xff"
