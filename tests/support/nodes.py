"""Several nodes on one database: each with a folder of its own; what one does, and what it then knows."""

from pathlib import Path

from config.keys.token_keys import new_token_key, write_token_keys
from config.schema import Config
from tests.support.clients.programs import free_port
from tests.support.readers.links import Links
from tests.support.stack import Stack
from tracker.decisions.files import DECISIONS
from tracker.decisions.overrides import Decision, decision
from tracker.nodes.connecting import connected
from tracker.nodes.sharing import Exchange


def node(folder: Path, url: str, name: str) -> Config:
    """Return the configuration of a node that shares the database at `url`; its folder is made."""
    state = folder / name
    state.mkdir(parents=True, exist_ok=True)
    keys = folder / "token.keys"
    if not keys.exists():
        write_token_keys(keys, [new_token_key()])
    store = {"url": url, "state": str(state), "node": name}
    tables = {"store": store, "keys": {"file": str(keys)}}
    return Config.model_validate(tables, context={"folder": folder})


def furnished(folder: Path, url: str, name: str) -> Links:
    """Return a whole Waypost that is a node on the database at `url`; all have the same keys."""
    stack = Stack(folder=folder / name, relay=free_port()).furnish()
    store = f'url = "{url}"\nstate = "{stack.folder}"\nnode = "{name}"'
    alone = f'url = "sqlite:///{stack.folder}/waypost.db"'
    stack.config.write_text(stack.config.read_text().replace(alone, store))
    return Links(stack)


def exchange(*configs: Config, rounds: int = 2) -> None:
    """Have each node in turn send and fetch, over a connection of its own; the last is heard by all."""
    for config in configs * rounds:
        with connected(config.store) as db:
            one = Exchange(db, config)
            one.begin()
            one.round(config)


def revoke(config: Config, host: str) -> Decision:
    """Withdraw links to a host on a node."""
    made = decision("revoke", "host", host)
    DECISIONS.append(config.store.file, made)
    return made


def records(config: Config) -> tuple[Decision, ...]:
    """Return all decisions that a node knows, in its order."""
    return DECISIONS.merged(config.store.file).records
