"""Repairs of links that Waypost itself has added to: a URL as it was sent, and as its author wrote it.

Owns: what a destination may have been before parameters were added to it, and which of them go along
to where it leads instead.
Does not own: the repairs (`overrides`), where parameters go in a URL (`params`), or who gets any
(`proxy.policy.decide`, `minting`).

A link holds its destination as it was sent: with `[tracking.url_params]`, and with the id of its
reader. Whoever repairs it knows the URL as it was written. Both name the same link, and a name that
is not exactly one of the two names none: nothing is decoded, sorted or ignored.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self
from urllib.parse import unquote

from config.schema import Config
from tracker.params import Params, added
from tracker.sensitive import is_signed


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

    def carried(self, params: Params, destination: str, host: str) -> str:
        """Give `destination`, on `host`, with what we added to another.

        A foreign host learns no id, and a URL that somebody signed would be dead with anything more.
        """
        if is_signed(destination):
            return destination
        may_know = host in self.hosts
        kept = tuple(each for each in params if may_know or each[0] not in self.ids)
        return added(destination, kept)


NO_ADDITIONS = Additions()


def place(destination: str) -> str:
    """Give a URL less query and fragment, which is that of whatever was added to it as well."""
    return destination.partition("#")[0].partition("?")[0]


def originals(destination: str, names: frozenset[str]) -> Iterator[tuple[str, Params]]:
    """Give each URL that becomes `destination` when parameters of these names are added to it.

    The one that had least added comes first: an author may use our names, and that is kept. Exactly
    those are given for which `params.added` gives `destination`, octet for octet.
    """
    base, mark, fragment = destination.partition("#")
    path, _, query = base.partition("?")
    pairs = query.split("&")
    params: Params = ()
    while pairs:
        name, _, value = map(unquote, pairs.pop().partition("="))
        if name not in names or name in dict(params):
            return
        params = ((name, value), *params)
        # Parameters went behind a separator of ours, or behind one that was there.
        before = f"{path}?{'&'.join(pairs)}" if pairs else path
        for end in ("", "&" if pairs else "?"):
            original = before + end + mark + fragment
            if added(original, params) == destination:
                yield original, params
