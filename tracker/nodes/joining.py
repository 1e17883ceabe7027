"""A service that starts: refused, or told what all others said before.

It is refused where another machine has its name, and where a store is being copied into the database.

Owns: looking at that once, at the start, and for how long.
Does not own: the table of nodes (`registry`), or what is tried later, where the database cannot be reached
now (`sharing`): no redirect and no mail waits for it.
"""

import contextlib
import threading

from config.keys.secret_files import KeyFileError
from config.schema import Config
from config.store_url import masked
from tracker.decisions.heard import has_heard
from tracker.nodes import registry
from tracker.nodes.connecting import connected
from tracker.nodes.key import own_key
from tracker.sql.errors import ServerError
from tracker.store.server import schema, unfinished

JOIN_S = 30.0
"""How long a start waits for a database that is there, and silent, as one that waits for its standby."""


def join(config: Config) -> None:
    """Take our name among the nodes that share a database, if it can be reached.

    A node that is new hears all that was said before it takes mail: who agreed to nothing is not to be
    tracked by it, either. Raises NameTaken, BadNodeKey, and StoreError where the database is an unfinished copy.
    """
    if config.store.engine == "sqlite":
        return
    failed: list[Exception] = []

    def begin() -> None:
        try:
            _begin(config)
        except Exception as error:  # noqa: BLE001 - raised below
            failed.append(error)

    # Whose end is not waited for, as a database may be silent for ever.
    joining = threading.Thread(target=begin, name="join", daemon=True)
    joining.start()
    joining.join(JOIN_S)
    if failed:
        raise failed[0]


def _begin(config: Config) -> None:
    from tracker.nodes.sharing import Exchange, hear_nothing  # noqa: PLC0415 - no other machine needs it

    store = config.store
    with contextlib.suppress(ServerError, KeyFileError, OSError), connected(store) as db:
        unfinished.refuse(db, masked(store.url))
        if not schema.is_begun(db):
            hear_nothing(config)  # whoever feeds the store makes its tables
            return
        registry.take_name(db, store.node or "", own_key(store))
        if not has_heard(store):
            Exchange(db, config).begin()
