"""The pages of the admin listener.

Owns: which pages there are.
Does not own: what is on each (a module a page), who may ask (`tracker.access`), or what all have in
common (`rendering`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.routing import Route

from config.schema import Config
from tracker.pages import login
from tracker.pages.campaigns import Campaigns
from tracker.pages.clicks import Clicks
from tracker.pages.links import Links
from tracker.pages.live import Live, Tails
from tracker.pages.machines import Machines
from tracker.pages.messages import Messages
from tracker.pages.overview import Overview
from tracker.pages.people import People
from tracker.pages.rendering.assets import asset
from tracker.pages.state import StatePage

PAGES = (Overview, Campaigns, Links, Clicks, People, Messages, Machines, StatePage)
"""Each makes its `routes` from what returns the configuration in force."""


@dataclass(frozen=True, slots=True)
class Site:
    """All pages; `config` is called for each request. `tails` are the views of clicks that stay open."""

    config: Callable[[], Config]
    tails: Tails = field(default_factory=Tails)

    @property
    def routes(self) -> list[Route]:
        """Where they are, and what they load."""
        found = [route for each in PAGES for route in each(self.config).routes]
        found += Live(self.config, self.tails).routes
        return [*found, *login.routes(), Route("/static/{name}", asset, methods=["GET"])]
