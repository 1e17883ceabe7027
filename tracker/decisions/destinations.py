"""Where a link leads now, by the decisions that are in force and under one configuration.

Owns: bringing both together for each click.
Does not own: what decisions make of a link (`overrides`), what was added to destinations
(`tracker.urls.additions`), or the answer to a reader (`tracker.redirect.redirector`).
"""

from collections.abc import Callable

from config.schema import Config
from tracker.decisions.overrides import Overrides
from tracker.tokens import Link
from tracker.urls.additions import Additions


class Destinations:
    """Asked about each link; `overrides` is called each time, as decisions may change."""

    def __init__(self, overrides: Callable[[], Overrides], config: Config) -> None:
        self._overrides = overrides
        self.configure(config)

    def configure(self, config: Config) -> None:
        """Go by another configuration from now on."""
        self._additions = Additions.of(config)

    def __call__(self, link: Link) -> str | None:
        """Return the destination of `link`; None where the link was withdrawn."""
        return self._overrides().destination(link, self._additions)
