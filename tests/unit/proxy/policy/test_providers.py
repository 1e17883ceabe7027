"""The off switch of each sending service, merged into what the application asked for."""

import json
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.schema import Provider
from proxy.message.fields import unfold
from proxy.policy.providers import LINE, OFF_HEADERS
from tests.support.checks.growth import is_linear

JSON = {
    "sendgrid": {"filters": {"clicktrack": {"settings": {"enable": 0}}}},
    "sparkpost": {"options": {"click_tracking": False}},
}
"""The services whose header holds JSON, with the switch in it."""

SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=30)
TREES = st.dictionaries(
    st.text(max_size=5) | st.sampled_from(["to", "category", "campaign_id"]),
    st.recursive(
        SCALARS, lambda child: st.lists(child) | st.dictionaries(st.text(), child), max_leaves=8
    ),
    max_size=4,
)


def off(provider: str, *values: str) -> str | None:
    """Return the value that switches tracking off, given those that are there."""
    return OFF_HEADERS[provider][1](values)


def test_every_service_has_a_switch_but_one():
    """SES has none that a message could carry."""
    assert set(OFF_HEADERS) == set(get_args(Provider)) - {"ses"}


@pytest.mark.parametrize(
    ("provider", "value"), [("postmark", "None"), ("mailgun", "no"), ("mailjet", "0")]
)
def test_a_switch_says_off_whatever_was_there(provider, value):
    """There is nothing to keep of what the application wrote."""
    assert off(provider) == off(provider, "yes") == off(provider, "yes", "htmlonly") == value


@pytest.mark.parametrize(
    ("values", "left"),
    [
        ((), "none"),
        (("clicks",), "none"),
        (("clicks_all, opens",), "opens"),
        (("Clicks_HtmlOnly,opens_all", "clicks"), "opens_all"),
        ((" , ",), "none"),
    ],
)
def test_mandrill_goes_on_with_what_is_no_click(values, left):
    """Its header is a list; opens in it stay."""
    assert off("mandrill", *values) == left


@pytest.mark.parametrize("provider", JSON)
@given(tree=TREES)
def test_all_else_in_the_json_stays(provider, tree):
    """The switch is off, and whatever the application wrote is there as before."""
    value = off(provider, json.dumps(tree))
    assert value is not None
    assert json.loads(unfold(value.encode("ascii"))) == {**tree, **JSON[provider]}


def test_what_stands_beside_the_switch_stays():
    """Other filters, and other settings of the same."""
    settings = {"enable": 1, "substitution_tag": "%open%"}
    filters = {"opentrack": {"settings": {}}, "clicktrack": {"settings": settings}}
    value = off("sendgrid", json.dumps({"filters": filters}))
    assert value is not None
    settings["enable"] = 0
    assert json.loads(value) == {"filters": filters}


@pytest.mark.parametrize("provider", JSON)
@pytest.mark.parametrize(
    "value", ["[1]", "7", "not JSON", "[" * 100_000, '{"filters": 1, "options": 1}']
)
def test_json_of_another_shape_is_not_written_into(provider, value):
    """What we do not understand stays as it is."""
    assert off(provider, value) is None


@pytest.mark.parametrize("provider", JSON)
def test_of_two_headers_nobody_knows_which_counts(provider):
    """Nothing is put in their place."""
    assert off(provider, "{}", "{}") is None
    assert off(provider, "{}") == off(provider)


def test_json_in_encoded_words_is_read():
    """Python's email library writes a long value so."""
    assert off("sparkpost", "=?utf-8?q?=7B=22a=22=3A1=7D?=") == (
        '{"a": 1, "options": {"click_tracking": false}}'
    )


WORDS = st.lists(st.text("ab\u00e9", min_size=1, max_size=200), max_size=60)


@given(WORDS)
def test_a_folded_value_unfolds_to_itself_in_lines_that_mail_may_have(words):
    """RFC 5322 §2.1.1: 998 octets a line at most; the name of the header is on the first."""
    text = " ".join(words)
    value = off("sendgrid", json.dumps({"a": text}))
    assert value is not None
    assert max(map(len, value.split("\r\n"))) <= LINE + 1
    assert json.loads(unfold(value.encode("ascii")))["a"] == text


def test_a_word_longer_than_a_line_is_left_whole():
    """Only white space can be folded at."""
    value = off("sendgrid", json.dumps({"a": "x" * 2000, "b": "y"}))
    assert value is not None
    assert [len(line) > LINE for line in value.split("\r\n")] == [False, True, False]
    assert json.loads(unfold(value.encode("ascii")))["b"] == "y"
    last = off("sparkpost", json.dumps({"options": {}, "a": "x" * 2000}))
    assert last is not None
    assert [len(line) > LINE for line in last.split("\r\n")] == [False, True]


@pytest.mark.parametrize("word", ["x ", "x" * 2000 + " "], ids=["short", "long"])
def test_time_to_merge_grows_with_the_size_alone(word):
    """However long the words are."""
    assert is_linear(lambda n: off("sendgrid", json.dumps({"a": word * (n // len(word))})), 40_000)
