"""What the attributes of one link ask for, taken together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.schema import DIALECTS
from proxy.policy import Skip
from proxy.policy.directives import NO_DIRECTIVES, LinkDirectives, link_rules
from proxy.policy.link_conventions import LINK_CONVENTIONS, Value
from tests.support.plans import URL, outcome

RULES = link_rules(frozenset(DIALECTS))
ATTRIBUTES = sorted({row.name for row in LINK_CONVENTIONS if row.value is not Value.TOKEN})
CLASSES = sorted({row.name for row in LINK_CONVENTIONS if row.value is Value.TOKEN})


def test_an_opt_out_wins_over_an_opt_in():
    """In doubt, the link stays."""
    assert outcome('data-track="true" clicktracking="off"')[0] == Skip.CLICKTRACKING
    assert outcome('data-url-params="true" class="disable-url-params"')[1] == URL


def test_our_own_group_wins_over_those_of_others():
    """Whatever the order of the attributes."""
    assert outcome('data-cio-tag="theirs" data-link-group="ours"')[2] == "ours"


@pytest.mark.parametrize(
    ("attributes", "directives"),
    [
        ({}, NO_DIRECTIVES),
        ({"href": "x", "style": "y"}, NO_DIRECTIVES),
        ({"data-track": "true"}, LinkDirectives(track=True)),
        ({"universal": "true"}, LinkDirectives(Skip.APP_LINK, app=True)),
        ({"data-msys-unsubscribe": "1"}, LinkDirectives(Skip.UNSUBSCRIBE)),
        ({"class": "a Untracked\tDISABLE-url-params"}, LinkDirectives(Skip.UNTRACKED_CLASS, params=False)),
        ({"data-url-params": "true", "data-link-group": " a\n b "}, LinkDirectives(params=True, group="a b")),
        ({"universal": "true", "data-msys-unsubscribe": "1"}, LinkDirectives(Skip.UNSUBSCRIBE, app=True)),
        ({"universal": "true", "no-track": ""}, LinkDirectives(Skip.NO_TRACK, app=True)),
    ],
)  # fmt: skip
def test_attributes_are_read_into_one_value(attributes, directives):
    """An explicit opt-out goes before an unsubscribe link, that before an app link."""
    assert RULES.directives(attributes) == directives


@given(
    st.dictionaries(st.sampled_from(ATTRIBUTES), st.sampled_from(["", "on", "off", "x"])),
    st.lists(st.sampled_from(CLASSES)),
    st.randoms(),
)
def test_the_order_of_attributes_does_not_matter(attributes, classes, random):
    """Nor that of classes."""
    given_so = RULES.directives({**attributes, "class": " ".join(classes)})
    shuffled = [*attributes.items(), ("class", " ".join(reversed(classes)))]
    random.shuffle(shuffled)
    assert RULES.directives(dict(shuffled)) == given_so


@given(st.dictionaries(st.sampled_from([*ATTRIBUTES, "class"]), st.text(max_size=8)))
def test_no_attribute_lifts_an_opt_out(attributes):
    """Whatever stands beside it."""
    assert RULES.directives({**attributes, "data-track": "false"}).skip is not None
    assert RULES.directives({**attributes, "class": "disable-url-params"}).params is False


def test_rules_are_those_of_the_dialects_named():
    """Our own are always among them."""
    rules = link_rules(frozenset({"postmark"}))
    assert rules.directives({"data-pm-no-track": ""}).skip is Skip.PM_NO_TRACK
    assert rules.directives({"clicktracking": "off"}) == NO_DIRECTIVES
    assert rules.directives({"class": "untracked inf-track-no"}).skip is Skip.UNTRACKED_CLASS
