"""The schema: defaults, single values as people write them, frozenness."""

import ipaddress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from config import values
from config.loading import rules
from config.reference.catalogue import tables, to_toml
from config.schema import (
    Config,
    PrivacyConfig,
    ProxyConfig,
    RelayConfig,
    SenderConfig,
    StoreConfig,
    TrackingConfig,
)
from config.values import Address


def refusal(table: type[Any], **keys: object) -> str:
    """Give what is said about a value."""
    with pytest.raises(ValidationError) as refused:
        table(**keys)
    return str(refused.value.errors()[0]["msg"])


def test_the_defaults_are_valid_and_break_no_rule() -> None:
    """`Config()` is what an empty file means, and nothing is wrong or doubtful about it."""
    assert list(rules.findings(rules.RULES, Config())) == []


def test_the_defaults_survive_being_written_and_read() -> None:
    """A dump for people, read again, is the same configuration."""
    assert Config.model_validate(Config().model_dump(mode="json", exclude_none=True)) == Config()


def test_a_configuration_cannot_be_changed() -> None:
    """Values travel: nobody can change what others already look at."""
    with pytest.raises(ValidationError):
        Config().proxy.max_sessions = 1


def test_every_key_and_table_is_described() -> None:
    """The manual has something to say about each key."""
    silent = [entry.name for entry in tables() if not entry.description]
    silent += [key.name for entry in tables() for key in entry.keys if not key.description]
    assert silent == []


def test_what_must_be_given_or_is_unset_has_an_example() -> None:
    """The example file can show each key with a value."""
    bare = [
        f"{entry.name}.{key.name}"
        for entry in tables()
        for key in entry.keys
        if key.default is None and not key.example
    ]
    assert bare == []


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("10min", 600), ("2h", 7200), ("90d", 7776000), ("1w", 604800), ("1.5 h", 5400)],
)
def test_durations_are_read_as_people_write_them(text: str, seconds: float) -> None:
    """A number and a unit make seconds."""
    assert PrivacyConfig.model_validate({"retention": text}).retention == seconds


def test_a_century_is_enough() -> None:
    """More would not fit into dates."""
    assert "more than a hundred years" in refusal(PrivacyConfig, retention="99999999d")


@pytest.mark.parametrize(
    "text", ["", "10", "ten", "-1s", "1y", "10 min 3s", "1e3s", "\u0663s", "NaNs"]
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    """No unit, no number, or a unit that nobody knows."""
    assert "is not a duration" in refusal(PrivacyConfig, retention=text)


@given(st.integers(1, 10**9))
def test_a_written_duration_reads_as_the_same(seconds: int) -> None:
    """Writing a whole number of seconds loses nothing."""
    assert values.parse_duration(values.format_duration(float(seconds))) == seconds


@given(st.integers(65536, 10**12))
def test_a_written_size_reads_as_the_same(octets: int) -> None:
    """Writing a size loses nothing."""
    text = values.format_size(octets)
    assert ProxyConfig.model_validate({"max_size": text}).max_size == octets


def test_sizes_know_both_kinds_of_units() -> None:
    """MB is a million octets, MiB is 1024 times 1024."""
    assert ProxyConfig.model_validate({"max_size": "35MB"}).max_size == 35_000_000
    assert ProxyConfig.model_validate({"max_size": "32MiB"}).max_size == 32 * 1024 * 1024


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:2525", Address("127.0.0.1", 2525)),
        ("[::1]:25", Address("::1", 25)),
        ("[2001:DB8:0::1]:25", Address("2001:db8::1", 25)),
        ("mail.example.com:587", Address("mail.example.com", 587)),
        ("localhost:0", Address("localhost", 0)),
    ],
)
def test_addresses_are_host_and_port(text: str, address: Address) -> None:
    """IPv6 stands in brackets; a name is fine."""
    assert Address.parse(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "25",
        ":25",
        "127.0.0.1",
        "127.0.0.1:",
        "::1:25",
        "[::1]",
        "[::1]:x",
        "a_b..c:25",
        "h:65536",
        "h:-1",
        "h:+1",
        "[127.0.0.1]:25",
        "h:\u0662\u0665",
        "-h:25",
        "h-:25",
        "h/:25",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    """Each is told apart from a host and a port."""
    with pytest.raises(ValueError, match=r".*"):
        Address.parse(text)


def test_an_address_is_written_as_it_is_read() -> None:
    """`str` puts IPv6 into brackets."""
    assert [str(Address("::1", 25)), str(Address("127.0.0.1", 25))] == ["[::1]:25", "127.0.0.1:25"]


def test_a_single_address_is_a_network() -> None:
    """A bare address means that one client."""
    proxy = ProxyConfig.model_validate({"trusted_networks": ["192.0.2.7", "2001:db8::/32"]})
    assert proxy.trusted_networks == (
        ipaddress.ip_network("192.0.2.7/32"),
        ipaddress.ip_network("2001:db8::/32"),
    )


def test_a_relay_may_be_an_ipv6_address() -> None:
    """With or without brackets, as the port stands under its own key."""
    assert RelayConfig(host="[::1]").host == RelayConfig(host="::1").host == "::1"


def test_domains_are_lower_case() -> None:
    """A domain is compared with From in lower case."""
    assert SenderConfig(domain="Example.COM").domain == "example.com"


@pytest.mark.parametrize("text", ["https://click.example.com", "http://[::1]:8080", "https://h/t"])
def test_base_urls_are_scheme_and_host(text: str) -> None:
    """A port and a path are fine; one closing slash is taken away."""
    assert TrackingConfig(base_url=text).base_url == text
    assert TrackingConfig(base_url=f"{text}/").base_url == text


@pytest.mark.parametrize(
    "text",
    [
        "https://",
        "https:///c",
        "//h",
        "h",
        "https://h?",
        "https://h#",
        "https://u@h",
        "https://h//",
        "https://h/\u00e9",
        "javascript:x",
        "https://[::1",
        "HTTPS://h",
        'https://h/"x"',
        "https://h/a&b",
        "https://h:99999",
        "",
        "https://h\n",
        "https://h/a b",
    ],
)
def test_what_is_no_base_url_is_refused(text: str) -> None:
    """Nothing that could make a link of it that leads elsewhere."""
    refusal(TrackingConfig, base_url=text)


def test_numbers_of_seconds_are_for_code_not_for_files() -> None:
    """Tests say 0.5; a file says "500ms"-like text, where a bare number has no unit."""
    assert ProxyConfig(idle_timeout=0.5).idle_timeout == 0.5
    with pytest.raises(ValidationError):
        Config.model_validate({"proxy": {"idle_timeout": 300.0}}, context={"folder": Path("/")})


def test_the_spool_stands_beside_the_store() -> None:
    """Proxy and tracker find it by the store's path alone."""
    store = StoreConfig(url="sqlite:////var/lib/waypost/waypost.db")
    assert store.path == Path("/var/lib/waypost/waypost.db")
    assert store.spool_dir == Path("/var/lib/waypost/waypost.db.spool")


def test_relative_paths_start_from_the_folder_of_the_file() -> None:
    """A configuration can be moved together with its keys and its store."""
    data = {"keys": {"file": "token.keys"}, "store": {}}
    config = Config.model_validate(data, context={"folder": Path("/srv/waypost")})
    assert config.keys.file == Path("/srv/waypost/token.keys")
    assert config.store.path == Path("/srv/waypost/waypost.db")


def test_values_are_written_as_toml() -> None:
    """Every kind of value the schema has."""
    written = [
        to_toml(value=True),
        to_toml(3),
        to_toml('a"b\\c\n'),
        to_toml(("x", "y")),
        to_toml({"utm source": "mail"}),
        to_toml(90.0, "duration"),
    ]
    assert written == [
        "true",
        "3",
        '"a\\"b\\\\c\\n"',
        '["x", "y"]',
        '{"utm source" = "mail"}',
        '"90s"',
    ]
