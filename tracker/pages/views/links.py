"""The pages of links: all of them, found by a text, and one of them.

Owns: what may be asked of them, and what they show.
Does not own: the questions (`tracker.reports`), or what they look like (`templates/links.html`,
`templates/link.html`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from config.schema import Config
from tracker.access.access import Scope
from tracker.access.needs import access_of
from tracker.answers.responses import UNCACHED
from tracker.pages import query
from tracker.pages.query import PeriodView, RowId, View, Words, row_of
from tracker.pages.reading import Asked, asking
from tracker.pages.rendering import charts
from tracker.pages.rendering.cards import link_cards
from tracker.pages.rendering.downloads import csv_file
from tracker.pages.rendering.errors import page
from tracker.pages.rendering.page import render
from tracker.reports import clicks
from tracker.reports.campaigns import campaign
from tracker.reports.campaigns.campaign import Campaign
from tracker.reports.figures import LinkFigures
from tracker.reports.link import link, listing
from tracker.sql.db import Db

LINKS = 50
CLICKERS = 50
"""Persons on the page of a link; the file has all."""


class LinksView(PeriodView):
    """A period, of all times unless one is asked for, and a text to look for."""

    usual_period = None

    q: Words | None = None
    after: str | None = None


class LinkView(View):
    """A link is shown as it is, of all times; in all campaigns or in one."""

    campaign: RowId | None = None


@dataclass(frozen=True, slots=True)
class Links:
    """The pages; `config` is called for each request."""

    config: Callable[[], Config]

    @property
    def routes(self) -> list[Route]:
        """Where they are."""
        return [
            page("/links", self._list),
            page("/links/{id}", self._show),
            page("/links/{id}/clickers.csv", self._clickers, Scope.PERSONS),
        ]

    def _list(self, request: Request) -> Response:
        asked = LinksView.of(request)
        after = cast("listing.Place | None", query.cursor_values(asked.after, int, int))
        period = asked.days.period if asked.days else None
        with asking(self.config()) as store:
            if asked.q:
                rows = listing.search(store.db, asked.q, period)
                if Scope.PERSONS not in access_of(request).scopes:
                    rows = [each for each in rows if _shows(each, asked.q)]
                found = listing.Listing(tuple(rows), None)
            else:
                found = listing.listing(store.db, period, after=after, limit=LINKS)
            return render(
                request,
                "links.html",
                view=asked,
                days=asked.days,
                not_counted=store.not_counted,
                links=found.rows,
                next=query.cursor(*found.next) if found.next else None,
                searched=listing.SEARCHED,
                most_found=listing.MOST_FOUND,
            )

    def _show(self, request: Request) -> Response:
        asked, row = LinkView.of(request), row_of(request)
        with asking(self.config()) as store:
            found = link.find(store.db, row)
            if found.id != row:
                url = f"/links/{found.id}{asked.query()}".rstrip("?")
                return RedirectResponse(url, headers=UNCACHED)
            return _shown(request, store, asked, found)

    def _clickers(self, request: Request) -> Response:
        asked = LinkView.of(request)
        with asking(self.config()) as store:
            found = link.find(store.db, row_of(request))
            of = _campaign(store.db, asked)
            rows = clicks.clickers_of(store.db, [found.id], of.id if of else 0)
            name = f"clickers {found.text or found.name.for_people}"
            return csv_file(name, rows, clicks.CLICKERS)


def _shows(found: LinkFigures, text: str) -> bool:
    """Return whether a text stands in what everybody sees of a link, and not only in its example."""
    wanted = text.strip().casefold()
    return any(wanted in each.casefold() for each in (found.link, found.text or ""))


def _campaign(db: Db, asked: LinkView) -> Campaign | None:
    """Return the campaign that is asked about; raises Unknown where there is no such."""
    return None if asked.campaign is None else campaign.find(db, asked.campaign)


def _shown(request: Request, store: Asked, asked: LinkView, found: LinkFigures) -> Response:
    sees_persons = Scope.PERSONS in access_of(request).scopes
    of = _campaign(store.db, asked)
    row = of.id if of else 0
    figures = link.in_campaign(store.db, found.id, row) if of else found.figures
    by_day = link.by_day(store.db, found.id, row)
    who = clicks.clickers_of(store.db, [found.id], row, most=CLICKERS) if sees_persons else ()
    led = link.destinations(store.db, found.id, by_day) if sees_persons and not of else None
    return render(
        request,
        "link.html",
        view=asked,
        not_counted=store.not_counted,
        link=found if sees_persons else found.without_example(),
        campaign=of,
        figures=figures,
        cards=link_cards(figures),
        chart=charts.of_sent_days(by_day),
        campaigns=link.campaigns(store.db, found.id),
        destinations=led,
        clickers=list(who),
    )
