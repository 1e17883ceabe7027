"""Two nodes behind HAProxy, as docs/scale.md has them: any proxy, any tracker, figures of all.

What nodes tell each other without a balancer, and with no mail, is in `test_nodes.py`.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.pair import NAMES, WITHIN_S, Node, Pair, hrefs, running_pair
from tests.support.postgresql import url_of_new_store
from tests.support.readers.readers import tracked
from tests.support.stack import Mailbox
from tests.support.waiting import until

ANN, BOB = "ann@example.net", "bob@example.net"
URL = "https://shop.test/sale"
ROUND = 2 * len(NAMES)
"""So many requests in a row reach each tracker, whichever is next."""


@pytest.fixture
def pair(tmp_path: Path, mailbox: Mailbox) -> Iterator[Pair]:
    """Run both nodes, and HAProxy."""
    with running_pair(tmp_path, url_of_new_store(), mailbox.port) as made:
        yield made


def statuses(pair: Pair, href: str) -> set[int]:
    """Return what the trackers say to a link, each of them."""
    return {pair.ask(href)[0] for _ in range(ROUND)}


@pytest.mark.parametrize(("proxy", "tracker"), [NAMES, NAMES[::-1]])
def test_a_click_on_one_counts_for_the_person_and_campaign_of_the_others_message(
    pair: Pair, mailbox: Mailbox, proxy: str, tracker: str
) -> None:
    """In the reports of both."""
    pair.steer(f"set server trackers/{proxy} state maint")
    pair.send(proxy, ANN, BOB)
    ann, _ = hrefs(mailbox, 2)
    assert pair.ask(ann) == (302, URL)
    assert b'"clicked"' in pair.nodes[tracker].spooled()
    assert b'"clicked"' not in pair.nodes[proxy].spooled()
    until(lambda: pair.report()["totals"]["clicks"]["all"] == 1, WITHIN_S)
    (campaign,) = pair.report()["campaigns"]
    assert (campaign["campaign"], campaign["messages"], campaign["deliveries"]) == ("May", 1, 2)
    assert campaign["unique_clickers"]["all"] == 1
    for node in pair.nodes.values():
        assert (clicks_of(node, ANN), clicks_of(node, BOB)) == (1, 0)


def clicks_of(node: Node, person: str) -> int:
    """Return how many clicks of a person a node lists."""
    listed = json.loads(node.do("activity", person, "--json"))
    return sum(each["event"] == "clicked" for each in listed)


def test_a_link_that_is_revoked_on_one_is_withdrawn_on_both(pair: Pair, mailbox: Mailbox) -> None:
    """Also where the message went through the other."""
    pair.send("b", ANN)
    (ann,) = hrefs(mailbox, 1)
    assert statuses(pair, ann) == {302}
    pair.nodes["a"].do("revoke", "host", "shop.test")
    until(lambda: statuses(pair, ann) == {410}, WITHIN_S)


def test_a_short_link_of_one_opens_on_both_at_once(pair: Pair) -> None:
    """Whichever HAProxy asks first; a database that is slow has readers try again, and never a 404."""
    answers: list[tuple[int, str | None]] = []

    def is_told() -> bool:
        answers.append(pair.ask(short))
        return answers[-1][0] != 503

    for node in pair.nodes.values():
        short = node.do("link", "--short", URL).strip()
        for _ in range(ROUND):
            until(is_told, WITHIN_S)
            assert answers[-1] == (302, URL)


def test_a_consent_that_one_hears_of_holds_for_mail_through_the_other(
    pair: Pair, mailbox: Mailbox
) -> None:
    """Mail to other readers is tracked as before."""

    def is_tracked(reader: str) -> bool:
        before = len(mailbox.received)
        pair.send("a", reader)
        return bool(tracked(mailbox.wait_for(before + 1)[before]))

    assert is_tracked(ANN)
    pair.nodes["b"].do("consent", ANN, "none")
    until(lambda: not is_tracked(ANN), WITHIN_S)
    assert is_tracked(BOB)


def test_who_is_forgotten_on_one_is_gone_from_the_spool_of_the_other(
    pair: Pair, mailbox: Mailbox
) -> None:
    """Their link leads on, and others stay who they are."""
    pair.send("b", ANN, BOB)
    ann, _ = hrefs(mailbox, 2)
    until(lambda: pair.report()["totals"]["deliveries"] == 2, WITHIN_S)
    assert ANN.encode() in pair.nodes["b"].spooled()
    pair.nodes["a"].do("forget", ANN)
    until(lambda: ANN.encode() not in pair.nodes["b"].spooled(), WITHIN_S)
    assert BOB.encode() in pair.nodes["b"].spooled()
    assert statuses(pair, ann) == {302}
    assert pair.report()["totals"]["deliveries"] == 2
