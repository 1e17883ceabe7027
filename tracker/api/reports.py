"""The API about figures: the report.

Owns: what may be asked of a report, and the headers that tell what it lacks.
Does not own: the figures (`tracker.reports.summary`, `tracker.ingest.catch_up`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from config.schema import Config
from tracker.answers.responses import json_response
from tracker.api.openapi import INTEGER, STRING, Operation, array_of, object_of
from tracker.api.requests import parse_query
from tracker.ingest.catch_up import BRIEF_S, Backlog, catch_up
from tracker.reports import summary
from tracker.reports.figures import Report
from tracker.store import database

NOT_COUNTED = "waypost-not-counted-octets"
"""The header that says how much of the spool a report lacks."""
NOT_COUNTED_WHY = "waypost-not-counted"
"""The header that says in words what a report lacks, and why."""

_COUNTS = object_of({"human": INTEGER, "doubtful": INTEGER, "all": INTEGER})
_CLICKS = {"clicks": _COUNTS, "unique_clickers": _COUNTS}
_FIGURES = {
    "messages": INTEGER,
    "deliveries": INTEGER,
    "clicked_deliveries": INTEGER,
    **_CLICKS,
    "click_rate": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
    "shared": object_of({"messages": INTEGER, "recipients": INTEGER, "clicks": INTEGER}),
}
_CAMPAIGN = {"campaign": {"type": ["string", "null"]}}
_LINK = {"link": STRING, "url": STRING, "text": STRING}
REPORT = object_of(
    {
        "totals": object_of(_FIGURES),
        "campaigns": array_of(object_of(_CAMPAIGN | _FIGURES, "purged_campaign")),
        "links": array_of(object_of(_LINK | _CLICKS, "purged_link")),
        "links_total": INTEGER,
        "days": array_of(object_of({"day": STRING, "clicks": _COUNTS})),
        "unknown_messages": INTEGER,
    }
)
"""The schema of what `Report.json` returns."""


class ReportQuery(BaseModel):
    """What may be asked of a report."""

    model_config = ConfigDict(extra="forbid")

    campaign: str | None = Field(default=None, description="Only this campaign.")
    since: datetime | None = Field(
        default=None,
        description="Only messages sent from this day on (UTC), and the clicks on them.",
    )

    until: datetime | None = Field(
        default=None,
        description="Only messages sent before this day (UTC), and the clicks on them.",
    )

    @property
    def until_s(self) -> float | None:
        """`until` in seconds since 1970."""
        return None if self.until is None else summary.utc_seconds(self.until)

    @property
    def since_s(self) -> float | None:
        """`since` in seconds since 1970."""
        return None if self.since is None else summary.utc_seconds(self.since)


@dataclass(frozen=True, slots=True)
class Reports:
    """The operation; `config` is called for each request."""

    config: Callable[[], Config]

    @property
    def operations(self) -> tuple[Operation, ...]:
        """What the API does here."""
        return (
            Operation(
                "GET",
                "/api/v1/report",
                self._report,
                "Messages, deliveries and clicks: in total, by campaign, by link.",
                "As `waypost report --json` prints it",
                REPORT,
                query=ReportQuery,
            ),
        )

    def _report(self, request: Request) -> Response:
        report, backlog = self._figures(parse_query(ReportQuery, request))
        headers = {}
        if backlog.octets:
            headers[NOT_COUNTED] = str(backlog.octets)
        if sentences := list(backlog.sentences()):
            headers[NOT_COUNTED_WHY] = _header("; ".join(sentences))
        return json_response(report.json(), headers=headers)

    def _figures(self, query: ReportQuery) -> tuple[Report, Backlog]:
        """Return a report, and what it lacks."""
        config = self.config()
        backlog = catch_up(config, BRIEF_S)
        with database.reading(config.store.path) as db:
            report = summary.report(
                db, campaign=query.campaign, since_s=query.since_s, until_s=query.until_s
            )
        return report, backlog


def _header(text: str) -> str:
    """Return text as a header may hold it."""
    plain = "".join(each if each.isprintable() else " " for each in text)
    return plain.encode("ascii", "backslashreplace").decode("ascii")
