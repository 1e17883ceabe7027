"""A service that starts on a machine whose name another has: it is refused, with what to do.

Owns: looking at that once, at the start.
Does not own: the table of nodes (`registry`), or what is tried later, where the database cannot be reached
now (`sharing`): no redirect and no mail waits for it.
"""

import contextlib

from config.keys.secret_files import KeyFileError
from config.schema import StoreConfig
from tracker.nodes import registry
from tracker.nodes.connecting import connected
from tracker.nodes.key import own_key
from tracker.sql.errors import ServerError


def join(store: StoreConfig) -> None:
    """Take our name among the nodes that share a database, if it can be reached.

    Raises NameTaken and BadNodeKey.
    """
    if store.engine == "postgresql":
        with contextlib.suppress(ServerError, KeyFileError, OSError), connected(store) as db:
            registry.take_name(db, store.node or "", own_key(store))
