"""Orders about links that were sent: which decision each comes to."""

from pathlib import Path

import pytest

from config.keys import token_keys
from config.schema import Config
from tracker.decisions.decide import CannotDecide
from tracker.decisions.files import DECISIONS
from tracker.decisions.overrides import Overrides
from tracker.orders import links
from tracker.tokens import Keyring, Link, mint

ID = "00000000000000ab"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Return a configuration with keys and a store of its own."""
    keys = tmp_path / "token.keys"
    token_keys.write_token_keys(keys, [token_keys.new_token_key()])
    url = f"sqlite:///{tmp_path}/waypost.db"
    return Config.model_validate({"keys": {"file": keys}, "store": {"url": url}})


def test_a_message_is_named_by_its_id_or_by_a_link_of_it(config: Config) -> None:
    """Only the latter needs the keys."""
    assert links.message_of(config, ID.upper()) == ID
    assert config.keys.file is not None
    link = Link(bytes.fromhex(ID), 1, 1, 1_790_000_000, "https://example.net/")
    token = mint(Keyring.load(config.keys.file), link)
    assert links.message_of(config, f"https://click.example.com/c/{token}") == ID
    keyless = Config()
    assert links.message_of(keyless, ID) == ID
    for unfit in (config, keyless):
        with pytest.raises(CannotDecide):
            links.message_of(unfit, "https://example.net/")


def test_what_is_withdrawn_can_be_restored_once(config: Config) -> None:
    """By whatever writing of the same."""
    kept = links.keep(config, links.withdrawal(config, "host", "EXAMPLE.net", lambda _: ()), "shop")
    assert (kept.value, kept.by) == ("example.net", "shop")
    assert Overrides.of(DECISIONS.merged(config.store.file).records).holds("host", "example.net")
    links.keep(config, links.restoration(config, "host", "Example.NET"))
    with pytest.raises(CannotDecide):
        links.restoration(config, "host", "example.net")


def test_of_a_campaign_the_messages_that_it_has_are_withdrawn(config: Config) -> None:
    """One that has none is unknown."""
    made = links.withdrawal(config, "campaign", "sale", lambda _: [ID])
    assert made.messages == (ID,)
    with pytest.raises(CannotDecide):
        links.withdrawal(config, "campaign", "sale", lambda _: [])


def test_a_repair_names_two_urls_and_goes_in_no_circle(config: Config) -> None:
    """With what was decided before."""
    old, new = "https://example.net/old", "https://example.net/new"
    links.keep(config, links.repair(config, old, new))
    for pair in ((new, old), ("ftp://example.net/", new), (old, "new")):
        with pytest.raises(CannotDecide):
            links.repair(config, *pair)
