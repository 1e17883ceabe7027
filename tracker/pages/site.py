"""The pages of the admin listener.

Owns: which pages there are.
Does not own: what is on each (a module a page), who may ask (`tracker.admin`), or what all have in
common (`rendering`).
"""

from collections.abc import Callable
from dataclasses import dataclass

from starlette.routing import Route

from config.schema import Config
from tracker.pages import login
from tracker.pages.campaigns import Campaigns
from tracker.pages.links import Links
from tracker.pages.overview import Overview
from tracker.pages.rendering.assets import asset

PAGES = (Overview, Campaigns, Links)
"""Each makes its `routes` from what returns the configuration in force."""


@dataclass(frozen=True, slots=True)
class Site:
    """All pages; `config` is called for each request."""

    config: Callable[[], Config]

    @property
    def routes(self) -> list[Route]:
        """Where they are, and what they load."""
        found = [route for each in PAGES for route in each(self.config).routes]
        return [*found, *login.routes(), Route("/static/{name}", asset, methods=["GET"])]
