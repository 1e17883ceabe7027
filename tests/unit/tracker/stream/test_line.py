"""What others are told of an event: all that the page says, and no more than readers agreed to."""

import json
import re
from dataclasses import replace

import pytest

from config.schema import Config, PrivacyConfig
from tests.support.checks.facts import (
    SENT_S,
    accepted,
    clicked,
    opened,
    pending,
    refused,
    taken,
    with_pixel,
)
from tests.support.repository import DOCS
from tracker.events import Event, MessageHandled, SentLink
from tracker.stream.line import Lines

HANDLED = MessageHandled(
    "00000000000000aa", SENT_S, 1, "shop@example.com", "delivered", "250 ok", subject="Hello"
)
EVENTS: list[Event] = [
    pending(),
    with_pixel("m2"),
    accepted(),
    taken("m2"),
    refused("m3"),
    HANDLED,
    clicked("c1", reasons=("early",), signals=("no-language",), ip="192.0.2.0", network="n"),
    opened("o1"),
]


def lines(**privacy: object) -> Lines:
    """Return what writes lines."""
    return Lines.of(Config(privacy=PrivacyConfig.model_validate(privacy)))


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.kind)
def test_a_line_is_one_of_json(event: Event) -> None:
    """And has what every line has."""
    text = lines().line(event)
    assert text is not None
    assert text.count(b"\n") == 1
    found = json.loads(text)
    assert list(found)[:3] == ["id", "kind", "at"]
    assert found["kind"] == event.kind
    assert (found["message_id"], found["sent_s"]) == (event.message_id, SENT_S)


def test_ids_are_told_apart() -> None:
    """By what happened to which copy."""
    ids = [found["id"] for event in EVENTS if (found := lines().fields(event))]
    assert len(set(ids)) == len(EVENTS)
    assert "c1" in ids


def test_an_id_is_the_same_however_often_an_event_is_told() -> None:
    """Also once its reader was forgotten."""
    blank = replace(
        pending(), recipients=tuple(replace(r, address="") for r in pending().recipients)
    )
    before, after = lines().fields(pending()), lines().fields(blank)
    assert before is not None
    assert after is not None
    assert before["id"] == after["id"]


def test_the_page_names_every_field_of_every_kind() -> None:
    """What is not described cannot be relied upon."""
    page = (DOCS / "stream.md").read_text()
    for event in EVENTS:
        section = page.split(f"### `{event.kind}`")[1].split("###")[0]
        told = set(
            re.findall(r"`([a-z_]+)`", section + page.split("### Every line")[1].split("###")[0])
        )
        found = lines().fields(event)
        assert found is not None
        assert set(found) <= told, event.kind


def test_what_is_kept_of_agents_is_told_and_no_more() -> None:
    """As the store keeps them."""
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
    click = clicked("c1", user_agent=agent)
    for mode, kept in (("full", agent), ("family", "Firefox on Linux"), ("none", "")):
        found = lines(user_agent=mode).fields(click)
        assert found is not None
        assert found["user_agent"] == kept


def test_nobody_is_told_of_who_asked_not_to_be_tracked() -> None:
    """Their clicks are counted, and that is all."""
    assert lines().line(clicked("c1", asks_for_privacy=True)) is None


def test_nobody_is_told_of_details_that_are_not_kept() -> None:
    """`details = "0s"` says that nothing is written down."""
    assert lines(details="0s").line(HANDLED) is None


def test_of_a_click_on_a_purged_message_only_that_it_happened_is_told() -> None:
    """As the store keeps it."""
    click = clicked("c1", ip="192.0.2.0", at_s=SENT_S + 8 * 86400.0)
    found = lines(retention="7d").fields(click)
    assert found is not None
    assert (found["destination"], found["ip"], found["user_agent"]) == ("", None, "")


def test_whose_network_a_click_came_from_is_not_told() -> None:
    """It is for comparing clicks of two days, and a pseudonym."""
    found = lines().fields(clicked("c1", network="n"))
    assert found is not None
    assert "network" not in found


def test_a_link_has_the_name_that_reports_call_it_by() -> None:
    """Its URL where it has no other."""
    named = SentLink(2, "https://example.net/2?who=1", "offer", "B")
    found = lines().fields(pending(links=(pending().links[0], named)))
    assert found is not None
    assert [link["group"] for link in found["links"]] == ["https://example.net/1", "offer"]
