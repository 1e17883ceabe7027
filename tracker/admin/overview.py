"""The page that a browser sees at the admin listener: totals, campaigns, links.

Owns: what stands on the page and how figures are written for people.
Does not own: the figures (`tracker.reports.clicks`), or who may see them (`tracker.access`).

The page has no script and loads nothing.
"""

from collections.abc import Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined

from config.schema import Config
from tracker.ingest.catch_up import BRIEF_S, catch_up
from tracker.reports import summary
from tracker.reports.figures import Report
from tracker.store import database

SHOWN = 100
"""Campaigns and links on the page; the report has them all."""
SECURITY = {
    "content-security-policy": (
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
    )
}

_TEMPLATES = Environment(
    loader=PackageLoader("tracker.admin"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
)


def current(config: Config) -> str:
    """Return the page of all figures; raises StoreError."""
    backlog = catch_up(config, BRIEF_S)
    with database.reading(config.store.path) as db:
        return page(summary.report(db), list(backlog.sentences()))


def page(report: Report, not_counted: Sequence[str] = ()) -> str:
    """Return the page, in HTML; `not_counted` are sentences that say what figures lack."""
    return _TEMPLATES.get_template("overview.html").render(
        totals=report.totals,
        notes=list(report.notes()),
        campaigns=report.campaigns[:SHOWN],
        campaigns_left=max(0, len(report.campaigns) - SHOWN),
        links=report.links[:SHOWN],
        links_left=max(0, report.links_total - min(len(report.links), SHOWN)),
        not_counted=not_counted,
        number=_number,
        rate=_rate,
        more=_more,
    )


def _number(count: int) -> str:
    return f"{count:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def _rate(rate: float | None) -> str:
    return "-" if rate is None else f"{rate:.1%}"


def _more(count: int, what: str) -> str:
    return f"and {count} more {what}, in /api/v1/report" if count else ""
