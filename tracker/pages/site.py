"""The pages of the admin listener.

Owns: which pages there are.
Does not own: what is on each (`views`), who may ask (`tracker.access`), or what all have in
common (`rendering`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.routing import Route

from config.schema import Config
from tracker.pages.rendering.assets import asset
from tracker.pages.views import login
from tracker.pages.views.campaigns import Campaigns
from tracker.pages.views.clicks import Clicks
from tracker.pages.views.links import Links
from tracker.pages.views.live import Live, Tails
from tracker.pages.views.machines import Machines
from tracker.pages.views.messages import Messages
from tracker.pages.views.overview import Overview
from tracker.pages.views.people import People
from tracker.pages.views.state import StatePage

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
