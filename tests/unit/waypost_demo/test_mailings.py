"""The mail of the demo, planned by the proxy as any other."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from proxy.policy import Policy
from proxy.policy.reasons import Skip
from proxy.rewrite import plan
from waypost_demo import mailings, readers
from waypost_demo.mailings import Mailing
from waypost_demo.set_up import set_up

SITE = "http://localhost:8082"
AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
READER, MEMBER = readers.everybody()[0], readers.everybody()[41]
MAILINGS = {
    "letter": mailings.letter(SITE, READER, AT),
    "order": mailings.order(SITE, READER, AT, 1042),
    "invitation": mailings.invitation(SITE, MEMBER, AT),
}


@pytest.mark.parametrize("mailing", MAILINGS.values(), ids=MAILINGS.keys())
def test_the_links_that_readers_like_are_those_that_are_tracked(
    tmp_path: Path, mailing: Mailing
) -> None:
    """By the texts that they have in reports; a button and its twin for Outlook are one."""
    policy = Policy.from_config(set_up(tmp_path, 2600, SITE).config)
    planned = plan(mailing.content, policy)
    texts = {link.number: link.text for link in planned.links}
    assert set(texts.values()) - {""} == set(mailing.links)
    assert len(texts) == len(mailing.links)


def test_what_is_left_alone_has_its_reason(tmp_path: Path) -> None:
    """So the demo shows reasons, too."""
    policy = Policy.from_config(set_up(tmp_path, 2600, SITE).config)
    reasons = {link.reason for link in plan(MAILINGS["letter"].content, policy).skipped}
    assert reasons == {Skip.UNTRACKED_CLASS, Skip.LIST_UNSUBSCRIBE}


def test_campaigns_are_named_by_a_header_or_by_the_subject() -> None:
    """An order's number is no part of its campaign."""
    campaigns = {name: plan(each.content, Policy()).campaign for name, each in MAILINGS.items()}
    assert campaigns == {
        "letter": "Weekly letter, week 48",
        "order": "Your order …",
        "invitation": "Open workshop, November",
    }


def test_the_wish_list_is_each_readers_own() -> None:
    """So that a report shows one link of it."""
    other = mailings.letter(SITE, readers.everybody()[1], AT).content
    lists = [
        next(
            link.destination
            for link in plan(content, Policy()).links
            if "/lists/" in link.destination
        )
        for content in (MAILINGS["letter"].content, other)
    ]
    assert lists[0] != lists[1]


def test_a_member_has_an_id_of_the_applications_own() -> None:
    """People are found by either."""
    assert b"\r\nX-Track-Person: member-342\r\n" in MAILINGS["invitation"].content
    assert b"X-Track-Person" not in MAILINGS["letter"].content
