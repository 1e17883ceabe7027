"""Each convention of links does what the table says, our own and those of other systems."""

import dataclasses

import pytest

from proxy.policy import Skip
from proxy.policy.dialects import NATIVE
from proxy.policy.link_conventions import LINK_CONVENTIONS, Effect
from tests.support.plans import URL, UTM_SOURCE, outcome

WITHOUT = dataclasses.replace(UTM_SOURCE, dialects=frozenset())


ROWS = {f"{row.dialect} {row.example}": row for row in LINK_CONVENTIONS}


TRACKED = (None, URL + "?utm_source=mail", URL)


EXPECTED = {
    Effect.TRACKED: TRACKED,
    Effect.NO_PARAMS: (None, URL, URL),
    Effect.PARAMS: TRACKED,
    Effect.UNSUBSCRIBE: (Skip.UNSUBSCRIBE, URL, URL),
    Effect.APP_LINK: (Skip.APP_LINK, URL, URL),
}


@pytest.mark.parametrize("name", ROWS)
def test_a_convention_of_links_is_understood(name):
    """As it is written in the table, which is how the documentation shows it."""
    row = ROWS[name]
    attributes = row.example
    if row.effect is Effect.UNTRACKED:
        assert outcome(attributes) == (row.skip, URL, URL)
    elif row.effect is Effect.GROUP:
        assert outcome(attributes)[2] in {"name", "key:name;"}
    else:
        assert outcome(attributes) == EXPECTED[row.effect]


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.dialect != NATIVE])
def test_a_convention_of_links_can_be_switched_off(name):
    """Without its dialect it is an attribute like any other."""
    assert outcome(ROWS[name].example, WITHOUT) == TRACKED


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ('CLICKTRACKING="OFF"', Skip.CLICKTRACKING),
        ("clicktracking", None),
        ('clicktracking="on"', None),
        ("data-track", None),
        ('data-track="no"', Skip.DATA_TRACK),
        ('class="a\nUNTRACKED b"', Skip.UNTRACKED_CLASS),
        ('class="untracked-x"', None),
        ('disable-tracking="false"', None),
        ("disable-tracking", Skip.DISABLE_TRACKING),
        ('data-no-track="0"', None),
        ("data-no-track", Skip.NO_TRACK),
        ('ses:no-track=""', Skip.SES_NO_TRACK),
        ('universal="false"', None),
        ('data-link-group=" "', None),
    ],
)
def test_values_are_read_as_people_write_them(attributes, reason):
    """Without case; a flag needs no value; a switch needs one."""
    assert outcome(attributes)[0] == reason
