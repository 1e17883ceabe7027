"""Repairs of links that Waypost itself has added to: a URL as it was sent, and as its author wrote it.

Owns: which parameters are ours, now and in former days, and so which URLs a repair is meant for.
Does not own: the repairs (`overrides`), what a URL was before parameters were added to it (`params`),
or which of them go along to where it leads instead (`additions`).

A link holds its destination as it was sent: with `[tracking.url_params]`, and with the id of its
reader. Whoever repairs it knows the URL as it was written. Both name the same link, and a name that
is not exactly one of the two names none: nothing is decoded, sorted or ignored.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from config.schema import Config
from tracker.urls.additions import carried
from tracker.urls.params import Params, originals


@dataclass(frozen=True, slots=True)
class Additions:
    """The names of parameters that Waypost adds to destinations.

    Those of `ids` tell who clicks, which only `hosts` may know.
    """

    names: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()

    @classmethod
    def of(cls, config: Config) -> Self:
        """Give those that a configuration adds."""
        tracking = config.tracking
        param = tracking.identify.param
        ids = frozenset() if param is None else frozenset({param})
        return cls(frozenset(tracking.url_params), ids, frozenset(tracking.identify.hosts))

    def also(self, names: frozenset[str], ids: frozenset[str]) -> "Additions":
        """Give these and others that were added in former days; who may be told is as today."""
        return Additions(self.names | names, self.ids | ids, self.hosts)

    def written(self, destination: str) -> Iterator[tuple[str, Params]]:
        """Give what an author may have written for `destination`, each with what we then added."""
        return originals(destination, self.names | self.ids)

    def carried(self, params: Params, destination: str) -> str:
        """Give `destination` with what we added to another, as far as it can bear that."""
        return carried(destination, params, self.ids, self.hosts)


NO_ADDITIONS = Additions()
