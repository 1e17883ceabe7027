"""What a destination can bear to have added: URL parameters, and the id of who is sent there.

Owns: which destinations take an addition: none that somebody signed, none that would grow too long,
and an id only those whose host is to be told.
Does not own: which links ask for any (`proxy.policy.decide`, `tracker.minting.request`), which URL
was repaired to which (`tracker.decisions.overrides`), where parameters go in a URL (`params`), what
an id is (`reader_id`).
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Self

from config.schema import Config
from tracker.urls.hosts import host
from tracker.urls.params import (
    Params,
    added,
    addition,
    inserted,
    originals,
    with_written,
    written_name,
)
from tracker.urls.secrets.signed import is_signed


def params_text(
    destination: str, params: Params, max_octets: int, hosts: Collection[str] = ()
) -> str:
    """Return the text that adds `params` before the fragment; empty where it cannot be added.

    `hosts` are those that get parameters; without any, all do.
    """
    if not params or (hosts and host(destination) not in hosts) or is_signed(destination):
        return ""
    text = addition(destination, params)
    # A parameter is not worth an untracked link.
    return text if len(destination) + len(text) <= max_octets else ""


def id_octets(
    destination: str, text: str, told: Params, hosts: Collection[str], max_octets: int
) -> int:
    """Return how many octets an id adds to a destination after `text`; 0 where it gets none.

    `told` is the id as a parameter, `hosts` are those that are told ids. A destination that holds a
    secret gets no id either, which the caller has to check (`secrets.rules`).
    """
    if host(destination) not in hosts or is_signed(destination):
        return 0
    grown = len(addition(inserted(destination, text), told))
    # An id is not worth an untracked link, either.
    return grown if len(destination) + len(text) + grown <= max_octets else 0


def carried(
    destination: str,
    params: Params,
    ids: Collection[str],
    hosts: Collection[str],
    param_hosts: Collection[str] = (),
) -> str:
    """Return the new destination of a repaired link with what was added to the old one.

    `ids` are the names of parameters that tell who clicks, `hosts` those that are told them,
    `param_hosts` those that get the others (without any, all do). The length does not matter, as the
    result stands in no link.
    """
    if is_signed(destination):
        return destination
    name = host(destination)
    takes = {True: name in hosts, False: not param_hosts or name in param_hosts}
    return added(destination, tuple(each for each in params if takes[each[0] in ids]))


@dataclass(frozen=True, slots=True)
class Additions:
    """The names of parameters that Waypost adds to destinations.

    Those of `ids` tell who clicks, which only `hosts` may know. `names` are for `param_hosts`, or
    for all where there are none.
    """

    names: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()
    param_hosts: frozenset[str] = frozenset()

    @classmethod
    def of(cls, config: Config) -> Self:
        """Return the additions of a configuration."""
        tracking = config.tracking
        param = tracking.identify.param
        ids = frozenset() if param is None else frozenset({param})
        hosts, param_hosts = tracking.identify.hosts, tracking.url_params_hosts
        names = frozenset(tracking.url_params)
        return cls(names, ids, frozenset(hosts), frozenset(param_hosts))

    def also(self, names: frozenset[str], ids: frozenset[str]) -> "Additions":
        """Return these and earlier ones; the hosts that get them are those of today."""
        return Additions(self.names | names, self.ids | ids, self.hosts, self.param_hosts)

    def written(self, destination: str) -> Iterator[tuple[str, Params]]:
        """Yield what an author may have written for `destination`, and what we added to each."""
        return originals(destination, self.names | self.ids)

    def carried(self, params: Params, destination: str) -> str:
        """Return `destination` with what we added to another, as far as it takes additions."""
        return carried(destination, params, self.ids, self.hosts, self.param_hosts)

    def kept(self, pairs: Iterable[str], destination: str) -> str:
        """Return `destination` with a reader's own parameters, as they are written in another."""
        if is_signed(destination):
            return destination
        withheld = frozenset() if host(destination) in self.hosts else self.ids
        return with_written(
            destination, [pair for pair in pairs if written_name(pair) not in withheld]
        )


NO_ADDITIONS = Additions()
