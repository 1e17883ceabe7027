"""What may be decided about links that were sent, and what may not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.schema import Config
from tracker.decisions import decide
from tracker.decisions.overrides import Overrides, decision

ONE, TWO, THREE = "https://a.test/", "https://b.test/", "https://c.test/"


@pytest.mark.parametrize("text", ["Shop.Example.COM.", "shop.example.com"])
def test_a_host_is_named_as_it_is_compared(text: str) -> None:
    """Upper case and a final dot mean the same host."""
    assert decide.host(text) == "shop.example.com"


@pytest.mark.parametrize(
    "text",
    ["", ".", "*.example.com", "https://example.com/", "example.com:443", "b\u00fccher.test"],
)
def test_what_is_no_bare_host_is_refused(text: str) -> None:
    """Nothing is guessed: a decision about the wrong host would break sound links."""
    with pytest.raises(decide.CannotDecide, match="bare host"):
        decide.host(text)


@given(st.text(max_size=30))
def test_a_named_host_names_itself(text: str) -> None:
    """Whatever is accepted is in its final form."""
    try:
        name = decide.host(text)
    except decide.CannotDecide:
        return
    assert decide.host(name) == name


def test_only_a_url_that_a_link_may_hold_can_be_named() -> None:
    """Others can neither be met nor be led to."""
    assert decide.destination(ONE) == ONE
    with pytest.raises(decide.CannotDecide, match=r"not an http\(s\) URL in ASCII: mailto:"):
        decide.destination("mailto:a@example.com")


def test_a_campaign_is_withdrawn_with_the_messages_it_has() -> None:
    """Later ones are not meant."""
    made = decide.withdraw_campaign("sale", ["01" * 8, "02" * 8])
    assert (made.action, made.kind, made.value) == ("revoke", "campaign", "sale")
    assert made.messages == ("01" * 8, "02" * 8)


def test_a_campaign_without_messages_is_refused() -> None:
    """It is misspelled, or there is nothing to withdraw yet."""
    with pytest.raises(decide.CannotDecide, match="no message of campaign 'sael' is known"):
        decide.withdraw_campaign("sael", [])


def test_what_is_in_force_is_taken_back() -> None:
    """By a decision about the same."""
    made = decide.restore([decision("revoke", "host", "a.test")], "host", "a.test")
    assert (made.action, made.kind, made.value) == ("restore", "host", "a.test")


def test_what_is_not_in_force_cannot_be_taken_back() -> None:
    """Neither what was never decided, nor what was taken back before."""
    earlier = [decision("revoke", "host", "a.test"), decision("restore", "host", "a.test")]
    for made in (earlier, []):
        with pytest.raises(
            decide.CannotDecide, match=r"no decision about host a\.test is in force"
        ):
            decide.restore(made, "host", "a.test")


def test_a_blank_may_stand_for_a_whole_segment() -> None:
    """As reports write it; nobody knows what a part of one would be."""
    assert decide.destination("https://a.test/u/…/x?b=…") == (
        "https://a.test/u/%E2%80%A6/x?b=%E2%80%A6"
    )
    with pytest.raises(decide.CannotDecide, match="a whole segment"):
        decide.destination("https://a.test/u…/x")


def test_a_new_url_has_as_many_blanks_as_the_old_one_or_none() -> None:
    """Parameters that are each reader's own anyway do not count."""
    old = decide.destination("https://a.test/u/…/x?uid=…")
    for new in ("https://b.test/", "https://b.test/…"):
        made = decide.repair([], old, decide.destination(new), Config())
        assert made.blanks == (1,)
    with pytest.raises(decide.CannotDecide, match="NEW has 2 …, and OLD 1"):
        decide.repair([], old, decide.destination("https://b.test/…/…"), Config())
    with pytest.raises(decide.CannotDecide, match="NEW has 1 …, and OLD 0"):
        decide.repair([], ONE, decide.destination("https://b.test/…"), Config())


def test_a_repair_notes_what_is_added_today() -> None:
    """So that it meets links which were sent with that, whatever is configured later."""
    tracking = {"url_params": {"utm_source": "mail"}, "identify": {"param": "wp_id"}}
    made = decide.repair([], ONE, TWO, Config.model_validate({"tracking": tracking}))
    assert (made.action, made.value, made.to) == ("redirect", ONE, TWO)
    assert (made.params, made.ids) == (("utm_source",), ("wp_id",))


def test_a_repair_of_a_repair_is_no_circle() -> None:
    """It is followed."""
    first = decide.repair([], ONE, TWO, Config())
    second = decide.repair([first], TWO, THREE, Config())
    assert Overrides.of([first, second]).repaired(ONE) == THREE


@pytest.mark.parametrize(
    ("pairs", "old", "new"),
    [([], ONE, ONE), ([(ONE, TWO)], TWO, ONE), ([(ONE, TWO), (TWO, THREE)], THREE, ONE)],
    ids=["itself", "there and back", "round by a third"],
)
def test_a_circle_is_refused(pairs: list[tuple[str, str]], old: str, new: str) -> None:
    """Its links would lead nowhere."""
    earlier = [decision("redirect", "destination", source, to=to) for source, to in pairs]
    with pytest.raises(decide.CannotDecide, match="in a circle"):
        decide.repair(earlier, old, new, Config())


def test_a_repair_may_replace_the_one_that_makes_the_circle() -> None:
    """The last decision about a URL counts."""
    earlier = [decision("redirect", "destination", ONE, to=TWO)]
    made = decide.repair(earlier, ONE, THREE, Config())
    assert Overrides.of([*earlier, made]).repaired(ONE) == THREE
