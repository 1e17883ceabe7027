"""The page of single clicks: filters, a list, the same as a file, and new ones as they come.

Owns: what may be asked of it, and what it shows of each click.
Does not own: finding the clicks (`tracker.reports.log`), the stream of new ones (`live`), or what it
looks like (`templates/clicks.html`).
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from config.schema import Config
from tracker.access.access import Scope
from tracker.answers.errors import InvalidRequest
from tracker.judging.rules import RULES
from tracker.pages.query import PeriodView, RowId, Words
from tracker.pages.reading import asking
from tracker.pages.rendering import numbers
from tracker.pages.rendering.errors import page
from tracker.pages.rendering.page import render
from tracker.pages.rendering.streams import csv_stream
from tracker.reports import names
from tracker.reports.clicks import CLICKS
from tracker.reports.figures import Json
from tracker.reports.known import Unknown
from tracker.reports.log import page as log
from tracker.reports.log.filters import Filter, Label
from tracker.reports.lookup import why
from tracker.reports.lookup.texts import link_texts
from tracker.reports.lookup.timeline import which
from tracker.reports.period import Period
from tracker.sql.db import Db
from tracker.store import database
from tracker.store.reserved import PURGED

ROWS = 50
ROWS_OF_FILE = 1000
"""Read at once, each time from the store as it is then: a file of millions holds nobody up."""
CAMPAIGNS = 200
"""Offered by name, the latest; others are asked for by following a link."""
LABELS: dict[str, str] = {"human": "a person", "doubtful": "doubtful", "machine": "a machine"}

_CAMPAIGNS = "SELECT id, name FROM campaigns ORDER BY id DESC LIMIT :most"
_LINK = "SELECT name FROM links WHERE id = :link"
_CAMPAIGN = "SELECT id, name FROM campaigns WHERE id = :campaign"
_MessageId = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
_Rule = Annotated[str, Field(pattern=r"^[a-z][a-z-]{0,63}$")]


class ClicksView(PeriodView):
    """Which clicks; `after` is the arrival of the last one on the page before."""

    usual_period: ClassVar[str | None] = None

    campaign: RowId | None = None
    link: RowId | None = None
    person: Words | None = None
    message: _MessageId | None = None
    label: Label | None = None
    rule: _Rule | None = None
    after: RowId | None = None

    @property
    def filter(self) -> Filter:
        """The same as the log takes it."""
        asked = self.model_dump(include={"campaign", "link", "person", "message", "label", "rule"})
        return Filter(**asked, period=self.days.period if self.days else Period())

    @property
    def is_narrow(self) -> bool:
        """Whether anything was asked for."""
        return self.filter != Filter()


@contextlib.contextmanager
def known_filters() -> Iterator[None]:
    """Have a filter for what the store does not know be an error of its field."""
    try:
        yield
    except Unknown as error:
        raise InvalidRequest([(error.kind, str(error))]) from None


@dataclass(frozen=True, slots=True)
class Clicks:
    """The page, and the file; `config` is called for each request."""

    config: Callable[[], Config]

    @property
    def routes(self) -> list[Route]:
        """Where they are."""
        return [
            page("/clicks", self._show, Scope.PERSONS),
            page("/clicks.csv", self._file, Scope.PERSONS),
        ]

    def _show(self, request: Request) -> Response:
        asked = ClicksView.of(request)
        with known_filters(), asking(self.config()) as store:
            db = store.db
            found = log.page(db, asked.filter, cursor=asked.after, limit=ROWS, newest_first=True)
            return render(
                request,
                "clicks.html",
                view=asked,
                days=asked.days,
                not_counted=store.not_counted,
                clicks=shown(db, found.rows),
                next=found.cursor if found.more else None,
                looked_to=found.looked_to_s,
                live=asked.query(after=log.latest(db)) if asked.after is None else None,
                labels=LABELS,
                rules=[rule.name for rule in RULES],
                campaigns=_campaigns(db, asked.campaign),
                link=_link(db, asked.link),
            )

    def _file(self, request: Request) -> Response:
        asked = ClicksView.of(request)
        with known_filters():
            return csv_stream("clicks", self._rows(asked), CLICKS)

    def _rows(self, asked: ClicksView) -> Iterator[Json]:
        """Yield all clicks that fit, in the order of arrival; raises what a page does at the first."""
        with asking(self.config()) as store:
            last = log.latest(store.db)
        cursor, more = 0, True
        while more:
            with database.reading(self.config().store) as db:
                found = log.page(db, asked.filter, cursor=cursor, limit=ROWS_OF_FILE)
            for row in found.rows:
                if row["cursor"] > last:
                    return
                yield {name: row[name] for name in CLICKS}
            cursor, more = found.cursor, found.more


@dataclass(frozen=True, slots=True)
class Shown:
    """A click, as a list has it: `text` is what people saw of its link, `judged` the label in words, `reasons` why."""

    cursor: int
    day: str
    time: str
    link: names.Name
    link_id: int
    text: str | None
    campaign: names.Name
    campaign_id: int
    person: str | None
    message: str
    label: Label
    judged: str
    reasons: str

    @property
    def called(self) -> str:
        """What people saw of the link, else its name."""
        return self.text or self.link.for_people


def label_of(row: Json) -> Label:
    """Return what a click was judged to be."""
    if not row["human"]:
        return "machine"
    return "doubtful" if row["doubtful"] else "human"


def shown(db: Db, rows: Sequence[Json]) -> list[Shown]:
    """Return clicks of the log, with what people saw of their links, and the reasons for their labels."""
    words = why.in_words_of(db, [which(row) for row in rows])
    texts = link_texts(db, (row["link_id"] for row in rows))
    return [_shown(row, texts.get(row["link_id"]), words.get(row["event_id"], "")) for row in rows]


def _shown(row: Json, text: str | None, reasons: str) -> Shown:
    label = label_of(row)
    purged = row["campaign_id"] == PURGED
    return Shown(
        row["cursor"],
        *numbers.day_and_time(row["at"]),
        names.Name(row["link"], purged),
        row["link_id"],
        text,
        names.Name(row["campaign"], purged),
        row["campaign_id"],
        row["person"],
        row["message_id"],
        label,
        LABELS[label],
        reasons,
    )


def _campaigns(db: Db, asked: int | None) -> list[tuple[int, str]]:
    """Return campaigns that may be chosen, by name; the one that is asked for among them."""
    rows = db.execute(_CAMPAIGNS, {"most": CAMPAIGNS}).fetchall()
    if asked is not None and asked not in dict(rows):
        rows += db.execute(_CAMPAIGN, {"campaign": asked}).fetchall()
    return [(row, names.Name.of(name).for_people) for row, name in rows]


def _link(db: Db, link: int | None) -> str | None:
    found = db.execute(_LINK, {"link": link}).fetchone() if link is not None else None
    return names.Name.of(found[0]).for_people if found else None
