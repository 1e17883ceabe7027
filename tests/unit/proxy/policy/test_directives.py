"""What the attributes of one link ask for, taken together."""

from proxy.policy import Skip
from tests.support.plans import URL, outcome


def test_an_opt_out_wins_over_an_opt_in():
    """In doubt, the link stays."""
    assert outcome('data-track="true" clicktracking="off"')[0] == Skip.CLICKTRACKING
    assert outcome('data-url-params="true" class="disable-url-params"')[1] == URL


def test_our_own_group_wins_over_those_of_others():
    """Whatever the order of the attributes."""
    assert outcome('data-cio-tag="theirs" data-link-group="ours"')[2] == "ours"
