"""Every question is answered by an index, however much the store holds.

Each is asked of a store of two campaigns, and the plans of all statements are looked at: none may look at
all rows of a table that grows with mail, clicks or readers.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from config.schema import Config
from tests.support.checks.facts import SENT_S, clicked, put
from tests.support.checks.plans import scans
from tracker.reports import activity, clicks, known, opens, sent_links, story, summary
from tracker.reports.breakdown import BY, breakdown
from tracker.reports.log import ways
from tracker.reports.log.filters import Filter
from tracker.reports.log.page import page
from tracker.reports.lookup import messages, timeline
from tracker.reports.lookup.persons import starting_with
from tracker.reports.machines.rules import by_rule
from tracker.reports.machines.sample import sample
from tracker.reports.period import Period
from tracker.sql.db import Db
from tracker.store.keys import message_number, message_text
from tracker.store.reserved import DAY_S
from tracker.store.rows import identities, persons
from tracker.urls.reader_id import Identifier

DAY = {"since_s": SENT_S, "until_s": SENT_S + DAY_S}
LINK = "https://example.net/1"
ANN = "ann@Example.NET"
IDENTIFIER = Identifier("wp_id", bytes(range(32)))

Question = Callable[[Db], Any]

FILTERS = (
    Filter(),
    Filter(campaign=3),
    Filter(link=1),
    Filter(link=1, campaign=3),
    Filter(person="ANN@example.net"),
    Filter(message=message_text(message_number("m1"))),
    Filter(label="machine", rule="head"),
    Filter(period=Period(SENT_S, SENT_S + DAY_S)),
)

QUESTIONS: dict[str, Question] = {
    "report": summary.report,
    "report of a campaign": lambda db: summary.report(db, campaign="news"),
    "report of a period": lambda db: summary.report(db, **DAY),
    "report of a campaign in a period": lambda db: summary.report(db, campaign="news", **DAY),
    "clickers of a link": lambda db: clicks.clickers(db, LINK),
    "clickers of a group": lambda db: clicks.clickers(db, "offer", machines=True),
    "clickers of a link of a campaign": lambda db: clicks.clickers(db, LINK, campaign="news"),
    "clickers of a campaign": lambda db: clicks.clickers(db, campaign="news"),
    "clickers": clicks.clickers,
    "clicks": clicks.clicks,
    "clicks after a cursor": lambda db: clicks.clicks(db, after=2),
    "clicks of a day": lambda db: clicks.clicks(db, **DAY),
    "clicks of a campaign": lambda db: clicks.clicks(db, campaign="news"),
    "activity": lambda db: activity.activity(db, *known.person(db, "ANN@example.net")),
    "activity of another writing": lambda db: persons.written_alike(db, "Jörg@example.net"),
    "activity of an id": lambda db: activity.activity(db, *known.person(db, "id-7")),
    "a link that is known": lambda db: known.link(db, LINK),
    "a campaign that is known": lambda db: known.campaign(db, "news"),
    "who is behind an id": lambda db: persons.behind_id(db, IDENTIFIER, IDENTIFIER.hashed(ANN)),
    "addresses": lambda db: persons.addresses(db, ANN),
    "messages of a campaign": lambda db: sent_links.messages_of(db, "news"),
    "a URL that is known": lambda db: sent_links.is_known(db, LINK, Config()),
    "what each rule caught": lambda db: by_rule(db, Period(**DAY)),
    "a sample of clicks": lambda db: sample(db, Period(**DAY)),
    "persons that begin with": lambda db: starting_with(db, "ann"),
    "addresses that begin with": lambda db: starting_with(db, "b", after="a b"),
    "a timeline": lambda db: timeline.timeline(db, *known.person(db, "ann@example.net")),
    "the latest messages": messages.latest,
    "messages before": lambda db: messages.latest(db, after=f"{SENT_S + 1}-{'0' * 16}"),
    "messages to": lambda db: messages.found(db, "ann@example.net"),
    "messages to an address of an id's": lambda db: messages.found(db, "bob@example.net"),
    "the story of a message": lambda db: story.story(db, story.find(db, ANN)[0]),
    **{
        f"log: {asked}, newest first: {newest}": lambda db, asked=asked, newest=newest: page(
            db, asked, newest_first=newest
        )
        for asked in FILTERS
        for newest in (False, True)
    },
    **{f"by {by}": lambda db, by=by: breakdown(db, by) for by in BY},
    **{f"by {by} of a day": lambda db, by=by: breakdown(db, by, **DAY) for by in BY},
    **{f"by {by} of a campaign": lambda db, by=by: breakdown(db, by, campaign="news") for by in BY},
}


def _asked(question: Question, db: Db) -> None:
    """Ask, and read the whole answer."""
    answer = question(db)
    if isinstance(answer, Iterator):
        list(answer)


@pytest.mark.parametrize("name", QUESTIONS)
def test_no_question_looks_at_all_rows(filled: Db, name: str) -> None:
    """Nor at all entries of an index."""
    put(filled, clicked("c9", recipient=2, at_s=SENT_S + 9000, signals=("no-html",)))
    identities.keep(filled, IDENTIFIER)
    assert list(scans(filled, lambda: _asked(QUESTIONS[name], filled))) == []


@pytest.mark.parametrize("scanned", [0, 1000])
@pytest.mark.parametrize("asked", FILTERS, ids=str)
def test_no_filter_looks_at_all_rows_where_there_are_many(
    filled: Db, asked: Filter, scanned: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither by days of sending, nor by the order of arrival."""
    monkeypatch.setattr(ways, "LOOKED_AT", 1)
    monkeypatch.setattr(ways, "SCANNED", scanned)
    assert list(scans(filled, lambda: page(filled, asked))) == []


def test_a_scan_would_be_seen(filled: Db) -> None:
    """So the tests above mean something."""
    sql = "SELECT count(*) FROM clicks WHERE number = 1"
    found = list(scans(filled, lambda: filled.execute(sql)))
    assert found
    assert all(re.match(r"(SCAN|Seq Scan) clicks", each) for each in found)


def test_opens_of_a_period_are_looked_for_by_when_they_were_sent(filled: Db) -> None:
    """By their keys."""
    assert list(scans(filled, lambda: opens.report(filled, since_s=SENT_S))) == []
