"""What tests of the admin listener share: the application, and somebody who asks it."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from config.keys import token_keys
from config.schema import Config
from tests.support.clients.admin import KEYRING, Client, serving
from tests.support.state import beside
from tracker.admin.admin import Admin
from tracker.decisions.consents import Consents
from tracker.minting.mint import Mint
from tracker.minting.short_links import ShortLinks
from tracker.spool.writer import Spool


@pytest.fixture
def config(tmp_path: Path, store_table: dict[str, str]) -> Config:
    """Return a configuration with keys, a store of its own and two tracking hosts."""
    keys = tmp_path / "admin.keys"
    token_keys.write_token_keys(keys, [token_keys.new_token_key()])
    return Config.model_validate(
        {
            "tracking": {"base_url": "https://click.example.com"},
            "sender": [
                {"domain": "example.net", "base_url": "https://GO.example.net:8443/mail"},
                {"domain": "example.org"},
            ],
            "keys": {"file": keys},
            "store": store_table,
        }
    )


@pytest.fixture
def admin(config: Config) -> Iterator[Admin]:
    """Return the application; its spool is closed in the end, and tries nothing any more."""
    short_links = ShortLinks(beside(config.store.path.with_name("codes")))
    spool = Spool.open(config.store.spool_dir, "tracker")
    mint = Mint(lambda: KEYRING, Consents, spool, short_links, lambda: bytes(32))
    yield Admin(config, mint.link)
    spool.close()


@pytest.fixture
async def client(admin: Admin) -> AsyncIterator[Client]:
    """Ask an admin listener without a password."""
    async with serving(admin.app) as client:
        yield client
