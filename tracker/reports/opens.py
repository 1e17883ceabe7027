"""How often mail was opened: figures by campaign, for a report.

Owns: the question, asked of rows, and what is shown of the answer.
Does not own: the rows (`tracker.counting.opens`), or how an answer is printed
(`tracker.cli.printing`).
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from tracker.reports import names
from tracker.reports.figures import Json
from tracker.sql.db import Db
from tracker.store.keys import SAME_MESSAGE_S
from tracker.store.reserved import NO_CAMPAIGN

COLUMNS = (
    *("of", "campaign", "messages", "recipients", "opens_human", "opens_all"),
    *("unique_opens_human", "unique_opens_all", "open_rate"),
)
"""Of a report as rows."""


_SECONDS = ", ".join(f"{{0}} + {each}" for each in range(-SAME_MESSAGE_S, SAME_MESSAGE_S + 1))
_COPIES = f"""
    WITH copies AS (
        SELECT campaign_id, sent_s, message_id, count(*) AS recipients, sum(personal) AS personal
        FROM pixels WHERE sent_s >= :since_s AND (accepted = 1 OR EXISTS (
            SELECT 1 FROM opens WHERE opens.sent_s IN ({_SECONDS.format("pixels.sent_s")})
            AND opens.message_id = pixels.message_id AND opens.number IN (0, pixels.number)
        )) GROUP BY campaign_id, sent_s, message_id
    )
    SELECT campaign_id, count(*) AS messages, sum(recipients) AS recipients,
        sum(personal) AS personal
    FROM copies GROUP BY campaign_id
"""  # noqa: S608 - constants
_OPENS = f"""
    WITH found AS (
        SELECT message_id, number, human, sent_s, (
            SELECT pixels.sent_s FROM pixels
            WHERE pixels.sent_s IN ({_SECONDS.format("opens.sent_s")})
            AND pixels.message_id = opens.message_id LIMIT 1
        ) AS pixel_s FROM opens WHERE sent_s >= :since_s
    ), copies AS (
        SELECT coalesce(pixel_s, sent_s) AS sent_s, message_id, number, sum(human) AS human,
            count(*) AS total
        FROM found GROUP BY 1, message_id, number
    )
    SELECT coalesce((
            SELECT campaign_id FROM pixels
            WHERE pixels.sent_s = copies.sent_s AND pixels.message_id = copies.message_id LIMIT 1
        ), :unknown) AS campaign_id, sum(human) AS opens_human, sum(total) AS opens_all,
        count(*) FILTER (WHERE number != 0 AND human > 0) AS unique_human,
        count(*) FILTER (WHERE number != 0) AS unique_all
    FROM copies GROUP BY 1
"""  # noqa: S608 - constants
"""An open is of the message of that id whose second is the token's, or next to it."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What carried a pixel and what was opened; `personal` recipients had a copy of their own.

    Unique opens are copies of one recipient, however often they were opened.
    """

    messages: int = 0
    recipients: int = 0
    personal: int = 0
    opens_human: int = 0
    opens_all: int = 0
    unique_human: int = 0
    unique_all: int = 0

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))

    @property
    def open_rate(self) -> float | None:
        """Copies of one recipient that a human opened, 0 to 1; None where there are none."""
        return self.unique_human / self.personal if self.personal else None

    def json(self) -> Json:
        """Return all figures as JSON."""
        return {
            "messages": self.messages,
            "recipients": self.recipients,
            "opens": {"human": self.opens_human, "all": self.opens_all},
            "unique_opens": {"human": self.unique_human, "all": self.unique_all},
            "open_rate": self.open_rate,
        }

    def columns(self) -> Json:
        """Return all figures as columns of a row."""
        return {
            "messages": self.messages,
            "recipients": self.recipients,
            "opens_human": self.opens_human,
            "opens_all": self.opens_all,
            "unique_opens_human": self.unique_human,
            "unique_opens_all": self.unique_all,
            "open_rate": self.open_rate,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """Figures by campaign (None: messages without one), the most opened first."""

    campaigns: tuple[tuple[str | None, Figures], ...]

    @property
    def totals(self) -> Figures:
        """The sum of all campaigns; no message is of two."""
        return sum((figures for _, figures in self.campaigns), Figures())

    def json(self) -> Json:
        """Return the report as `waypost report --opens --json` prints it."""
        campaigns = [{"campaign": name, **figures.json()} for name, figures in self.campaigns]
        return {"totals": self.totals.json(), "campaigns": campaigns}

    def rows(self) -> Iterable[Json]:
        """Yield the report as rows of COLUMNS: the total, then campaigns."""
        yield {"of": "total", "campaign": None, **self.totals.columns()}
        for name, figures in self.campaigns:
            yield {"of": "campaign", "campaign": name, **figures.columns()}


def report(db: Db, *, campaign: str | None = None, since_s: float | None = None) -> Report:
    """Return figures of everything, or of one campaign, or of what was sent since a moment."""
    known = names.campaigns(db)
    found: dict[str | None, Figures] = {}
    for query in (_COPIES, _OPENS):
        for row in db.query(query, {"since_s": math.ceil(since_s or 0), "unknown": NO_CAMPAIGN}):
            name = known[row.pop("campaign_id")].text
            if campaign in (None, name):
                found[name] = found.get(name, Figures()) + Figures(**row)
    return Report(tuple(sorted(found.items(), key=_order)))


def _order(row: tuple[str | None, Figures]) -> tuple[int, int, str]:
    name, figures = row
    return -figures.opens_all, -figures.messages, name or ""
