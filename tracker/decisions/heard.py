"""Whether this machine has ever heard what readers agreed to on other nodes.

Owns: knowing it by the file that hearing leaves, and refusing where it is missing.
Does not own: hearing (`tracker.nodes`), or what is done without consents (`consents`).

Who agreed to nothing must not be tracked by a machine that knows nothing of it: it takes no mail, and makes no
links of one person, before it has heard (docs/adr/0034). Later on it goes by what it heard, whatever becomes of the database.
"""

from config.schema import StoreConfig
from config.store_url import masked
from tracker.decisions.files import CONSENTS


class NeverHeard(OSError):
    """Nobody may be tracked yet; the text says also what to do, `what` does not."""

    def __init__(self, what: str, cure: str) -> None:
        super().__init__(f"{what}: {cure}")
        self.what = what


def has_heard(store: StoreConfig) -> bool:
    """Return whether what all nodes said was heard here once; so it is where nobody else could say anything.

    Raises OSError.
    """
    return store.engine == "sqlite" or CONSENTS.shared_of(store.file).exists()


def require(store: StoreConfig, refused: str = "mail is taken") -> None:
    """Raise NeverHeard where this machine has never heard what the other nodes were told; else OSError.

    The text says that no such thing is done before.
    """
    if not has_heard(store):
        raise NeverHeard(
            f"no {refused} before this node has heard once what readers agreed to on the others"
            f" ({CONSENTS.shared_of(store.file)} is missing)",
            f"with {masked(store.url)} in reach, start `waypost feed`, or `waypost tracker`, first",
        )
