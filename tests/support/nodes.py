"""Several nodes on one database: each with a folder of its own."""

from pathlib import Path

from config.keys.token_keys import new_token_key, write_token_keys
from config.schema import Config
from tests.support.clients.programs import free_port
from tests.support.readers.links import Links
from tests.support.stack import Stack


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
