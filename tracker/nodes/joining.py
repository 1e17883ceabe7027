"""A service that starts: refused where another machine has its name, and told what all others said before.

Owns: looking at that once, at the start.
Does not own: the table of nodes (`registry`), or what is tried later, where the database cannot be reached
now (`sharing`): no redirect and no mail waits for it.
"""

import contextlib

from config.keys.secret_files import KeyFileError
from config.schema import Config
from tracker.decisions.files import CONSENTS
from tracker.nodes import registry
from tracker.nodes.connecting import connected
from tracker.nodes.key import own_key
from tracker.sql.errors import ServerError


def join(config: Config) -> None:
    """Take our name among the nodes that share a database, if it can be reached.

    A node that is new hears all that was said before it takes mail: who agreed to nothing is not to be
    tracked by it, either. Raises NameTaken and BadNodeKey.
    """
    store = config.store
    if store.engine == "sqlite":
        return
    from tracker.nodes.sharing import Exchange  # noqa: PLC0415 - no other machine needs it

    with contextlib.suppress(ServerError, KeyFileError, OSError), connected(store) as db:
        registry.take_name(db, store.node or "", own_key(store))
        if not CONSENTS.shared_of(store.file).exists():
            Exchange(db, config).begin()
