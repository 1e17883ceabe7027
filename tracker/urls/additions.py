"""What a destination can bear to have added: URL parameters, and the id of who is sent there.

Owns: which destinations take an addition: none that somebody signed, none that would grow too long,
and an id only those whose host is to be told.
Does not own: which links ask for any (`proxy.policy.decide`, `wishes`), which URL was repaired to
which (`overrides`), where parameters go in a URL (`params`), what an id is (`identify`).
"""

from collections.abc import Collection

from tracker.urls.hosts import host
from tracker.urls.params import Params, added, addition, inserted
from tracker.urls.secrets import is_signed


def params_text(destination: str, params: Params, max_octets: int) -> str:
    """Give what stands before the fragment once `params` are added; nothing where they cannot be."""
    if not params or is_signed(destination):
        return ""
    text = addition(destination, params)
    # A parameter is not worth an untracked link.
    return text if len(destination) + len(text) <= max_octets else ""


def id_octets(
    destination: str, text: str, told: Params, hosts: Collection[str], max_octets: int
) -> int:
    """Say how much an id adds to a tracked destination after `text`; 0 where it is not told.

    `told` is the id as a parameter, `hosts` are those that learn it. A destination that holds a
    secret (`sensitive`) learns nothing either; that is for the caller to see to.
    """
    if host(destination) not in hosts or is_signed(destination):
        return 0
    grown = len(addition(inserted(destination, text), told))
    # An id is not worth an untracked link, either.
    return grown if len(destination) + len(text) + grown <= max_octets else 0


def carried(destination: str, params: Params, ids: Collection[str], hosts: Collection[str]) -> str:
    """Give `destination` with what was added to the URL that it stands for now.

    `ids` are the names of parameters that tell who clicks, `hosts` those that learn them. However
    long it grows, as it stands in no link.
    """
    if is_signed(destination):
        return destination
    told = host(destination) in hosts
    return added(destination, tuple(each for each in params if told or each[0] not in ids))
