"""The schema: what its defaults are, that nothing changes it, and what it tells of itself."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from config.schema import Config, RelayConfig, SenderConfig, StoreConfig, TrackingConfig

FOLDER = {"folder": Path("/srv/waypost")}


def test_the_defaults_survive_being_written_and_read() -> None:
    """A dump for people, read again, is the same configuration."""
    assert Config.model_validate(Config().model_dump(mode="json", exclude_none=True)) == Config()


def test_a_configuration_cannot_be_changed() -> None:
    """Values travel: nobody can change what others already look at."""
    with pytest.raises(ValidationError):
        Config().proxy.max_sessions = 1


def test_the_spool_stands_beside_the_store() -> None:
    """Proxy and tracker find it by the store's path alone."""
    store = StoreConfig(url="sqlite:////var/lib/waypost/waypost.db")
    assert store.path == Path("/var/lib/waypost/waypost.db")
    assert store.spool_dir == Path("/var/lib/waypost/waypost.db.spool")


def test_relative_paths_start_from_the_folder_of_the_file() -> None:
    """A configuration can be moved together with its keys and its store, the default one too."""
    data = {"keys": {"file": "token.keys"}, "store": {}}
    config = Config.model_validate(data, context=FOLDER)
    assert config.keys.file == Path("/srv/waypost/token.keys")
    assert config.store.path == Path("/srv/waypost/waypost.db")


def test_a_relay_may_be_an_ipv6_address() -> None:
    """With or without brackets, as the port stands under its own key."""
    assert RelayConfig(host="[::1]").host == RelayConfig(host="::1").host == "::1"


def test_domains_are_lower_case() -> None:
    """A domain is compared with From in lower case."""
    assert SenderConfig(domain="Example.COM").domain == "example.com"


@pytest.mark.parametrize(
    "data",
    [{"proxy": {"max_sesions": 1}}, {"proxi": {}}, {"tracking": {"identify": {"name": "x"}}}],
)
def test_an_unknown_key_is_an_error(data: dict[str, object]) -> None:
    """A typing error must not silently leave a default in force."""
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        Config.model_validate(data, context=FOLDER)


@pytest.mark.parametrize(
    "data",
    [{"proxy": {"workers": "2"}}, {"relay": {"verify": 1}}, {"tracking": {"default": True}}],
)
def test_a_value_of_another_type_is_an_error(data: dict[str, object]) -> None:
    """TOML has types; nothing is converted by guessing."""
    with pytest.raises(ValidationError):
        Config.model_validate(data, context=FOLDER)


def test_each_base_url_is_told_once_and_the_general_one_first() -> None:
    """The tracker answers at all of them, whoever shares one."""
    config = Config(
        tracking=TrackingConfig(base_url="https://click.example.com"),
        sender=(
            SenderConfig(domain="example.com", base_url="https://click.example.com"),
            SenderConfig(domain="example.net", base_url="https://go.example.net:8443/t"),
            SenderConfig(domain="example.org"),
        ),
    )
    assert config.base_urls == ("https://click.example.com", "https://go.example.net:8443/t")
    assert config.tracking_hosts == ("click.example.com", "go.example.net")


def test_files_of_a_machine_are_called_alike_with_both_engines() -> None:
    """A machine whose store moves to PostgreSQL keeps them."""
    sqlite = StoreConfig(url="sqlite:////var/lib/waypost/waypost.db")
    postgresql = StoreConfig(url="postgresql:///waypost", state="/var/lib/waypost")
    for store in (sqlite, postgresql):
        assert store.file("overrides") == Path("/var/lib/waypost/waypost.db.overrides")
        assert store.spool_dir == Path("/var/lib/waypost/waypost.db.spool")
    assert (sqlite.engine, postgresql.engine) == ("sqlite", "postgresql")
