"""Reasons: names that logs and metrics show, sentences that operators read, and two sets of them."""

import pytest

from proxy.policy.link_conventions import LINK_CONVENTIONS
from proxy.policy.reasons import AUTHORS, SOFT, Skip, Untouched


@pytest.mark.parametrize("kind", [Untouched, Skip])
def test_every_reason_says_what_it_means(kind):
    """In a sentence that fits a table."""
    for reason in kind:
        assert 5 < len(reason.help) < 90
        assert "\n" not in reason.help


def test_a_reason_is_its_name():
    """Logs and metrics get the name alone; the sentence is beside it."""
    assert Skip.OVER_LONG == "over_long"
    assert f"{Untouched.NO_FROM}" == "no_from"
    assert Skip("sensitive") is Skip.SENSITIVE


@pytest.mark.parametrize("kind", [Untouched, Skip])
def test_names_are_labels(kind):
    """A metric can carry each as it is, and no two members share one."""
    assert all(reason.isidentifier() and reason == reason.lower() for reason in kind)
    assert len(kind) == len(kind.__members__)


def test_whatever_an_author_can_ask_for_is_the_authors():
    """So an opt-out in HTML holds for the same URL in plain text, whichever convention it used."""
    assert {row.skip for row in LINK_CONVENTIONS if row.skip} <= AUTHORS
    assert {Skip.UNSUBSCRIBE, Skip.APP_LINK, Skip.NOTRACK_SCHEME} <= AUTHORS


def test_no_opt_out_is_soft():
    """`data-track="true"` lifts caution, and takes nothing back that an author asked for."""
    assert {Skip.APP_LINK} == SOFT & AUTHORS
